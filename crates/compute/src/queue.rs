//! The queue table as a daemon uses it. Each change is one statement, and each change to a job is fenced by the
//! attempt under which the daemon claimed it: after a lost lease nothing is written.

use std::time::Duration;

use backfill_domain::{
    chunk::{Chunk, ChunkStatus},
    destination::Destination,
    id::{DestinationId, JobId},
    job::{Job, JobStatus},
    migration::{MigrationError, migrate},
    schema::{
        backfill_chunks, backfill_job_destinations, backfill_workers, destinations, queue_backfill_data,
        sources,
    },
    source::Source,
    worker::{LEASE_SECONDS, Worker},
};
use diesel::{
    PgConnection,
    connection::SimpleConnection as _,
    dsl::{auto_type, now, sql},
    prelude::*,
    r2d2::{self, ConnectionManager, CustomizeConnection, Pool, PooledConnection},
    sql_query,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use uuid::Uuid;

use crate::{key::Key, source::ChunkRange};

/// What went wrong with the queue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueError {
    /// No connection to the metadata database could be had.
    #[error("cannot reach the metadata database: {0}")]
    Connect(#[from] r2d2::PoolError),
    /// No connection for the migration could be had.
    #[error("cannot reach the metadata database: {0}")]
    Establish(#[from] ConnectionError),
    /// The metadata database refused a statement.
    #[error("the metadata database refused: {0}")]
    Query(#[from] diesel::result::Error),
    /// The metadata database could not be migrated.
    #[error(transparent)]
    Migrate(#[from] MigrationError),
    /// Another daemon has the job, or nobody.
    #[error("the lease on the job was lost")]
    LeaseLost,
}

/// A daemon's right to one job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    /// The job.
    pub(crate) job: JobId,
    /// Which of the job's claims this is.
    pub(crate) attempt: i32,
}

/// What the queue says of a job that this daemon runs.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub(crate) struct Held {
    /// The job.
    #[diesel(sql_type = BigInt)]
    pub(crate) id: JobId,
    /// The claim under which it is held.
    #[diesel(sql_type = Integer)]
    pub(crate) attempt: i32,
    /// Whether a user asked to cancel it.
    #[diesel(sql_type = Bool)]
    pub(crate) cancel_requested: bool,
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
    /// The daemon stops; another one is to go on.
    HandedBack,
    /// An error stopped it.
    Failed {
        /// Why, and what to do.
        message: String,
        /// The destination at fault, if one was.
        destination: Option<DestinationId>,
        /// Whether that destination held something else than it was given.
        is_mismatch: bool,
    },
}

/// A daemon that hangs within a transaction must not hold rows for long, which others wait for.
const TIMEOUTS: &str = "SET idle_in_transaction_session_timeout = '5s'; SET statement_timeout = '10s'";

#[derive(Debug)]
struct Timeouts;

impl CustomizeConnection<PgConnection, r2d2::Error> for Timeouts {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), r2d2::Error> {
        connection.batch_execute(TIMEOUTS).map_err(r2d2::Error::QueryError)
    }
}

/// The queue, seen by one daemon.
#[derive(Clone)]
pub(crate) struct Queue {
    pool: Pool<ConnectionManager<PgConnection>>,
    worker: Uuid,
}

/// Takes jobs in order of priority, then age. Locked rows are another daemon's and skipped.
const CLAIM: &str = "
    WITH next AS (
        SELECT id FROM queue_backfill_data
        WHERE status = 'PENDING' AND run_after <= now()
        ORDER BY priority DESC, run_after, id
        LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    UPDATE queue_backfill_data AS job
    SET status = 'EXECUTING', attempt = job.attempt + 1, claimed_by = $2,
        lease_expires_at = now() + make_interval(secs => $3), started_at = COALESCE(job.started_at, now()),
        error_message = NULL, updated_at = now()
    FROM next WHERE job.id = next.id
    RETURNING job.*";

/// Renews the leases of the jobs that this daemon runs and still holds.
const RENEW: &str = "
    UPDATE queue_backfill_data
    SET lease_expires_at = now() + make_interval(secs => $3)
    WHERE status = 'EXECUTING' AND claimed_by = $1 AND id = ANY ($2)
    RETURNING id, attempt, cancel_requested_at IS NOT NULL AS cancel_requested";

/// Takes jobs from daemons that have not renewed their lease. One that hangs in the middle of a transaction holds its
/// job's row; it is taken as soon as the server has ended that transaction.
const REAP: &str = "
    WITH reaped AS (
        UPDATE queue_backfill_data
        SET status = CASE WHEN cancel_requested_at IS NULL THEN 'PENDING' ELSE 'CANCELLED' END,
            finished_at = CASE WHEN cancel_requested_at IS NULL THEN NULL ELSE now() END,
            claimed_by = NULL, lease_expires_at = NULL, updated_at = now()
        WHERE id IN (
            SELECT id FROM queue_backfill_data
            WHERE status = 'EXECUTING' AND lease_expires_at < now()
            FOR UPDATE SKIP LOCKED
        )
        RETURNING id, status
    ), parts AS (
        UPDATE backfill_job_destinations AS part SET status = reaped.status
        FROM reaped WHERE part.job_id = reaped.id
    )
    SELECT id, status FROM reaped";

/// A job whose daemon fell silent, and where it stands now.
#[derive(Debug, QueryableByName)]
pub(crate) struct Reaped {
    /// The job.
    #[diesel(sql_type = BigInt)]
    pub(crate) id: JobId,
    /// PENDING, or CANCELLED where a user had asked for that.
    #[diesel(sql_type = Text)]
    pub(crate) status: JobStatus,
}

impl QueueError {
    /// Whether the metadata database is away rather than unwilling.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Establish(_) => true,
            Self::Query(error) => is_disconnect(error),
            Self::Migrate(_) | Self::LeaseLost => false,
        }
    }
}

