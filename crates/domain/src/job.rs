//! A backfill job: a row of the queue, what a client sends to create one, and what it sees of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use strum::VariantArray;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    filter::Filter,
    id::{DestinationId, JobId, PipelineId, SourceId},
    options::{ColumnChoice, CopyOptions, NewColumns, ValuePolicy, Verification},
    plan::{Guarantee, Plan},
    schema::{backfill_job_destinations, queue_backfill_data},
    text_enum::text_enum,
};

/// The channel on which PostgreSQL tells daemons and API replicas that the queue changed.
pub const QUEUE_CHANNEL: &str = "queue_backfill_data";

text_enum! {
    "SCREAMING_SNAKE_CASE",
    /// Where a job, or a job's part for one destination, stands.
    #[derive(Hash, VariantArray)]
    pub enum JobStatus {
        /// Waits for a daemon.
        Pending,
        /// A daemon holds its lease and copies.
        Executing,
        /// Stopped by a user, to be resumed.
        Paused,
        /// Everything arrived and was verified.
        Completed,
        /// Stopped by an error, which `error_message` tells.
        Failed,
        /// Stopped by a user for good.
        Cancelled,
    }
}

impl JobStatus {
    /// Whether a job in this state still claims its pipeline, table and filters for itself.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Executing | Self::Paused)
    }
}

text_enum! {
    "snake_case",
    /// What happens to rows whose key the destination holds already.
    pub enum WriteMode {
        /// Rows are added; a key that exists already fails the job.
        Append,
        /// Rows are added, or take the place of the row with the same primary key.
        Upsert,
        /// Rows are added; a key that exists already keeps the row it has, which live replication may have written since.
        InsertMissing,
        /// The table's rows are replaced as a whole: readers see the old ones or the new ones, never a half.
        Replace,
    }
}

text_enum! {
    "snake_case",
    /// What a job does when a daemon takes it up.
    pub enum Task {
        /// It copies.
        Copy,
        /// It puts mended rows of its quarantine through.
        Replay,
        /// It compares what the destinations hold with the source.
        Verify,
        /// It copies the chunks once more that such a look found to differ.
        Repair,
    }
}

impl WriteMode {
    /// Whether rows that are there already are told by their primary keys.
    pub fn needs_key(self) -> bool {
        matches!(self, Self::Upsert | Self::InsertMissing)
    }
}

/// What a client sends to create a job.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackfillRequest {
    /// `table` (then in schema `public`) or `schema.table`; either part may be double-quoted as in SQL.
    #[schema(example = "public.orders")]
    pub table_name: String,
    /// Conditions joined with AND; at most 5.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// Defaults to `upsert` for a table with a primary key, else to `append`.
    pub write_mode: Option<WriteMode>,
    /// The columns to copy; all of them when absent.
    pub columns: Option<Vec<ColumnChoice>>,
    /// What becomes of values that a destination cannot hold, by column; such a value fails the job by default.
    #[serde(default)]
    pub value_policies: BTreeMap<String, ValuePolicy>,
    /// What happens when the destination's table lacks a column: `report`, the default, or `add`.
    #[serde(default)]
    pub new_columns: NewColumns,
    /// What is compared before a chunk is committed: `checksum`, the default, `count` or `off`.
    #[serde(default)]
    pub verification: Verification,
    /// `snapshot` or `chunked`; what suits the table best when absent.
    pub guarantee: Option<Guarantee>,
}

impl BackfillRequest {
    /// What the job is told beyond table, filters and write mode.
    pub fn options(&self) -> CopyOptions {
        CopyOptions {
            columns: self.columns.clone(),
            value_policies: self.value_policies.clone(),
            new_columns: self.new_columns,
            verification: self.verification,
            guarantee: self.guarantee,
        }
    }
}

