ALTER TABLE queue_backfill_data
    -- Attempts in a row that failed, or whose daemon fell silent, since the job last got on or was resumed.
    ADD COLUMN failures     INTEGER NOT NULL DEFAULT 0,
    -- The job is FAILED with the last of so many. `attempt` counts on, for it fences.
    ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 10 CHECK (max_attempts > 0);

-- A job that is put off is not to be looked for now, one that is put forward is.
DROP TRIGGER queue_backfill_data_notify_changed ON queue_backfill_data;
CREATE TRIGGER queue_backfill_data_notify_changed
    AFTER UPDATE OF status, cancel_requested_at, run_after ON queue_backfill_data
    FOR EACH ROW WHEN (
        NEW.status = 'PENDING' AND (OLD.status <> 'PENDING' OR NEW.run_after < OLD.run_after)
        OR NEW.cancel_requested_at IS DISTINCT FROM OLD.cancel_requested_at
    )
    EXECUTE FUNCTION notify_queue_backfill_data();
