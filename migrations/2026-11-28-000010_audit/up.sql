-- The audit trail: what was done, by whom, to what. It is written by triggers, in the transaction of the change itself, so
-- that no statement can do anything without it: not one of the services', nor one typed by hand.
CREATE TABLE audit_events (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- By it, who follows the trail finds what was committed since the last look, however long it had been open.
    transaction_id XID8 NOT NULL DEFAULT pg_current_xact_id(),
    -- 'anonymous', 'daemon:ID' or 'database:ROLE'.
    actor          TEXT NOT NULL,
    address        TEXT,
    request_id     TEXT,
    action         TEXT NOT NULL,
    target         TEXT NOT NULL CHECK (target IN ('source', 'destination', 'pipeline', 'campaign', 'job')),
    target_id      BIGINT NOT NULL,
    -- What was different before and after; all of it, for what was created or deleted. Secrets are masked.
    before         JSONB,
    after          JSONB
);

CREATE INDEX idx_audit_events_transaction_id ON audit_events (transaction_id);
CREATE INDEX idx_audit_events_at ON audit_events (at);
CREATE INDEX idx_audit_events_target ON audit_events (target, target_id, id);

CREATE FUNCTION refuse_change_of_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only ever added to' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_events_stay
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_event();

-- Who acts is what the services say of themselves in these settings; anybody else is known by their role.
CREATE FUNCTION audit_actor() RETURNS TEXT LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN COALESCE(NULLIF(current_setting('backfill.actor', true), ''), 'database:' || session_user);
END $$;

CREATE FUNCTION audit(action TEXT, target TEXT, target_id BIGINT, before JSONB, after JSONB) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (actor, address, request_id, action, target, target_id, before, after)
    VALUES (audit_actor(), NULLIF(current_setting('backfill.address', true), ''),
            NULLIF(current_setting('backfill.request_id', true), ''), action, target, target_id, before, after);
END $$;

-- The members of a record that are not the same in another one.
CREATE FUNCTION audit_difference(record JSONB, other JSONB) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(key, value) FROM jsonb_each(record) WHERE value IS DISTINCT FROM other -> key);
END $$;

-- A record without the passwords that sources and destinations have.
CREATE FUNCTION audit_masked(record JSONB) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    path TEXT[];
BEGIN
    FOREACH path SLICE 1 IN ARRAY ARRAY[['password', NULL, NULL], ['settings', 'config', 'password']] LOOP
        path := array_remove(path, NULL);
        IF record #>> path IS NOT NULL THEN
            record := jsonb_set(record, path, '"***"');
        END IF;
    END LOOP;
    RETURN record;
END $$;

-- For records that people make: the argument says what they are.
CREATE FUNCTION audit_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unsaid CONSTANT TEXT[] := '{created_at,updated_at,free_slots}';
    before JSONB := to_jsonb(OLD) - unsaid;
    after  JSONB := to_jsonb(NEW) - unsaid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM audit('created', TG_ARGV[0], NEW.id, NULL, audit_masked(after));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM audit('deleted', TG_ARGV[0], OLD.id, audit_masked(before), NULL);
    ELSIF before <> after THEN
        PERFORM audit('changed', TG_ARGV[0], NEW.id, audit_masked(audit_difference(before, after)),
                      audit_masked(audit_difference(after, before)));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER sources_audit AFTER INSERT OR UPDATE OR DELETE ON sources
    FOR EACH ROW EXECUTE FUNCTION audit_record('source');
CREATE TRIGGER destinations_audit AFTER INSERT OR UPDATE OR DELETE ON destinations
    FOR EACH ROW EXECUTE FUNCTION audit_record('destination');
CREATE TRIGGER pipelines_audit AFTER INSERT OR UPDATE OR DELETE ON pipelines
    FOR EACH ROW EXECUTE FUNCTION audit_record('pipeline');
CREATE TRIGGER campaigns_audit AFTER INSERT OR DELETE ON campaigns
    FOR EACH ROW EXECUTE FUNCTION audit_record('campaign');

-- A pipeline's destinations are rows of their own.
CREATE FUNCTION audit_pipeline_destinations() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pipeline BIGINT;
    ids      JSONB;
BEGIN
    FOR pipeline, ids IN
        SELECT pipeline_id, jsonb_build_object('destination_ids', jsonb_agg(destination_id ORDER BY position))
        FROM changed GROUP BY pipeline_id
    LOOP
        IF TG_OP = 'INSERT' THEN
            PERFORM audit('destinations_added', 'pipeline', pipeline, NULL, ids);
        ELSE
            PERFORM audit('destinations_removed', 'pipeline', pipeline, ids, NULL);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER pipeline_destinations_audit_added AFTER INSERT ON pipeline_destinations
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION audit_pipeline_destinations();
CREATE TRIGGER pipeline_destinations_audit_removed AFTER DELETE ON pipeline_destinations
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION audit_pipeline_destinations();

-- What has been done to a job, as its row shows it; NULL for what is only a part of something else. A daemon that ends a job
-- which another one holds has found that one's lease lapsed.
CREATE FUNCTION audit_job_action(old queue_backfill_data, new queue_backfill_data) RETURNS TEXT
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    actor     CONSTANT TEXT := audit_actor();
    is_daemon CONSTANT BOOLEAN := actor LIKE 'daemon:%';
