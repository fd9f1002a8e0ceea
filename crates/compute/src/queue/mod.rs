//! The queue table as a daemon uses it. Each change to a job is fenced by the attempt under which the daemon claimed
//! it: after a lost lease nothing is written.

mod lease;
mod limits;
mod progress;
mod quarantine;
mod retention;
mod retry;
mod slots;
#[cfg(test)]
mod tests;
mod verdict;
mod waiting;

use std::time::Duration;

use backfill_domain::{
    audit::ACTOR,
    chunk::Chunk,
    destination::Destination,
    id::JobId,
    job::{Job, JobStatus},
    metadata::{DURABLE, with_timeouts},
    migration::{MigrationError, migrate},
    quarantine::QuarantineFull,
    schema::{backfill_chunks, backfill_job_destinations, destinations, queue_backfill_data, sources},
    secret::StoredError,
    source::Source,
};
use diesel::{
    PgConnection,
    connection::SimpleConnection as _,
    dsl::auto_type,
    prelude::*,
    r2d2::{self, ConnectionManager, CustomizeConnection, Pool, PooledConnection},
};
use uuid::Uuid;

pub(crate) use self::{
    lease::Held,
    limits::{Amount, Terms},
    progress::{Outcome, Progress},
    quarantine::MendedRow,
    retry::Backoff,
    verdict::Scope,
};
use crate::{failpoint::Planned, source::Shape};

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
    /// The job keeps more rows than it may.
    #[error(transparent)]
    Quarantine(#[from] QuarantineFull),
    /// Another daemon has the job, or nobody.
    #[error("the lease on the job was lost")]
    LeaseLost,
    /// A test has asked for it.
    #[error(transparent)]
    Planned(#[from] Planned),
}

/// A daemon's right to one job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    /// The job.
    pub(crate) job: JobId,
    /// Which of the job's claims this is.
    pub(crate) attempt: i32,
}

/// A job whose row is locked.
#[derive(Debug, Clone, Copy, Queryable)]
struct Locked {
    /// Whether a user asked to cancel it.
    cancel_requested: bool,
    /// Whether a user asked to pause it.
    pause_requested: bool,
    /// Its failures in a row.
    failures: i32,
    /// With how many of those it is FAILED.
    max_attempts: i32,
}

/// A daemon that hangs within a transaction must not hold rows for long, which others wait for.
const TIMEOUTS: &str = "SET idle_in_transaction_session_timeout = '5s'; SET statement_timeout = '10s'";

/// Sets a new connection's session up.
#[derive(Debug)]
struct Session {
    worker: Uuid,
}

impl CustomizeConnection<PgConnection, r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), r2d2::Error> {
        // The audit trail says which daemon did what.
        let actor = format!("SET {ACTOR} = 'daemon:{}'", self.worker);
        connection.batch_execute(&format!("{TIMEOUTS}; {DURABLE}; {actor}")).map_err(r2d2::Error::QueryError)
    }
}

/// The queue, seen by one daemon.
#[derive(Clone)]
pub(crate) struct Queue {
    pool: Pool<ConnectionManager<PgConnection>>,
    worker: Uuid,
    backoff: Backoff,
}

impl QueueError {
    /// Whether the metadata database is away rather than unwilling.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Establish(_) => true,
            Self::Query(error) => is_disconnect(error),
            Self::Migrate(_) | Self::Quarantine(_) | Self::LeaseLost | Self::Planned(_) => false,
        }
    }

    /// Whether waiting does not help: stored passwords cannot be read with the keys at hand.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Migrate(MigrationError::Secrets(StoredError::Secret(_))))
    }
}

impl Queue {
    /// Connects to the metadata database and brings it to this version's schema.
    pub(crate) fn connect(
        database_url: &str,
        worker: Uuid,
        connections: u32,
        backoff: Backoff,
    ) -> Result<Self, QueueError> {
        let database_url = with_timeouts(database_url);
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(5))
            .connection_customizer(Box::new(Session { worker }))
            .build(ConnectionManager::new(&database_url))?;
        migrate(&mut PgConnection::establish(&database_url)?)?;
        Ok(Self { pool, worker, backoff })
    }

    fn connection(&self) -> Result<PooledConnection<ConnectionManager<PgConnection>>, QueueError> {
        Ok(self.pool.get()?)
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

    /// The shape that the source's table had when the job first began.
    pub(crate) fn shape(&self, job: JobId) -> Result<Option<Shape>, QueueError> {
        let query = queue_backfill_data::table.find(job).select(queue_backfill_data::source_shape);
        let stored: Option<String> = query.first(&mut self.connection()?)?;
        Ok(stored.map(Shape::from_stored))
    }

    /// The chunk that the job began last.
    pub(crate) fn last_chunk(&self, job: JobId) -> Result<Option<Chunk>, QueueError> {
        let query = backfill_chunks::table
            .filter(backfill_chunks::job_id.eq(job))
            .order(backfill_chunks::number.desc())
            .select(Chunk::as_select());
        Ok(query.first(&mut self.connection()?).optional()?)
    }

    /// Keeps the claim as it is until the transaction ends.
    fn lock(&self, claim: Claim, connection: &mut PgConnection) -> Result<Locked, QueueError> {
        let locked = held(claim, self.worker)
            .select((
                queue_backfill_data::cancel_requested_at.is_not_null(),
                queue_backfill_data::pause_requested_at.is_not_null(),
                queue_backfill_data::failures,
                queue_backfill_data::max_attempts,
            ))
            .for_update()
            .first(connection)
            .optional()?;
        locked.ok_or(QueueError::LeaseLost)
    }
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