impl Queue {
    /// Connects to the metadata database and brings it to this version's schema.
    pub(crate) fn connect(database_url: &str, worker: Uuid, connections: u32) -> Result<Self, QueueError> {
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(5))
            .connection_customizer(Box::new(Timeouts))
            .build(ConnectionManager::new(database_url))?;
        migrate(&mut PgConnection::establish(database_url)?)?;
        Ok(Self { pool, worker })
    }

    fn connection(&self) -> Result<PooledConnection<ConnectionManager<PgConnection>>, QueueError> {
        Ok(self.pool.get()?)
    }

    /// Reports this daemon as alive.
    pub(crate) fn report(&self, worker: &Worker) -> Result<(), QueueError> {
        diesel::insert_into(backfill_workers::table)
            .values(worker)
            .on_conflict(backfill_workers::id)
            .do_update()
            .set(backfill_workers::heartbeat_at.eq(now))
            .execute(&mut self.connection()?)?;
        Ok(())
    }

    /// Takes this daemon off the list, and with it those that have not reported for a day.
    pub(crate) fn sign_off(&self) -> Result<(), QueueError> {
        let forgotten = backfill_workers::heartbeat_at.lt(sql::<Timestamptz>("now() - interval '1 day'"));
        diesel::delete(backfill_workers::table.filter(backfill_workers::id.eq(self.worker).or(forgotten)))
            .execute(&mut self.connection()?)?;
        Ok(())
    }

    /// Claims up to `limit` jobs.
    pub(crate) fn claim(&self, limit: i64) -> Result<Vec<Job>, QueueError> {
        let jobs = sql_query(CLAIM)
            .bind::<BigInt, _>(limit)
            .bind::<SqlUuid, _>(self.worker)
            .bind::<Integer, _>(LEASE_SECONDS)
            .load(&mut self.connection()?)?;
        Ok(jobs)
    }

    /// Renews the leases of `jobs`; those that are missing from the answer are lost.
    pub(crate) fn renew(&self, jobs: &[JobId]) -> Result<Vec<Held>, QueueError> {
        let held = sql_query(RENEW)
            .bind::<SqlUuid, _>(self.worker)
            .bind::<Array<BigInt>, _>(jobs)
            .bind::<Integer, _>(LEASE_SECONDS)
            .load(&mut self.connection()?)?;
        Ok(held)
    }

    /// Takes jobs away from daemons that have not renewed their lease.
    pub(crate) fn reap(&self) -> Result<Vec<Reaped>, QueueError> {
        Ok(sql_query(REAP).load(&mut self.connection()?)?)
    }

    /// The job's source.
    pub(crate) fn source(&self, job: &Job) -> Result<Source, QueueError> {
        let query = sources::table.find(job.source_id).select(Source::as_select());
        Ok(query.first(&mut self.connection()?)?)
    }

    /// The job's destinations in their order.
    pub(crate) fn destinations(&self, job: JobId) -> Result<Vec<Destination>, QueueError> {
        let query = backfill_job_destinations::table
            .inner_join(destinations::table)
            .filter(backfill_job_destinations::job_id.eq(job))
            .order(backfill_job_destinations::position)
            .select(Destination::as_select());
        Ok(query.load(&mut self.connection()?)?)
    }

    /// The chunk that the job began last.
    pub(crate) fn last_chunk(&self, job: JobId) -> Result<Option<Chunk>, QueueError> {
        let query = backfill_chunks::table
            .filter(backfill_chunks::job_id.eq(job))
            .order(backfill_chunks::number.desc())
            .select(Chunk::as_select());
        Ok(query.first(&mut self.connection()?).optional()?)
    }

    /// Notes how many rows the job is expected to copy, and that its destinations are being written.
    pub(crate) fn begin(&self, claim: Claim, expected_rows: i64) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            let changes = (
                queue_backfill_data::total_record.eq(expected_rows),
                queue_backfill_data::total_is_estimate.eq(true),
                queue_backfill_data::updated_at.eq(now),
            );
            let changed = diesel::update(held(claim, self.worker)).set(changes).execute(connection)?;
            fenced(changed)?;
            set_destinations(claim.job, JobStatus::Executing, connection)
        })
    }

    /// Fixes the range of a chunk whose rows every destination has taken and none has committed yet.
    pub(crate) fn begin_chunk(
        &self,
        claim: Claim,
        chunk: &ChunkRange,
        rows: i64,
        bytes: i64,
    ) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            let values = (
                backfill_chunks::job_id.eq(claim.job),
                backfill_chunks::number.eq(chunk.number),
                backfill_chunks::lower_key.eq(stored(chunk.lower.as_ref())),
                backfill_chunks::upper_key.eq(stored(chunk.upper.as_ref())),
                backfill_chunks::status.eq(ChunkStatus::Copying),
                backfill_chunks::row_count.eq(rows),
                backfill_chunks::byte_count.eq(bytes),
                backfill_chunks::attempt.eq(claim.attempt),
            );
            let again = (
                backfill_chunks::upper_key.eq(stored(chunk.upper.as_ref())),
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
                queue_backfill_data::updated_at.eq(now),
            );
            let changed = diesel::update(held(claim, self.worker)).set(changes).execute(connection)?;
            fenced(changed)?;
            diesel::update(backfill_chunks::table.find((claim.job, number)))
                .set((backfill_chunks::status.eq(ChunkStatus::Done), backfill_chunks::finished_at.eq(now)))
                .execute(connection)?;
            set_rows(claim.job, destination_rows, connection)?;
            Ok(())
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

    /// Keeps the claim as it is until the transaction ends; tells whether a user asked to cancel the job.
    fn lock(&self, claim: Claim, connection: &mut PgConnection) -> Result<bool, QueueError> {
        let locked = held(claim, self.worker)
            .select(queue_backfill_data::cancel_requested_at.is_not_null())
            .for_update()
            .first(connection)
            .optional()?;
        locked.ok_or(QueueError::LeaseLost)
    }

    /// Writes down how the job ended and lets go of it.
    pub(crate) fn finish(&self, claim: Claim, outcome: &Outcome) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            let cancel_requested = self.lock(claim, connection)?;
            let (status, message) = match outcome {
                Outcome::Completed => (JobStatus::Completed, None),
                Outcome::HandedBack if !cancel_requested => (JobStatus::Pending, None),
                Outcome::Cancelled | Outcome::HandedBack => (JobStatus::Cancelled, None),
                Outcome::Failed { message, .. } => (JobStatus::Failed, Some(message.as_str())),
            };
            let finished_at = sql::<Nullable<Timestamptz>>(if status.is_active() { "NULL" } else { "now()" });
            let changes = (
                queue_backfill_data::status.eq(status),
                queue_backfill_data::error_message.eq(message),
                queue_backfill_data::claimed_by.eq(None::<Uuid>),
                queue_backfill_data::lease_expires_at.eq(None::<chrono::DateTime<chrono::Utc>>),
                queue_backfill_data::finished_at.eq(finished_at),
                queue_backfill_data::updated_at.eq(now),
            );
            let changed = diesel::update(held(claim, self.worker)).set(changes).execute(connection)?;
            fenced(changed)?;
            if matches!(outcome, Outcome::Completed) {
                set_completed(claim.job, connection)?;
            }
            set_destinations(claim.job, status, connection)?;
            if let Outcome::Failed { message, destination: Some(destination), is_mismatch } = outcome {
                let verified = is_mismatch.then_some(false);
                let changes = (
                    backfill_job_destinations::error_message.eq(message),
                    backfill_job_destinations::verified.eq(verified),
                );
                diesel::update(backfill_job_destinations::table.find((claim.job, *destination)))
                    .set(changes)
                    .execute(connection)?;
            }
            Ok(())
        })
    }
}