BEGIN
    RETURN CASE
        WHEN new.status <> old.status THEN CASE
            WHEN new.status = 'EXECUTING' THEN 'claimed'
            WHEN old.status = 'EXECUTING' AND is_daemon AND actor <> 'daemon:' || old.claimed_by THEN 'lease_lost'
            WHEN new.status <> 'PENDING' THEN lower(new.status)
            WHEN old.status = 'EXECUTING' AND new.error_message IS NOT NULL THEN 'retried'
            WHEN old.status = 'EXECUTING' THEN 'handed_back'
            WHEN new.task = 'copy' OR new.task = old.task AND old.status <> 'COMPLETED' THEN 'resumed'
            ELSE new.task || '_requested' END
        WHEN new.cancel_requested_at IS DISTINCT FROM old.cancel_requested_at THEN 'cancel_requested'
        WHEN new.pause_requested_at IS DISTINCT FROM old.pause_requested_at THEN 'pause_requested'
        WHEN new.plan IS DISTINCT FROM old.plan THEN 'planned'
        WHEN new.snapshot_at IS DISTINCT FROM old.snapshot_at AND new.snapshot_at IS NULL THEN NULL
        WHEN new.snapshot_at IS DISTINCT FROM old.snapshot_at THEN 'snapshot_taken'
        WHEN new.run_after <> old.run_after AND is_daemon THEN 'put_off'
        ELSE 'changed' END;
END $$;

-- What people may change of a job, and what daemons note of it besides its state.
CREATE FUNCTION audit_job_notes(job queue_backfill_data) RETURNS JSONB LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'priority', job.priority, 'run_after', job.run_after, 'max_attempts', job.max_attempts,
        'options', job.options, 'plan', job.plan, 'snapshot_at', job.snapshot_at,
        'cancel_requested_at', job.cancel_requested_at, 'pause_requested_at', job.pause_requested_at);
END $$;

-- A campaign's thousands of jobs may change their state by one statement: of that, no difference is looked for.
CREATE FUNCTION audit_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    action TEXT;
    before JSONB;
    after  JSONB;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM audit('created', 'job', NEW.id, NULL, to_jsonb(NEW));
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        PERFORM audit('deleted', 'job', OLD.id, to_jsonb(OLD), NULL);
        RETURN NULL;
    END IF;
    action := audit_job_action(OLD, NEW);
    IF action IS NULL THEN
        RETURN NULL;
    END IF;
    IF NEW.status <> OLD.status THEN
        before := jsonb_build_object('status', OLD.status, 'task', OLD.task, 'attempt', OLD.attempt);
        after := jsonb_strip_nulls(jsonb_build_object(
            'status', NEW.status, 'task', NEW.task, 'attempt', NEW.attempt, 'claimed_by', NEW.claimed_by,
            'failures', NEW.failures, 'error_message', NEW.error_message, 'count_record', NEW.count_record));
    ELSE
        before := audit_difference(audit_job_notes(OLD), audit_job_notes(NEW));
        after := audit_difference(audit_job_notes(NEW), audit_job_notes(OLD));
    END IF;
    PERFORM audit(action, 'job', NEW.id, before, after);
    RETURN NULL;
END $$;

CREATE TRIGGER queue_backfill_data_audit AFTER INSERT OR DELETE ON queue_backfill_data
    FOR EACH ROW EXECUTE FUNCTION audit_job();

-- The columns named here are set by none of the statements that note progress or renew a lease: those cost nothing more.
CREATE TRIGGER queue_backfill_data_audit_changed
    AFTER UPDATE OF status, cancel_requested_at, pause_requested_at, priority, run_after, max_attempts, options, plan,
        snapshot_at ON queue_backfill_data
    FOR EACH ROW WHEN (
        (NEW.status, NEW.cancel_requested_at, NEW.pause_requested_at, NEW.priority, NEW.run_after, NEW.max_attempts,
         NEW.options, NEW.plan, NEW.snapshot_at)
        IS DISTINCT FROM
        (OLD.status, OLD.cancel_requested_at, OLD.pause_requested_at, OLD.priority, OLD.run_after, OLD.max_attempts,
         OLD.options, OLD.plan, OLD.snapshot_at)
    )
    EXECUTE FUNCTION audit_job();

-- A row in quarantine that somebody gives another value.
CREATE FUNCTION audit_mended_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry JSONB := jsonb_build_object('quarantine_entry', NEW.id, 'column', NEW.column_name);
BEGIN
    PERFORM audit('row_mended', 'job', NEW.job_id,
                  entry || jsonb_build_object('value', COALESCE(OLD.mended_value, OLD.value)),
                  entry || jsonb_build_object('value', NEW.mended_value));
    RETURN NULL;
END $$;

CREATE TRIGGER backfill_quarantine_audit AFTER UPDATE OF mended_at ON backfill_quarantine
    FOR EACH ROW EXECUTE FUNCTION audit_mended_row();

-- What was copied lately is found by when it was. Chunks lie in the table about as they were finished, so that a few
-- bytes for each range of pages are enough.
CREATE INDEX idx_backfill_chunks_finished_at ON backfill_chunks USING brin (finished_at)
    WITH (pages_per_range = 16, autosummarize = on);
