//! How far jobs have come and how they ended. Every change is fenced by the claim.

use backfill_domain::{
    chunk::ChunkStatus,
    id::{DestinationId, JobId},
    job::{JobStatus, Task},
    schema::{backfill_chunks, backfill_job_destinations, backfill_quarantine, queue_backfill_data},
};
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection,
    dsl::{now, sql},
    prelude::*,
    sql_types::{Nullable, Text, Timestamptz},
};
use uuid::Uuid;

use super::{Claim, Locked, Queue, QueueError, held, quarantine::count_aside, verdict::conclude};
use crate::{
    failpoint::failpoint,
    job::Course,
    key::Key,
    source::{Bounds, ChunkRange, Shape},
};

#[diesel::declare_sql_function]
extern "SQL" {
    /// The first of two texts that is not NULL.
    fn coalesce(first: Nullable<Text>, second: Nullable<Text>) -> Nullable<Text>;
}

/// How far a job has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Rows that every destination has committed.
    pub(crate) rows: i64,
    /// Their bytes as the source sent them.
    pub(crate) bytes: i64,
    /// Rows a second of late.
    pub(crate) rows_per_second: f64,
    /// Bytes a second of late.
    pub(crate) bytes_per_second: f64,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// Everything arrived and was verified.
    Completed,
    /// A user cancelled it.
    Cancelled,
    /// The job was paused, or its daemon stops and another one is to go on.
    HandedBack,
    /// An error stopped it.
    Failed {
        /// Why, and what to do.
        message: String,
        /// The destination at fault, if one was.
        destination: Option<DestinationId>,
        /// Whether that destination held something else than it was given.
        is_mismatch: bool,
        /// Whether another attempt may get through.
        is_transient: bool,
    },
}

/// How a job that a daemon has held stands from then on.
struct Standing {
    status: JobStatus,
    /// Its failures in a row.
    failures: i32,
    message: Option<String>,
}

impl Standing {
    fn new(outcome: &Outcome, locked: Locked) -> Self {
        let well = |status, failures| Self { status, failures, message: None };
        match outcome {
            Outcome::Completed => well(JobStatus::Completed, 0),
            Outcome::Cancelled => well(JobStatus::Cancelled, locked.failures),
            Outcome::HandedBack => well(let_go(locked), locked.failures),
            Outcome::Failed { message, is_transient, .. } => {
                let failures = locked.failures + 1;
                let (status, message) = match is_transient {
                    true if failures < locked.max_attempts => (let_go(locked), message.clone()),
                    true if failures > 1 => {
                        (JobStatus::Failed, format!("{message} (failure {failures} in a row)"))
                    }
                    _ => (JobStatus::Failed, message.clone()),
                };
                Self { status, failures, message: Some(message) }
            }
        }
    }

    /// Whether the job waits for another attempt after one that failed.
    fn is_put_off(&self) -> bool {
        self.status == JobStatus::Pending && self.message.is_some()
    }
}

/// The state of a job that its daemon lets go of before its end.
fn let_go(locked: Locked) -> JobStatus {
    match locked {
        Locked { cancel_requested: true, .. } => JobStatus::Cancelled,
        Locked { pause_requested: true, .. } => JobStatus::Paused,
        _ => JobStatus::Pending,
    }
}

