//! A backfill job: a row of the queue, what a client sends to create one, and what it sees of it.

mod change;
mod request;
mod response;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use strum::VariantArray;
use uuid::Uuid;

pub use self::{
    change::{JobChange, LimitChange},
    request::BackfillRequest,
    response::{JobDestinationResponse, JobResponse},
};
use crate::{
    destination::DestinationKind,
    id::{CampaignId, DestinationId, JobId, PipelineId, SourceId},
    options::{CopyOptions, Verification},
    plan::Plan,
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
    /// Attempts in a row that failed, or whose daemon fell silent, since the job last got on or was resumed.
    pub failures: i32,
    /// With how many of those it is FAILED.
    pub max_attempts: i32,
    /// How often the job was claimed; fences every write that belongs to a claim.
    pub attempt: i32,
    /// The daemon that executes it.
    pub claimed_by: Option<Uuid>,
    /// When that daemon's claim lapses unless it is renewed.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// When a user asked to cancel it.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// When a user asked the daemon that executes it to pause it.
    pub pause_requested_at: Option<DateTime<Utc>>,
    /// Why it failed, or its last attempt did.
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
    /// The campaign that it copies a window for.
    pub campaign_id: Option<CampaignId>,
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
#[derive(Debug, Clone, Insertable)]
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
    /// Higher runs first.
    pub priority: i32,
    /// Not claimed before this moment; `None` is now, by the database's clock.
    pub run_after: Option<DateTime<Utc>>,
    /// With how many failures in a row it is FAILED.
    pub max_attempts: i32,
    /// The campaign that it copies a window for, and which; neither without one.
    pub campaign_id: Option<CampaignId>,
    /// The window's place in the campaign's order.
    pub campaign_position: Option<i32>,
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

/// A job with what people call the things that it names.
#[derive(Debug, Clone)]
pub struct NamedJob {
    /// The job.
    pub job: Job,
    /// What its pipeline is called.
    pub pipeline_name: String,
    /// What its source is called.
    pub source_name: String,
    /// Its parts, in order.
    pub parts: Vec<NamedPart>,
}

/// A job's part with its destination's name and kind.
#[derive(Debug, Clone)]
pub struct NamedPart {
    /// The part.
    pub part: JobDestination,
    /// What the destination is called.
    pub name: String,
    /// What kind of place it is.
    pub kind: DestinationKind,
}