/// A row of the queue.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = queue_backfill_data, check_for_backend(diesel::pg::Pg))]
pub struct Job {
    /// Identifier, unique in this metadata database.
    pub id: JobId,
    /// Identifier in the destinations' ledgers, unique everywhere.
    pub uid: Uuid,
    /// The pipeline it was created on.
    pub pipeline_id: PipelineId,
    /// The pipeline's source when the job was created.
    pub source_id: SourceId,
    /// Canonical name of the source's table.
    pub table_name: String,
    /// The filters as given.
    pub filters: serde_json::Value,
    /// The filters as SQL for people to read, separated by semicolons.
    pub filter_sql: String,
    /// What happens to keys that exist already.
    pub write_mode: WriteMode,
    /// Where the job stands.
    pub status: JobStatus,
    /// Rows that every destination has committed.
    pub count_record: i64,
    /// Bytes of those rows as the source sent them.
    pub count_byte: i64,
    /// Rows expected in all; `None` before planning.
    pub total_record: Option<i64>,
    /// Whether `total_record` is the source planner's estimate rather than a count.
    pub total_is_estimate: bool,
    /// Rows a second, averaged over the last seconds.
    pub rows_per_second: Option<f64>,
    /// Bytes a second, averaged over the last seconds.
    pub bytes_per_second: Option<f64>,
    /// Higher runs first.
    pub priority: i32,
    /// Not claimed before this moment.
    pub run_after: DateTime<Utc>,
    /// How often the job was claimed; fences every write that belongs to a claim.
    pub attempt: i32,
    /// The daemon that executes it.
    pub claimed_by: Option<Uuid>,
    /// When that daemon's claim lapses unless it is renewed.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// When a user asked to cancel it.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// What it was told beyond table, filters and write mode.
    pub options: CopyOptions,
    /// How it goes about its table; `None` before its first attempt.
    pub plan: Option<Plan>,
    /// Chunks before this one were given up; the rows they brought are not counted.
    pub first_chunk: i64,
    /// The moment of the snapshot under which a daemon reads at present.
    pub snapshot_at: Option<DateTime<Utc>>,
    /// What it does; [`Task::Copy`] once a later task is done.
    pub task: Task,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When a daemon first claimed it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached a final state.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A job to be put into the queue.
#[derive(Debug, Insertable)]
#[diesel(table_name = queue_backfill_data)]
pub struct NewJob {
    /// The pipeline it belongs to.
    pub pipeline_id: PipelineId,
    /// The pipeline's source.
    pub source_id: SourceId,
    /// Canonical name of the source's table.
    pub table_name: String,
    /// The filters as given.
    pub filters: serde_json::Value,
    /// The filters as SQL for people to read.
    pub filter_sql: String,
    /// What happens to keys that exist already.
    pub write_mode: WriteMode,
    /// What it is told beyond that.
    pub options: CopyOptions,
}

/// A job's part for one of its destinations.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = backfill_job_destinations, check_for_backend(diesel::pg::Pg))]
pub struct JobDestination {
    /// The job.
    pub job_id: JobId,
    /// The destination.
    pub destination_id: DestinationId,
    /// Place among the job's destinations, from 0.
    pub position: i32,
    /// Where this part stands.
    pub status: JobStatus,
    /// Rows that this destination has committed.
    pub count_record: i64,
    /// Whether count and checksum of all that was copied matched what the destination holds; `None` until known.
    pub verified: Option<bool>,
    /// What was compared; `None` where nothing was.
    pub verified_by: Option<Verification>,
    /// Why this destination failed.
    pub error_message: Option<String>,
    /// Rows that it could not hold and that are kept in quarantine.
    pub quarantined: i64,
    /// Values that it could not hold and that became NULL.
    pub nulled: i64,
}

/// A job as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobResponse {
    /// Identifier.
    pub id: JobId,
    /// The pipeline it was created on.
    pub pipeline_id: PipelineId,
    /// The source it copies from.
    pub source_id: SourceId,
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
    /// How often a daemon took the job up.
    pub attempt: i32,
    /// Why it failed, and what to do.
    pub error_message: Option<String>,
    /// Its parts, one for each destination.
    pub destinations: Vec<JobDestinationResponse>,
    /// When a user asked to cancel it.
    pub cancel_requested_at: Option<DateTime<Utc>>,
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
    /// The client's view of `job` and its `destinations`.
    pub fn new(job: Job, destinations: Vec<JobDestination>) -> Self {
        let executing = job.status == JobStatus::Executing;
        let rows_per_second = job.rows_per_second.filter(|_| executing);
        Self {
            progress: progress(&job),
            eta_seconds: rows_per_second.and_then(|rate| eta_seconds(&job, rate)),
            snapshot_age_seconds: job.snapshot_at.filter(|_| executing).map(age_seconds),
            rows_per_second,
            options: job.options,
            plan: job.plan,
            id: job.id,
            pipeline_id: job.pipeline_id,
            source_id: job.source_id,
            table_name: job.table_name,
            filters: job.filters,
            filter_sql: job.filter_sql,
            status: job.status,
            task: job.task,
            write_mode: job.write_mode,
            count_record: job.count_record,
            total_record: job.total_record,
            total_is_estimate: job.total_is_estimate,
            attempt: job.attempt,
            error_message: job.error_message,
            destinations: destinations.into_iter().map(JobDestinationResponse::from).collect(),
            cancel_requested_at: job.cancel_requested_at,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            updated_at: job.updated_at,
        }
    }
}

impl From<JobDestination> for JobDestinationResponse {
    fn from(part: JobDestination) -> Self {
        Self {
            destination_id: part.destination_id,
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
