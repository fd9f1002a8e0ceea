-- What a job may be told beyond table, filters and write mode, and how the daemon that planned it goes about it.
ALTER TABLE queue_backfill_data
    -- domain::options::CopyOptions: columns, names, policies, verification …
    ADD COLUMN options     JSONB  NOT NULL DEFAULT '{}',
    -- domain::plan::Plan, made by the first attempt.
    ADD COLUMN plan        JSONB,
    -- Chunks before it were given up, as when the snapshot that they were read under was lost; the rows they brought
    -- are not counted.
    ADD COLUMN first_chunk BIGINT NOT NULL DEFAULT 1,
    -- The moment of the snapshot under which a daemon reads at present.
    ADD COLUMN snapshot_at TIMESTAMPTZ,
    DROP CONSTRAINT queue_backfill_data_write_mode_check,
    ADD CONSTRAINT queue_backfill_data_write_mode_check
        CHECK (write_mode IN ('append', 'upsert', 'insert_missing', 'replace'));

-- A chunk of a plan with several sections is of one of them: the leaf of a partitioned table, or the pass that catches
-- up. One that is cut by pages has bounds that are page numbers: lower_page <= page < upper_page, open where NULL.
ALTER TABLE backfill_chunks
    ADD COLUMN section    INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN lower_page BIGINT,
    ADD COLUMN upper_page BIGINT,
    -- Whether the plan ends with it: once it is done, there is nothing left to read.
    ADD COLUMN is_last    BOOLEAN NOT NULL DEFAULT false;
