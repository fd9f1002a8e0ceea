//! Resuming a job.

use backfill_domain::id::JobId;
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt},
};

/// One statement, guarded by the states that it leaves. What the job has done stays: it goes on behind its last chunk.
const RESUME: &str = "
    WITH resumed AS (
        UPDATE queue_backfill_data
        SET status = 'PENDING', cancel_requested_at = NULL, error_message = NULL, failures = 0, run_after = now(),
            finished_at = NULL, updated_at = now()
        WHERE id = ANY ($1) AND status IN ('PAUSED', 'CANCELLED', 'FAILED')
        RETURNING id
    ), parts AS (
        UPDATE backfill_job_destinations AS part SET status = 'PENDING', error_message = NULL
        FROM resumed WHERE part.job_id = resumed.id
    )
    SELECT id FROM resumed";

/// Has the job wait for a daemon once more; `false` if it does not exist, or is active or complete.
pub(crate) fn resume(connection: &mut PgConnection, id: JobId) -> QueryResult<bool> {
    Ok(resume_all(connection, &[id])? > 0)
}

/// The same with several jobs at once; how many it had an effect on.
pub(crate) fn resume_all(connection: &mut PgConnection, ids: &[JobId]) -> QueryResult<usize> {
    sql_query(RESUME).bind::<Array<BigInt>, _>(ids).execute(connection)
}
