//! Cancelling a job.

use backfill_domain::{id::JobId, job::JobStatus};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Text},
};

/// One statement, so that no claim, renewal or end of the job can come between the look and the act. A daemon that
/// holds the lease is only asked: it stops its copy first, so that none runs on unseen. One whose lease has lapsed
/// is not asked, and its attempt's writes are fenced off by the state.
const CANCEL: &str = "
    WITH job AS (
        SELECT id, status = 'EXECUTING' AND lease_expires_at >= now() AS is_held
        FROM queue_backfill_data
        WHERE id = ANY ($1) AND status IN ('PENDING', 'EXECUTING', 'PAUSED')
        ORDER BY id FOR UPDATE
    ), changed AS (
        UPDATE queue_backfill_data AS queue SET
            status = CASE WHEN is_held THEN status ELSE 'CANCELLED' END,
            claimed_by = CASE WHEN is_held THEN claimed_by END,
            lease_expires_at = CASE WHEN is_held THEN lease_expires_at END,
            cancel_requested_at = CASE WHEN is_held THEN COALESCE(cancel_requested_at, now()) END,
            finished_at = CASE WHEN is_held THEN finished_at ELSE now() END,
            updated_at = now()
        FROM job WHERE queue.id = job.id
        RETURNING queue.id, queue.status
    ), parts AS (
        UPDATE backfill_job_destinations AS part SET status = 'CANCELLED'
        FROM changed
        WHERE part.job_id = changed.id AND changed.status = 'CANCELLED'
          AND part.status IN ('PENDING', 'EXECUTING', 'PAUSED')
    )
    SELECT status FROM changed";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    status: JobStatus,
}

/// Cancels the job, or asks the daemon that executes it to; the state it is in then, or `None` if the job does not
/// exist or has ended already.
pub(crate) fn cancel(connection: &mut PgConnection, id: JobId) -> QueryResult<Option<JobStatus>> {
    Ok(cancel_all(connection, &[id])?.pop())
}

/// The same with several jobs at once; the states of those that had not ended.
pub(crate) fn cancel_all(connection: &mut PgConnection, ids: &[JobId]) -> QueryResult<Vec<JobStatus>> {
    let rows: Vec<Row> = sql_query(CANCEL).bind::<Array<BigInt>, _>(ids).load(connection)?;
    Ok(rows.into_iter().map(|row| row.status).collect())
}
