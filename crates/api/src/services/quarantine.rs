//! Rows that a destination could not hold: shown, mended, replayed.

use backfill_domain::{
    id::{EntryId, JobId},
    job::{JobResponse, Task, WriteMode},
    quarantine::{MendRequest, QuarantineEntry},
    source::Source,
};
use diesel::PgConnection;

use super::{inspection, remote::ask, tasks};
use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, Page},
    listing::Listing,
    repositories::{jobs, quarantine, sources},
};

/// The job's rows in quarantine.
pub(crate) fn list(
    connection: &mut PgConnection,
    job: JobId,
    page: Page,
) -> Result<Listing<QuarantineEntry>, ApiError> {
    jobs::status(connection, job)?.ok_or_else(|| ApiError::unknown("job", job))?;
    Ok(quarantine::list(connection, job, page)?)
}

/// Gives a row another value, once the source has read it as one of the column's type.
pub(crate) async fn mend(
    database: &Database,
    actor: Actor,
    job: JobId,
    id: EntryId,
    request: MendRequest,
) -> Result<QuarantineEntry, ApiError> {
    let (table_name, source, entry) = database.run(move |connection| context(connection, job, id)).await?;
    let value = request.value.clone();
    ask(move || {
        inspection::check_value(&source.connection(), &table_name, &entry.column_name, value.as_deref())
    })
    .await?;
    database
        .change(actor, move |connection| {
            let is_mended = quarantine::mend(connection, job, id, request.value.as_deref())?;
            let entry = find(connection, job, id)?;
            if is_mended { Ok(entry) } else { Err(unmendable(&entry)) }
        })
        .await
}

fn context(
    connection: &mut PgConnection,
    job: JobId,
    id: EntryId,
) -> Result<(String, Source, QuarantineEntry), ApiError> {
    let entry = find(connection, job, id)?;
    let job = jobs::find(connection, job)?.ok_or_else(|| ApiError::unknown("job", job))?;
    let source = sources::find(connection, job.source_id)?;
    let source = source.ok_or_else(|| ApiError::unknown("source", job.source_id))?;
    Ok((job.table_name, source, entry))
}

fn find(connection: &mut PgConnection, job: JobId, id: EntryId) -> Result<QuarantineEntry, ApiError> {
    let entry = quarantine::find(connection, job, id)?;
    entry.ok_or_else(|| ApiError::NotFound(format!("job {job} has no row {id} in quarantine")))
}

fn unmendable(entry: &QuarantineEntry) -> ApiError {
    ApiError::Conflict(format!(
        "row {} is being replayed, has been, or is of chunk {}, which is not DONE",
        entry.id, entry.chunk
    ))
}

/// Puts the job back into the queue, to have its mended rows written.
pub(crate) fn replay(connection: &mut PgConnection, id: JobId) -> Result<JobResponse, ApiError> {
    let job = jobs::find(connection, id)?.ok_or_else(|| ApiError::unknown("job", id))?;
    if job.write_mode == WriteMode::Replace {
        let detail =
            format!("job {id} has put its table into place already: mend the source, and run it anew");
        return Err(ApiError::Conflict(detail));
    }
    tasks::requeue(connection, &job, Task::Replay, "has no mended rows in quarantine")
}
