ALTER TABLE backfill_chunks DROP COLUMN section, DROP COLUMN lower_page, DROP COLUMN upper_page, DROP COLUMN is_last;

ALTER TABLE queue_backfill_data
    DROP COLUMN options, DROP COLUMN plan, DROP COLUMN first_chunk, DROP COLUMN snapshot_at,
    DROP CONSTRAINT queue_backfill_data_write_mode_check,
    ADD CONSTRAINT queue_backfill_data_write_mode_check CHECK (write_mode IN ('append', 'upsert'));
