//! Cancelling and pausing a job.

use backfill_domain::{id::JobId, job::JobStatus};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Text},
};

/// How a user stops a job.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    /// For good, and at once.
    Cancel,
    /// To be resumed, behind the chunk at hand.
    Pause,
}

impl Stop {
    /// The state of a job that is stopped so.
    fn status(self) -> JobStatus {
        match self {
            Self::Cancel => JobStatus::Cancelled,
            Self::Pause => JobStatus::Paused,
        }
    }
}

/// One statement, so that no claim, renewal or end of the job can come between the look and the act. A daemon that
/// holds the lease is only asked: it stops its copy first, so that none runs on unseen. One whose lease has lapsed
/// is not asked, and its attempt's writes are fenced off by the state. What is to be cancelled cannot be paused any more.
const STOP: &str = "
    WITH job AS (
        SELECT id, status = 'EXECUTING' AND lease_expires_at >= now() AS is_held
        FROM queue_backfill_data
        WHERE id = ANY ($1)
          AND CASE $2
              WHEN 'CANCELLED' THEN status IN ('PENDING', 'EXECUTING', 'PAUSED')
              ELSE status IN ('PENDING', 'EXECUTING') AND cancel_requested_at IS NULL END
        ORDER BY id FOR UPDATE
    ), changed AS (
        UPDATE queue_backfill_data AS queue SET
            status = CASE WHEN is_held THEN status ELSE $2 END,
            claimed_by = CASE WHEN is_held THEN claimed_by END,
            lease_expires_at = CASE WHEN is_held THEN lease_expires_at END,
            cancel_requested_at = CASE WHEN is_held AND $2 = 'CANCELLED' THEN COALESCE(cancel_requested_at, now()) END,
            pause_requested_at = CASE
                WHEN is_held AND $2 = 'PAUSED' THEN COALESCE(pause_requested_at, now())
                WHEN is_held THEN pause_requested_at END,
            finished_at = CASE WHEN NOT is_held AND $2 = 'CANCELLED' THEN now() END,
            updated_at = now()
        FROM job WHERE queue.id = job.id
        RETURNING queue.id, queue.status
    ), parts AS (
        UPDATE backfill_job_destinations AS part SET status = $2
        FROM changed
        WHERE part.job_id = changed.id AND changed.status = $2 AND part.status IN ('PENDING', 'EXECUTING', 'PAUSED')
    )
    SELECT status FROM changed";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    status: JobStatus,
}

/// Stops the job, or asks the daemon that executes it to; the state it is in then, or `None` if the job does not exist
/// or cannot be stopped so.
pub(crate) fn stop(connection: &mut PgConnection, id: JobId, stop: Stop) -> QueryResult<Option<JobStatus>> {
    Ok(stop_all(connection, &[id], stop)?.pop())
}

/// The same with several jobs at once; the states of those that could be stopped so.
pub(crate) fn stop_all(
    connection: &mut PgConnection,
    ids: &[JobId],
    stop: Stop,
) -> QueryResult<Vec<JobStatus>> {
    let query = sql_query(STOP).bind::<Array<BigInt>, _>(ids).bind::<Text, _>(stop.status());
    let rows: Vec<Row> = query.load(connection)?;
    Ok(rows.into_iter().map(|row| row.status).collect())
}
