DROP INDEX idx_backfill_chunks_finished_at;
DROP TRIGGER backfill_quarantine_audit ON backfill_quarantine;
DROP TRIGGER queue_backfill_data_audit_changed ON queue_backfill_data;
DROP TRIGGER queue_backfill_data_audit ON queue_backfill_data;
DROP TRIGGER pipeline_destinations_audit_removed ON pipeline_destinations;
DROP TRIGGER pipeline_destinations_audit_added ON pipeline_destinations;
DROP TRIGGER campaigns_audit ON campaigns;
DROP TRIGGER pipelines_audit ON pipelines;
DROP TRIGGER destinations_audit ON destinations;
DROP TRIGGER sources_audit ON sources;
DROP FUNCTION audit_mended_row(), audit_job(), audit_job_notes(queue_backfill_data), audit_job_action(queue_backfill_data, queue_backfill_data),
    audit_pipeline_destinations(), audit_record(), audit_masked(JSONB), audit_difference(JSONB, JSONB),
    audit(TEXT, TEXT, BIGINT, JSONB, JSONB), audit_actor();
DROP TABLE audit_events;
DROP FUNCTION refuse_change_of_audit_event();