impl Queue {
    /// Notes how an attempt goes about the job, and that its destinations are being written. Where it starts over, what
    /// was done does not count any more. Returns the shape that the source's table had when the job first began, which
    /// is this one for its first attempt.
    pub(crate) fn begin(&self, claim: Claim, course: &Course, shape: &Shape) -> Result<Shape, QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            set_destinations(claim.job, JobStatus::Executing, connection)?;
            if course.last_chunk.is_none() {
                start_over(claim.job, connection)?;
            }
            let changes = (
                queue_backfill_data::total_record.eq(course.expected_rows),
                queue_backfill_data::total_is_estimate.eq(true),
                queue_backfill_data::plan.eq(&course.plan),
                queue_backfill_data::first_chunk.eq(course.first_chunk),
                queue_backfill_data::snapshot_at.eq(None::<DateTime<Utc>>),
                queue_backfill_data::source_shape
                    .eq(coalesce(queue_backfill_data::source_shape, shape.as_stored())),
                queue_backfill_data::updated_at.eq(now),
            );
            let stored: Option<String> = diesel::update(queue_backfill_data::table.find(claim.job))
                .set(changes)
                .returning(queue_backfill_data::source_shape)
                .get_result(connection)?;
            Ok(stored.map_or_else(|| shape.clone(), Shape::from_stored))
        })
    }

    /// Notes that the job reads under a snapshot from now on.
    pub(crate) fn note_snapshot(&self, claim: Claim) -> Result<(), QueueError> {
        let changed = diesel::update(held(claim, self.worker))
            .set(queue_backfill_data::snapshot_at.eq(sql::<Nullable<Timestamptz>>("now()")))
            .execute(&mut self.connection()?)?;
        fenced(changed)
    }

    /// Fixes the range of a chunk whose rows every destination has taken and none has committed yet.
    pub(crate) fn begin_chunk(
        &self,
        claim: Claim,
        chunk: &ChunkRange,
        rows: i64,
        bytes: i64,
        is_last: bool,
    ) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            let (lower_key, upper_key) = keys(&chunk.bounds);
            let (lower_page, upper_page) = pages(&chunk.bounds);
            let values = (
                backfill_chunks::job_id.eq(claim.job),
                backfill_chunks::number.eq(chunk.number),
                backfill_chunks::section.eq(i32::try_from(chunk.section).unwrap_or(i32::MAX)),
                backfill_chunks::lower_key.eq(lower_key),
                backfill_chunks::upper_key.eq(&upper_key),
                backfill_chunks::lower_page.eq(lower_page),
                backfill_chunks::upper_page.eq(upper_page),
                backfill_chunks::is_last.eq(is_last),
                backfill_chunks::status.eq(ChunkStatus::Copying),
                backfill_chunks::row_count.eq(rows),
                backfill_chunks::byte_count.eq(bytes),
                backfill_chunks::attempt.eq(claim.attempt),
            );
            let again = (
                backfill_chunks::upper_key.eq(&upper_key),
                backfill_chunks::upper_page.eq(upper_page),
                backfill_chunks::is_last.eq(is_last),
                backfill_chunks::row_count.eq(rows),
                backfill_chunks::byte_count.eq(bytes),
                backfill_chunks::attempt.eq(claim.attempt),
            );
            diesel::insert_into(backfill_chunks::table)
                .values(values)
                .on_conflict((backfill_chunks::job_id, backfill_chunks::number))
                .do_update()
                .set(again)
                .execute(connection)?;
            Ok(())
        })
    }

    /// Notes that every destination has committed chunk `number`, and how far the job has come by it.
    pub(crate) fn finish_chunk(
        &self,
        claim: Claim,
        number: i64,
        progress: Progress,
        destination_rows: &[(DestinationId, i64)],
    ) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            let changes = (
                queue_backfill_data::count_record.eq(progress.rows),
                queue_backfill_data::count_byte.eq(progress.bytes),
                queue_backfill_data::rows_per_second.eq(progress.rows_per_second),
                queue_backfill_data::bytes_per_second.eq(progress.bytes_per_second),
                queue_backfill_data::failures.eq(0),
                queue_backfill_data::updated_at.eq(now),
            );
            let changed = diesel::update(held(claim, self.worker)).set(changes).execute(connection)?;
            fenced(changed)?;
            diesel::update(backfill_chunks::table.find((claim.job, number)))
                .set((backfill_chunks::status.eq(ChunkStatus::Done), backfill_chunks::finished_at.eq(now)))
                .execute(connection)?;
            set_rows(claim.job, destination_rows, connection)?;
            count_aside(claim.job, number, connection)
        })
    }

    /// Notes how many rows each destination has committed.
    pub(crate) fn note_rows(
        &self,
        claim: Claim,
        destination_rows: &[(DestinationId, i64)],
    ) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            set_rows(claim.job, destination_rows, connection)
        })
    }

    /// Writes down how the job ended and lets go of it.
    pub(crate) fn finish(&self, claim: Claim, outcome: &Outcome) -> Result<(), QueueError> {
        failpoint("outcome-known")?;
        self.connection()?.transaction(|connection| {
            let standing = Standing::new(outcome, self.lock(claim, connection)?);
            let status = standing.status;
            let finished_at = sql::<Nullable<Timestamptz>>(if status.is_active() { "NULL" } else { "now()" });
            let changes = (
                queue_backfill_data::status.eq(status),
                queue_backfill_data::error_message.eq(&standing.message),
                queue_backfill_data::failures.eq(standing.failures),
                queue_backfill_data::pause_requested_at.eq(None::<DateTime<Utc>>),
                queue_backfill_data::claimed_by.eq(None::<Uuid>),
                queue_backfill_data::lease_expires_at.eq(None::<DateTime<Utc>>),
                queue_backfill_data::snapshot_at.eq(None::<DateTime<Utc>>),
                queue_backfill_data::finished_at.eq(finished_at),
                queue_backfill_data::updated_at.eq(now),
            );
            let changed = diesel::update(held(claim, self.worker)).set(changes).execute(connection)?;
            fenced(changed)?;
            if standing.is_put_off() {
                self.backoff.put_off(claim.job, connection)?;
            }
            if matches!(outcome, Outcome::Completed) {
                set_completed(claim.job, connection)?;
            }
            set_destinations(claim.job, status, connection)?;
            if matches!(outcome, Outcome::Completed) {
                conclude(claim.job, connection)?;
            }
            if let Outcome::Failed { message, destination: Some(destination), is_mismatch, .. } = outcome {
                let changes = (
                    backfill_job_destinations::error_message.eq(message),
                    backfill_job_destinations::verified.eq(is_mismatch.then_some(false)),
                    backfill_job_destinations::verified_by.eq(sql::<Nullable<Text>>(if *is_mismatch {
                        LEVEL
                    } else {
                        "NULL"
                    })),
                );
                diesel::update(backfill_job_destinations::table.find((claim.job, *destination)))
                    .set(changes)
                    .execute(connection)?;
            }
            Ok::<_, QueueError>(())
        })?;
        Ok(failpoint("outcome-written")?)
    }
}

