//! A job as clients see it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Job, JobStatus, NamedJob, NamedPart, Task, WriteMode};
use crate::{
    destination::DestinationKind,
    filter::Filter,
    id::{CampaignId, DestinationId, JobId, PipelineId, SourceId},
    options::{CopyOptions, Verification},
    plan::Plan,
    waiting::Waiting,
};

/// A job as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobResponse {
    /// Identifier.
    pub id: JobId,
    /// The pipeline it was created on.
    pub pipeline_id: PipelineId,
    /// What that pipeline is called.
    pub pipeline_name: String,
    /// The source it copies from.
    pub source_id: SourceId,
    /// What that source is called.
    pub source_name: String,
    /// The campaign that it copies a window for; `null` without one.
    pub campaign_id: Option<CampaignId>,
    /// The source's table, `schema.table`, quoted where SQL would have to.
    #[schema(example = "public.orders")]
    pub table_name: String,
    /// The filters as given.
    #[schema(value_type = Vec<Filter>)]
    pub filters: serde_json::Value,
    /// The filters as SQL, separated by semicolons; empty without filters.
    pub filter_sql: String,
    /// Where the job stands.
    pub status: JobStatus,
    /// What it does, did last if it was stopped in it, or else `copy`.
    pub task: Task,
    /// What happens to keys that exist already.
    pub write_mode: WriteMode,
    /// What it was told beyond that.
    #[serde(flatten)]
    pub options: CopyOptions,
    /// How it goes about its table, what it guarantees, and why; `null` before its first attempt.
    pub plan: Option<Plan>,
    /// Age of the snapshot under which it reads, in seconds; `null` while it reads under none.
    pub snapshot_age_seconds: Option<f64>,
    /// Rows that every destination has committed.
    pub count_record: i64,
    /// Rows expected in all; `null` before planning.
    pub total_record: Option<i64>,
    /// Whether `total_record` is an estimate.
    pub total_is_estimate: bool,
    /// Share of the rows that arrived, 0 to 1; `null` while the total is unknown.
    pub progress: Option<f64>,
    /// Rows a second, averaged over the last seconds; `null` unless executing.
    pub rows_per_second: Option<f64>,
    /// Seconds until the end at this pace; `null` while unknown.
    pub eta_seconds: Option<f64>,
    /// Why it makes no progress; `null` while it does, and once it has ended.
    pub waiting: Option<Waiting>,
    /// Of the jobs that may be taken up, those with the highest are taken up first.
    pub priority: i32,
    /// No daemon takes it up before this moment: for a job that waits after a failure, its next attempt.
    pub run_after: DateTime<Utc>,
    /// How often a daemon took the job up.
    pub attempt: i32,
    /// Attempts in a row that failed, or whose daemon fell silent, since the job last got on or was resumed.
    pub failures: i32,
    /// The job is FAILED with the last of so many failures in a row.
    pub max_attempts: i32,
    /// Why it failed, and what to do; while it waits after a failure, why its last attempt failed.
    pub error_message: Option<String>,
    /// Its parts, one for each destination.
    pub destinations: Vec<JobDestinationResponse>,
    /// When a user asked to cancel it.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// When a user asked to pause it; `null` once it has stopped.
    pub pause_requested_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When a daemon first took it up.
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached a final state.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A job's part for one destination, as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobDestinationResponse {
    /// The destination.
    pub destination_id: DestinationId,
    /// What it is called.
    pub name: String,
    /// What kind of place it is.
    #[serde(rename = "type")]
    pub kind: DestinationKind,
    /// Where this part stands.
    pub status: JobStatus,
    /// Rows that this destination has committed.
    pub count_record: i64,
    /// Whether count and checksum of all that was copied matched what the destination held when they were last compared;
    /// `null` until known, and where a job compares counts alone or nothing.
    pub verified: Option<bool>,
    /// What was compared for every chunk: `checksum` (with the count) or `count`; `null` until that is done, and where
    /// nothing is compared.
    pub verified_by: Option<Verification>,
    /// Why this destination failed.
    pub error_message: Option<String>,
    /// Rows that it could not hold and that are kept in quarantine; none of them is in `count_record`.
    pub quarantined: i64,
    /// Values that it could not hold and that became NULL.
    pub nulled: i64,
}

impl JobResponse {
    /// The client's view of a job, which waits for nothing.
    pub fn new(named: NamedJob) -> Self {
        let NamedJob { job, pipeline_name, source_name, parts } = named;
        let executing = job.status == JobStatus::Executing;
        let rows_per_second = job.rows_per_second.filter(|_| executing);
        Self {
            progress: progress(&job),
            eta_seconds: rows_per_second.and_then(|rate| eta_seconds(&job, rate)),
            snapshot_age_seconds: job.snapshot_at.filter(|_| executing).map(age_seconds),
            rows_per_second,
            waiting: None,
            options: job.options,
            plan: job.plan,
            id: job.id,
            pipeline_id: job.pipeline_id,
            pipeline_name,
            source_id: job.source_id,
            source_name,
            campaign_id: job.campaign_id,
            table_name: job.table_name,
            filters: job.filters,
            filter_sql: job.filter_sql,
            status: job.status,
            task: job.task,
            write_mode: job.write_mode,
            count_record: job.count_record,
            total_record: job.total_record,
            total_is_estimate: job.total_is_estimate,
            priority: job.priority,
            run_after: job.run_after,
            attempt: job.attempt,
            failures: job.failures,
            max_attempts: job.max_attempts,
            error_message: job.error_message,
            destinations: parts.into_iter().map(JobDestinationResponse::from).collect(),
            cancel_requested_at: job.cancel_requested_at,
            pause_requested_at: job.pause_requested_at,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            updated_at: job.updated_at,
        }
    }
}

impl JobResponse {
    /// The same, with what it waits for.
    #[must_use]
    pub fn waiting_for(self, waiting: Option<Waiting>) -> Self {
        Self { waiting, ..self }
    }
}

impl From<NamedPart> for JobDestinationResponse {
    fn from(NamedPart { part, name, kind }: NamedPart) -> Self {
        Self {
            destination_id: part.destination_id,
            name,
            kind,
            status: part.status,
            count_record: part.count_record,
            verified: part.verified,
            verified_by: part.verified_by,
            quarantined: part.quarantined,
            nulled: part.nulled,
            error_message: part.error_message,
        }
    }
}

fn age_seconds(since: DateTime<Utc>) -> f64 {
    (Utc::now() - since).as_seconds_f64().max(0.0)
}

/// Highest progress of a job that is not completed: an estimate that was too low must not look like the end.
const NEARLY_DONE: f64 = 0.99;

fn progress(job: &Job) -> Option<f64> {
    if job.status == JobStatus::Completed {
        return Some(1.0);
    }
    let total = job.total_record.filter(|total| *total > 0)?;
    Some((job.count_record as f64 / total as f64).min(NEARLY_DONE))
}

fn eta_seconds(job: &Job, rows_per_second: f64) -> Option<f64> {
    let left = job.total_record? - job.count_record;
    (rows_per_second > 0.0 && left >= 0).then(|| left as f64 / rows_per_second)
}
