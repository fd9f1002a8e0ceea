DROP TABLE backfill_source_spending;
DROP TRIGGER sources_notify_limits ON sources;
CREATE INDEX idx_queue_backfill_data_claim ON queue_backfill_data (priority DESC, run_after, id)
    WHERE status = 'PENDING';
DROP INDEX idx_queue_backfill_data_source_claim;
ALTER TABLE queue_backfill_data DROP COLUMN source_slot;
ALTER TABLE sources DROP COLUMN limits;