/// What the job of a destination's part compares.
const LEVEL: &str = "(SELECT NULLIF(COALESCE(options ->> 'verification', 'checksum'), 'off') \
     FROM queue_backfill_data WHERE id = job_id)";

/// A completed job's total is no estimate any more.
fn set_completed(job: JobId, connection: &mut PgConnection) -> Result<(), QueueError> {
    let total = queue_backfill_data::total_record.eq(queue_backfill_data::count_record.nullable());
    diesel::update(queue_backfill_data::table.find(job))
        .set((
            total,
            queue_backfill_data::total_is_estimate.eq(false),
            queue_backfill_data::task.eq(Task::Copy),
        ))
        .execute(connection)?;
    Ok(())
}

/// The job has got on.
pub(super) fn forget_failures(job: JobId, connection: &mut PgConnection) -> Result<(), QueueError> {
    diesel::update(queue_backfill_data::table.find(job))
        .set(queue_backfill_data::failures.eq(0))
        .execute(connection)?;
    Ok(())
}

pub(super) fn set_rows(
    job: JobId,
    destination_rows: &[(DestinationId, i64)],
    connection: &mut PgConnection,
) -> Result<(), QueueError> {
    for (destination, rows) in destination_rows {
        diesel::update(backfill_job_destinations::table.find((job, *destination)))
            .set(backfill_job_destinations::count_record.eq(rows))
            .execute(connection)?;
    }
    Ok(())
}

fn set_destinations(job: JobId, status: JobStatus, connection: &mut PgConnection) -> Result<(), QueueError> {
    diesel::update(backfill_job_destinations::table.filter(backfill_job_destinations::job_id.eq(job)))
        .set((
            backfill_job_destinations::status.eq(status),
            backfill_job_destinations::error_message.eq(None::<String>),
        ))
        .execute(connection)?;
    Ok(())
}

fn fenced(changed: usize) -> Result<(), QueueError> {
    if changed == 0 { Err(QueueError::LeaseLost) } else { Ok(()) }
}

/// Forgets what was copied before the first chunk that counts.
fn start_over(job: JobId, connection: &mut PgConnection) -> Result<(), QueueError> {
    diesel::delete(backfill_chunks::table.filter(backfill_chunks::job_id.eq(job))).execute(connection)?;
    diesel::delete(backfill_quarantine::table.filter(backfill_quarantine::job_id.eq(job)))
        .execute(connection)?;
    diesel::update(queue_backfill_data::table.find(job))
        .set((queue_backfill_data::count_record.eq(0), queue_backfill_data::count_byte.eq(0)))
        .execute(connection)?;
    diesel::update(backfill_job_destinations::table.filter(backfill_job_destinations::job_id.eq(job)))
        .set((
            backfill_job_destinations::count_record.eq(0),
            backfill_job_destinations::quarantined.eq(0),
            backfill_job_destinations::nulled.eq(0),
        ))
        .execute(connection)?;
    Ok(())
}

fn keys(bounds: &Bounds) -> (Option<serde_json::Value>, Option<serde_json::Value>) {
    match bounds {
        Bounds::Keys { lower, upper } => {
            (lower.as_ref().map(Key::to_stored), upper.as_ref().map(Key::to_stored))
        }
        Bounds::Pages { .. } | Bounds::Whole => (None, None),
    }
}

fn pages(bounds: &Bounds) -> (Option<i64>, Option<i64>) {
    match bounds {
        Bounds::Pages { lower, upper } => (Some(*lower), *upper),
        Bounds::Keys { .. } | Bounds::Whole => (None, None),
    }
}
