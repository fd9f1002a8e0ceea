ALTER TABLE backfill_chunks DROP COLUMN differs;
ALTER TABLE backfill_job_destinations DROP COLUMN verified_by;
ALTER TABLE queue_backfill_data ADD COLUMN replay_requested_at TIMESTAMPTZ;
UPDATE queue_backfill_data SET replay_requested_at = updated_at WHERE task = 'replay';
ALTER TABLE queue_backfill_data DROP COLUMN task;
