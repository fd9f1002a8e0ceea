ALTER TABLE queue_backfill_data
    -- When a user asked the daemon that executes the job to stop behind the chunk at hand.
    ADD COLUMN pause_requested_at TIMESTAMPTZ,
    ADD CHECK (pause_requested_at IS NULL OR status = 'EXECUTING');

DROP TRIGGER queue_backfill_data_notify_changed ON queue_backfill_data;
CREATE TRIGGER queue_backfill_data_notify_changed
    AFTER UPDATE OF status, cancel_requested_at, pause_requested_at, run_after ON queue_backfill_data
    FOR EACH ROW WHEN (
        NEW.status = 'PENDING' AND (OLD.status <> 'PENDING' OR NEW.run_after < OLD.run_after)
        OR NEW.cancel_requested_at IS DISTINCT FROM OLD.cancel_requested_at
        OR NEW.pause_requested_at > COALESCE(OLD.pause_requested_at, '-infinity')
    )
    EXECUTE FUNCTION notify_queue_backfill_data();

-- Jobs that have ended, for those that are removed after a while: the oldest first.
CREATE INDEX idx_queue_backfill_data_finished ON queue_backfill_data (finished_at)
    WHERE status IN ('COMPLETED', 'FAILED', 'CANCELLED');
