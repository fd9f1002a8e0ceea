DROP INDEX idx_queue_backfill_data_finished;
DROP TRIGGER queue_backfill_data_notify_changed ON queue_backfill_data;
CREATE TRIGGER queue_backfill_data_notify_changed
    AFTER UPDATE OF status, cancel_requested_at, run_after ON queue_backfill_data
    FOR EACH ROW WHEN (
        NEW.status = 'PENDING' AND (OLD.status <> 'PENDING' OR NEW.run_after < OLD.run_after)
        OR NEW.cancel_requested_at IS DISTINCT FROM OLD.cancel_requested_at
    )
    EXECUTE FUNCTION notify_queue_backfill_data();
ALTER TABLE queue_backfill_data DROP COLUMN pause_requested_at;
