-- What a job does when it is next taken up. All but the copy are for a job whose copy is complete.
ALTER TABLE queue_backfill_data
    ADD COLUMN task TEXT NOT NULL DEFAULT 'copy' CHECK (task IN ('copy', 'replay', 'verify', 'repair'));
UPDATE queue_backfill_data SET task = 'replay' WHERE replay_requested_at IS NOT NULL;
ALTER TABLE queue_backfill_data DROP COLUMN replay_requested_at;

-- What was compared, where something was.
ALTER TABLE backfill_job_destinations
    ADD COLUMN verified_by TEXT CHECK (verified_by IN ('checksum', 'count'));
UPDATE backfill_job_destinations SET verified_by = 'checksum' WHERE verified IS NOT NULL;

-- Destinations that a later look found to differ from the source; NULL before there was one.
ALTER TABLE backfill_chunks ADD COLUMN differs BIGINT[];
