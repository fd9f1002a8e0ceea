-- What a source can bear: domain::limits::SourceLimits.
ALTER TABLE sources ADD COLUMN limits JSONB NOT NULL DEFAULT '{}';

-- A job of a source with a limit on jobs runs in one of the source's slots, from 1. The index lets no two have the same
-- one, whoever claims them, and a job that is not EXECUTING any more has left its slot, however that came.
ALTER TABLE queue_backfill_data ADD COLUMN source_slot INTEGER;
CREATE UNIQUE INDEX uq_queue_backfill_data_source_slot ON queue_backfill_data (source_id, source_slot)
    WHERE status = 'EXECUTING';

-- The claim looks at the first waiting jobs of each source that has a free slot.
CREATE INDEX idx_queue_backfill_data_source_claim ON queue_backfill_data (source_id, priority DESC, run_after, id)
    WHERE status = 'PENDING';
DROP INDEX idx_queue_backfill_data_claim;

-- Wakes the daemons: more jobs may run now.
CREATE TRIGGER sources_notify_limits
    AFTER UPDATE OF limits ON sources
    FOR EACH ROW WHEN (NEW.limits IS DISTINCT FROM OLD.limits)
    EXECUTE FUNCTION notify_queue_backfill_data();

-- What has been read of a source while it had a limit on rows or bytes a second, and how much of that time has paid
-- for. A job that has read waits until its own share is paid.
CREATE TABLE backfill_source_spending (
    source_id  BIGINT PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
    rows_read  DOUBLE PRECISION NOT NULL,
    rows_paid  DOUBLE PRECISION NOT NULL,
    bytes_read DOUBLE PRECISION NOT NULL,
    bytes_paid DOUBLE PRECISION NOT NULL,
    settled_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);