/// A completed job's total is no estimate any more, and every chunk of each destination was verified.
fn set_completed(job: JobId, connection: &mut PgConnection) -> Result<(), QueueError> {
    let total = queue_backfill_data::total_record.eq(queue_backfill_data::count_record.nullable());
    diesel::update(queue_backfill_data::table.find(job))
        .set((total, queue_backfill_data::total_is_estimate.eq(false)))
        .execute(connection)?;
    diesel::update(backfill_job_destinations::table.filter(backfill_job_destinations::job_id.eq(job)))
        .set(backfill_job_destinations::verified.eq(true))
        .execute(connection)?;
    Ok(())
}

fn set_rows(
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

/// The job, if `worker` still holds it under `claim`.
#[auto_type(no_type_alias)]
fn held(claim: Claim, worker: Uuid) -> _ {
    let job: JobId = claim.job;
    let attempt: i32 = claim.attempt;
    let executing: JobStatus = JobStatus::Executing;
    queue_backfill_data::table
        .find(job)
        .filter(queue_backfill_data::attempt.eq(attempt))
        .filter(queue_backfill_data::claimed_by.eq(worker))
        .filter(queue_backfill_data::status.eq(executing))
}

fn is_disconnect(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(kind, _) => {
            matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand)
        }
        Error::RollbackErrorOnCommit { commit_error, .. } => is_disconnect(commit_error),
        Error::BrokenTransactionManager => true,
        _ => false,
    }
}

fn fenced(changed: usize) -> Result<(), QueueError> {
    if changed == 0 { Err(QueueError::LeaseLost) } else { Ok(()) }
}

fn stored(key: Option<&Key>) -> Option<serde_json::Value> {
    key.map(Key::to_stored)
}
