//! What can be done with a job whose copy is complete: a look whether its destinations still hold what the source does,
//! a repair of what differs, a replay of mended rows.

use backfill_domain::{
    id::{JobId, SourceId},
    job::{Job, JobResponse, Task, WriteMode},
    source::Source,
};
use diesel::{Connection, PgConnection};

use super::{backfill, inspection, remote::ask};
use crate::{
    database::Database,
    error::ApiError,
    extract::Actor,
    repositories::{jobs, sources, tasks},
};

/// Has a daemon compare what the job's destinations hold with the source.
pub(crate) async fn verify(database: &Database, actor: Actor, id: JobId) -> Result<JobResponse, ApiError> {
    let job = database.run(move |connection| find(connection, id)).await?;
    if !tasks::is_copied(&job) {
        return Err(not_copied(&job));
    }
    check_comparable(database, &job).await?;
    database
        .change(actor, move |connection| requeue(connection, &job, Task::Verify, "has nothing to verify"))
        .await
}

/// Refuses a job whose rows cannot be told from others.
pub(super) async fn check_comparable(database: &Database, job: &Job) -> Result<(), ApiError> {
    let id = job.id;
    if job.write_mode == WriteMode::InsertMissing {
        let detail = format!(
            "job {id} has kept rows that were there already, which may differ from the source's: they cannot be told \
             from damage"
        );
        return Err(ApiError::Conflict(detail));
    }
    let source_id = job.source_id;
    let (source, has_tables) = database.run(move |connection| context(connection, id, source_id)).await?;
    let (table, columns) = (job.table_name.clone(), job.options.columns.clone());
    if !has_tables {
        return Ok(());
    }
    let has_key = ask(move || inspection::has_key(&source.connection(), &table, columns.as_deref())).await?;
    if has_key {
        return Ok(());
    }
    Err(ApiError::Conflict(format!(
        "job {id} has copied no primary key, by which its rows could be found again in a table: only Parquet files can \
         be compared without"
    )))
}

fn context(connection: &mut PgConnection, id: JobId, source: SourceId) -> Result<(Source, bool), ApiError> {
    let found = sources::find(connection, source)?.ok_or_else(|| ApiError::unknown("source", source))?;
    Ok((found, tasks::has_tables(connection, id)?))
}

/// Has a daemon copy the chunks once more that the last look has found to differ.
pub(crate) fn repair(connection: &mut PgConnection, id: JobId) -> Result<JobResponse, ApiError> {
    let job = find(connection, id)?;
    requeue(connection, &job, Task::Repair, "has no chunk that was found to differ: verify it first")
}

fn find(connection: &mut PgConnection, id: JobId) -> Result<Job, ApiError> {
    jobs::find(connection, id)?.ok_or_else(|| ApiError::unknown("job", id))
}

/// Puts the job back into the queue for `task`. Where there is nothing to do, `nothing` says so.
pub(super) fn requeue(
    connection: &mut PgConnection,
    job: &Job,
    task: Task,
    nothing: &str,
) -> Result<JobResponse, ApiError> {
    match connection.transaction(|connection| tasks::requeue(connection, job.id, task)) {
        Ok(true) => backfill::find(connection, job.id),
        Ok(false) if tasks::is_copied(job) => Err(ApiError::Conflict(format!("job {} {nothing}", job.id))),
        Ok(false) => Err(not_copied(job)),
        Err(error) => Err(backfill::not_requeued(error)),
    }
}

fn not_copied(job: &Job) -> ApiError {
    ApiError::Conflict(format!("job {} is {}: this needs a COMPLETED one", job.id, job.status.as_ref()))
}
