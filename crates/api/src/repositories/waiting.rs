//! Why jobs make no progress.

use std::collections::HashMap;

use backfill_domain::{
    id::JobId,
    limits::CONNECTIONS_PER_JOB,
    waiting::{WaitReason, Waiting},
    worker::LEASE_SECONDS,
};
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz},
};

/// For a running job, what its daemon has noted. For a waiting one, the first of what stands in its way.
const WAITING: &str = "
    SELECT job.id, job.run_after, source.name AS source, note.detail, executing.jobs AS executing, alive.daemons,
           COALESCE(note.since, GREATEST(job.updated_at, LEAST(job.run_after, now()))) AS since,
           CASE WHEN job.status = 'EXECUTING' THEN note.reason
                WHEN job.campaign_id IS NOT NULL AND job.campaign_slot IS NULL THEN 'campaign_slot'
                WHEN job.run_after > now() THEN 'run_after'
                WHEN NOT backfill_is_open(source.limits, now()) THEN 'quiet_hours'
                WHEN executing.jobs >= LEAST((source.limits ->> 'max_jobs')::int,
                                             (source.limits ->> 'max_connections')::int / $2) THEN 'source_slot'
                ELSE 'daemon' END AS reason
    FROM queue_backfill_data AS job
    JOIN sources AS source ON source.id = job.source_id
    LEFT JOIN backfill_waiting AS note
        ON note.job_id = job.id AND note.attempt = job.attempt AND job.status = 'EXECUTING'
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs FROM queue_backfill_data WHERE source_id = job.source_id AND status = 'EXECUTING'
    ) AS executing
    CROSS JOIN (
        SELECT count(*) AS daemons FROM backfill_workers
        WHERE heartbeat_at > now() - make_interval(secs => $3)
    ) AS alive
    WHERE job.id = ANY ($1) AND (job.status = 'PENDING' OR note.reason IS NOT NULL)";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: JobId,
    #[diesel(sql_type = Timestamptz)]
    run_after: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
    #[diesel(sql_type = BigInt)]
    executing: i64,
    #[diesel(sql_type = BigInt)]
    daemons: i64,
    #[diesel(sql_type = Timestamptz)]
    since: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    reason: WaitReason,
}

impl Row {
    fn detail(&self) -> String {
        if let Some(detail) = &self.detail {
            return detail.clone();
        }
        let source = &self.source;
        match self.reason {
            WaitReason::RunAfter => format!("it is not to run before {}", self.run_after.to_rfc3339()),
            WaitReason::QuietHours => {
                format!("source {source} is not to be read at this hour (quiet_hours, run_hours)")
            }
            WaitReason::CampaignSlot => {
                "jobs of its campaign come before it, and as many of them run at the same time as may"
                    .to_owned()
            }
            WaitReason::SourceSlot => {
                format!("{} jobs of source {source} run, as many as it can bear", self.executing)
            }
            _ if self.daemons == 0 => "no daemon is alive: start backfill-compute".to_owned(),
            _ => format!("{} daemons are alive; it is taken as soon as one has room", self.daemons),
        }
    }
}

/// Those of these jobs that wait, and for what.
pub(crate) fn of(connection: &mut PgConnection, jobs: &[JobId]) -> QueryResult<HashMap<JobId, Waiting>> {
    let rows: Vec<Row> = sql_query(WAITING)
        .bind::<Array<BigInt>, _>(jobs)
        .bind::<Integer, _>(CONNECTIONS_PER_JOB)
        .bind::<Integer, _>(LEASE_SECONDS)
        .load(connection)?;
    let waiting = |row: Row| {
        let detail = row.detail();
        (row.id, Waiting { reason: row.reason, detail, since: row.since })
    };
    Ok(rows.into_iter().map(waiting).collect())
}
