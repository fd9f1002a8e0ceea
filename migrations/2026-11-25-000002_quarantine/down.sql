ALTER TABLE queue_backfill_data DROP COLUMN replay_requested_at;
ALTER TABLE backfill_chunks DROP COLUMN nulled;
ALTER TABLE backfill_job_destinations DROP COLUMN quarantined, DROP COLUMN nulled;
DROP TABLE backfill_quarantine;
