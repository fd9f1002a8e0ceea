//! What is done with a job whose copy is complete.

use backfill_domain::{
    id::JobId,
    job::{Job, JobStatus, Task},
    schema::{backfill_chunks, backfill_job_destinations, destinations},
};
use diesel::{
    PgConnection, QueryResult,
    dsl::{exists, select, sql},
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Bool, Text},
};

/// A job whose copy is complete waits for a daemon once more. One that was stopped in a later task may begin any.
const REQUEUE: &str = "
    UPDATE queue_backfill_data AS job
    SET status = 'PENDING', task = $2, cancel_requested_at = NULL, error_message = NULL, failures = 0,
        run_after = now(),
        finished_at = NULL, updated_at = now()
    WHERE job.id = ANY ($1)
      AND (job.status = 'COMPLETED' OR job.status IN ('FAILED', 'CANCELLED') AND job.task <> 'copy')
      AND CASE $2
          WHEN 'replay' THEN EXISTS (SELECT FROM backfill_quarantine WHERE job_id = job.id AND status = 'MENDED')
          WHEN 'repair' THEN EXISTS (SELECT FROM backfill_chunks WHERE job_id = job.id AND differs <> '{}')
          ELSE true END
    RETURNING job.id";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: JobId,
}

/// Whether a job's copy is complete and nothing is done with it.
pub(crate) fn is_copied(job: &Job) -> bool {
    match job.status {
        JobStatus::Completed => true,
        JobStatus::Failed | JobStatus::Cancelled => job.task != Task::Copy,
        _ => false,
    }
}

/// Has a daemon do `task` with a job; `false` if its copy is not complete, or there is nothing to do.
pub(crate) fn requeue(connection: &mut PgConnection, job: JobId, task: Task) -> QueryResult<bool> {
    Ok(requeue_all(connection, &[job], task)? > 0)
}

/// The same with several jobs at once; how many it had an effect on.
pub(crate) fn requeue_all(connection: &mut PgConnection, jobs: &[JobId], task: Task) -> QueryResult<usize> {
    let changed: Vec<Row> =
        sql_query(REQUEUE).bind::<Array<BigInt>, _>(jobs).bind::<Text, _>(task).load(connection)?;
    let changed: Vec<_> = changed.into_iter().map(|row| row.id).collect();
    if task == Task::Verify {
        forget_verdicts(connection, &changed)?;
    }
    Ok(changed.len())
}

fn forget_verdicts(connection: &mut PgConnection, jobs: &[JobId]) -> QueryResult<()> {
    diesel::update(backfill_chunks::table.filter(backfill_chunks::job_id.eq_any(jobs)))
        .set(backfill_chunks::differs.eq(None::<Vec<i64>>))
        .execute(connection)?;
    diesel::update(backfill_job_destinations::table.filter(backfill_job_destinations::job_id.eq_any(jobs)))
        .set((
            backfill_job_destinations::verified.eq(None::<bool>),
            backfill_job_destinations::verified_by.eq(None::<String>),
            backfill_job_destinations::error_message.eq(None::<String>),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether one of the job's destinations is a table, in which rows have to be found again.
pub(crate) fn has_tables(connection: &mut PgConnection, job: JobId) -> QueryResult<bool> {
    let tables = backfill_job_destinations::table
        .inner_join(destinations::table)
        .filter(backfill_job_destinations::job_id.eq(job))
        .filter(sql::<Bool>("settings ->> 'type' <> 'parquet'"));
    select(exists(tables)).get_result(connection)
}
