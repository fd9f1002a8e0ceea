//! Who works at what: claims of jobs, their renewal, and the end of those that were not renewed.

use backfill_domain::{
    id::JobId,
    job::{Job, JobStatus},
    schema::backfill_workers,
    worker::{LEASE_SECONDS, Worker},
};
use diesel::{
    dsl::{now, sql},
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Bool, Integer, Text, Timestamptz, Uuid as SqlUuid},
};

use super::{
    Queue, QueueError,
    slots::{candidates, is_slot_taken},
};

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
    /// Whether a user asked to pause it.
    #[diesel(sql_type = Bool)]
    pub(crate) pause_requested: bool,
}

/// How often a claim is tried that another daemon was ahead of. What is left is found at the next look.
const CLAIM_TRIES: u32 = 5;

/// Takes jobs of `candidate` in order of priority, then age. Locked rows are another daemon's and skipped. Each is looked up
/// by its id until there are enough: a join of all might read every job that waits.
const CLAIM: &str = "
    , next AS (
        SELECT job.id, candidate.slot
        FROM (SELECT * FROM candidate ORDER BY priority DESC, run_after, id) AS candidate
        CROSS JOIN LATERAL (
            SELECT id FROM queue_backfill_data
            WHERE id = candidate.id AND status = 'PENDING' AND run_after <= now()
            FOR UPDATE SKIP LOCKED
        ) AS job
        LIMIT $1
    )
    UPDATE queue_backfill_data AS job
    SET status = 'EXECUTING', source_slot = next.slot, attempt = job.attempt + 1, claimed_by = $2,
        lease_expires_at = now() + make_interval(secs => $3), started_at = COALESCE(job.started_at, now()),
        error_message = NULL, updated_at = now()
    FROM next WHERE job.id = next.id
    RETURNING job.*";

/// The whole statement, of which `$1` is how many jobs are claimed, `$2` the daemon, `$3` the lease in seconds.
pub(super) fn claim() -> String {
    format!("WITH candidate AS ({}) {CLAIM}", candidates())
}

/// Renews the leases of the jobs that this daemon runs and still holds.
const RENEW: &str = "
    UPDATE queue_backfill_data
    SET lease_expires_at = now() + make_interval(secs => $3)
    WHERE status = 'EXECUTING' AND claimed_by = $1 AND id = ANY ($2)
    RETURNING id, attempt, cancel_requested_at IS NOT NULL AS cancel_requested,
              pause_requested_at IS NOT NULL AS pause_requested";

/// Takes jobs from daemons that have not renewed their lease, and counts a failure: a job that brings its daemons down
/// must not do so for ever. One that hangs in the middle of a transaction holds its job's row; it is taken as soon as the
/// server has ended that transaction.
const REAP: &str = "
    WITH lapsed AS (
        SELECT id, CASE
                WHEN cancel_requested_at IS NOT NULL THEN 'CANCELLED'
                WHEN pause_requested_at IS NOT NULL THEN 'PAUSED'
                WHEN failures + 1 >= max_attempts THEN 'FAILED'
                ELSE 'PENDING'
            END AS status
        FROM queue_backfill_data
        WHERE status = 'EXECUTING' AND lease_expires_at < now()
        FOR UPDATE SKIP LOCKED
    ), reaped AS (
        UPDATE queue_backfill_data AS job
        SET status = lapsed.status, failures = failures + 1, claimed_by = NULL, lease_expires_at = NULL,
            pause_requested_at = NULL,
            error_message = CASE
                WHEN lapsed.status IN ('PENDING', 'PAUSED') THEN format(
                    'attempt %s ended without a word: its daemon was killed, hung, or lost the metadata database', attempt)
                WHEN lapsed.status = 'FAILED' THEN format(
                    'attempt %s ended without a word: its daemon was killed, hung, or lost the metadata database (failure %s '
                    'in a row); look at the log of daemon %s before you resume the job',
                    attempt, failures + 1, claimed_by)
            END,
            finished_at = CASE WHEN lapsed.status IN ('FAILED', 'CANCELLED') THEN now() END, updated_at = now()
        FROM lapsed WHERE job.id = lapsed.id
        RETURNING job.id, job.status
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
    /// PENDING; CANCELLED or PAUSED where a user had asked for that; FAILED after too many failures in a row.
    #[diesel(sql_type = Text)]
    pub(crate) status: JobStatus,
}

impl Queue {
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
        let claim = claim();
        for _ in 0..CLAIM_TRIES {
            let claimed = sql_query(&claim)
                .bind::<BigInt, _>(limit)
                .bind::<SqlUuid, _>(self.worker)
                .bind::<Integer, _>(LEASE_SECONDS)
                .load(&mut self.connection()?);
            match claimed {
                Err(error) if is_slot_taken(&error) => {}
                claimed => return Ok(claimed?),
            }
        }
        Ok(Vec::new())
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
}
