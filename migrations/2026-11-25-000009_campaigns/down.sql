DROP TRIGGER queue_backfill_data_leave_campaign_window ON queue_backfill_data;
DROP TRIGGER queue_backfill_data_pass_campaign_slot_deleted ON queue_backfill_data;
DROP TRIGGER queue_backfill_data_pass_campaign_slot ON queue_backfill_data;
DROP TRIGGER queue_backfill_data_leave_campaign_slot ON queue_backfill_data;
DROP FUNCTION leave_campaign_window(), pass_campaign_slot(), leave_campaign_slot(), give_campaign_slots(BIGINT);
DROP TABLE campaign_windows;
DROP INDEX idx_queue_backfill_data_source_claim;
ALTER TABLE queue_backfill_data DROP COLUMN campaign_id, DROP COLUMN campaign_position, DROP COLUMN campaign_slot;
CREATE INDEX idx_queue_backfill_data_source_claim ON queue_backfill_data (source_id, priority DESC, run_after, id)
    WHERE status = 'PENDING';
DROP TABLE campaigns;
