//! Backfill jobs: created when the source has judged the request, shown, deleted.

use backfill_domain::{
    catalog::Table,
    chunk::Chunk,
    filter::Condition,
    id::{DestinationId, JobId, PipelineId, SourceId},
    job::{BackfillRequest, JobChange, JobResponse, NewJob, WriteMode},
    source::Source,
};
use diesel::{
    Connection, PgConnection,
    result::{DatabaseErrorKind, Error as DieselError},
};

use super::{
    inspection::{self, Inspected},
    remote::ask,
};
use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, Page},
    listing::Listing,
    repositories::{
        chunks, jobs, pipelines,
        search::{self, JobFilter, JobSort},
        waiting,
    },
};

/// The index that allows one active job for the same pipeline, table and filters.
const ACTIVE_INDEX: &str = "uq_queue_backfill_data_active";

/// Puts a job into the queue, once the pipeline's source has found nothing wrong with it.
pub(crate) async fn create(
    database: &Database,
    actor: Actor,
    pipeline: PipelineId,
    request: BackfillRequest,
) -> Result<JobResponse, ApiError> {
    let source = database.run(move |connection| pipelines::source_of(connection, pipeline)).await?;
    let source = source.ok_or_else(|| ApiError::unknown("pipeline", pipeline))?;
    // No connection to the metadata database is held while the source, which may be far away, thinks.
    let job = ask(move || {
        let inspected = inspection::inspect(&source.connection(), &request)?;
        new_job(pipeline, &source, &request, &inspected)
    })
    .await?;
    database.change(actor, move |connection| enqueue(connection, &job)).await
}

/// The job that `request` asks for.
pub(super) fn new_job(
    pipeline: PipelineId,
    source: &Source,
    request: &BackfillRequest,
    inspected: &Inspected,
) -> Result<NewJob, ApiError> {
    let Inspected { copied, conditions, .. } = inspected;
    Ok(NewJob {
        pipeline_id: pipeline,
        source_id: source.id,
        table_name: copied.read.table_name().to_string(),
        filters: serde_json::to_value(&request.filters)?,
        filter_sql: filter_sql(conditions),
        write_mode: write_mode(request, &copied.written),
        options: request.options(),
        priority: request.priority,
        run_after: request.run_after,
        max_attempts: request.max_attempts,
        campaign_id: None,
        campaign_position: None,
    })
}

/// Conditions as people read them.
pub(super) fn filter_sql(conditions: &[Condition]) -> String {
    let sql: Vec<_> = conditions.iter().map(Condition::to_sql).collect();
    sql.join("; ")
}

/// The write mode that was asked for, or the one that suits the table.
pub(super) fn write_mode(request: &BackfillRequest, table: &Table) -> WriteMode {
    let default = if table.primary_key.is_empty() { WriteMode::Append } else { WriteMode::Upsert };
    request.write_mode.unwrap_or(default)
}

fn enqueue(connection: &mut PgConnection, job: &NewJob) -> Result<JobResponse, ApiError> {
    let inserted = connection.transaction(|connection| insert(connection, job));
    match inserted {
        Err(ApiError::Database(error)) if is_duplicate(&error) => {
            let active = jobs::active_like(connection, job)?;
            // It may have ended since.
            let which = active.map_or_else(|| "one".to_owned(), |id| format!("job {id}"));
            let detail = format!("{which} is active for the same pipeline, table and filters");
            Err(ApiError::Conflict(detail))
        }
        inserted => inserted,
    }
}

/// The destinations of a pipeline, which stays as it is until the transaction ends, and must still have the source.
pub(super) fn hold_pipeline(
    connection: &mut PgConnection,
    id: PipelineId,
    source: SourceId,
) -> Result<Vec<DestinationId>, ApiError> {
    let held = pipelines::hold(connection, id)?;
    let (pipeline, destinations) = held.ok_or_else(|| ApiError::unknown("pipeline", id))?;
    if pipeline.source_id != source {
        let detail = format!("pipeline {id} was given another source meanwhile; send the request again");
        return Err(ApiError::Conflict(detail));
    }
    Ok(destinations)
}

fn insert(connection: &mut PgConnection, job: &NewJob) -> Result<JobResponse, ApiError> {
    let destinations = hold_pipeline(connection, job.pipeline_id, job.source_id)?;
    let id = jobs::insert(connection, job, &destinations)?;
    find(connection, id)
}

/// Why a job cannot go back into the queue: another one may be active in its place by now.
pub(super) fn not_requeued(error: DieselError) -> ApiError {
    if is_duplicate(&error) {
        let detail = "another job is active for the same pipeline, table and filters";
        return ApiError::Conflict(detail.to_owned());
    }
    error.into()
}

fn is_duplicate(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
            information.constraint_name() == Some(ACTIVE_INDEX)
        }
        _ => false,
    }
}

/// The pipeline's jobs, newest first.
pub(crate) fn list_of_pipeline(
    connection: &mut PgConnection,
    pipeline: PipelineId,
    page: Page,
) -> Result<Listing<JobResponse>, ApiError> {
    let filter = JobFilter { pipeline: Some(pipeline), ..JobFilter::default() };
    let listing = list(connection, &filter, JobSort::Newest, page)?;
    // Only an empty list leaves open whether there is such a pipeline.
    if listing.total == 0 && pipelines::find(connection, pipeline)?.is_none() {
        return Err(ApiError::unknown("pipeline", pipeline));
    }
    Ok(listing)
}

/// A page of the jobs that are asked for.
pub(crate) fn list(
    connection: &mut PgConnection,
    filter: &JobFilter,
    sort: JobSort,
    page: Page,
) -> Result<Listing<JobResponse>, ApiError> {
    let Listing { total, items } = search::jobs(connection, filter, sort, page)?;
    Ok(Listing { total, items: find_all(connection, &items)? })
}

/// The job.
pub(crate) fn find(connection: &mut PgConnection, id: JobId) -> Result<JobResponse, ApiError> {
    find_all(connection, &[id])?.pop().ok_or_else(|| ApiError::unknown("job", id))
}

/// Those of the jobs that exist, in the order of `ids`.
pub(crate) fn find_all(connection: &mut PgConnection, ids: &[JobId]) -> Result<Vec<JobResponse>, ApiError> {
    let (mut jobs, mut waiting) = (jobs::named(connection, ids)?, waiting::of(connection, ids)?);
    let shown = ids.iter().filter_map(|id| {
        let job = JobResponse::new(jobs.remove(id)?);
        Some(job.waiting_for(waiting.remove(id)))
    });
    Ok(shown.collect())
}

/// Changes the job, whatever its state: one that has ended may be taken up again.
pub(crate) fn change(
    connection: &mut PgConnection,
    id: JobId,
    change: &JobChange,
) -> Result<JobResponse, ApiError> {
    let errors = change.check();
    if !errors.is_empty() {
        return Err(ApiError::Invalid(errors));
    }
    if jobs::change(connection, id, change)? {
        find(connection, id)
    } else {
        Err(ApiError::unknown("job", id))
    }
}

/// Says that the job is at its end already, or that there is none.
pub(super) fn ended(connection: &mut PgConnection, id: JobId) -> Result<ApiError, ApiError> {
    Ok(match jobs::status(connection, id)? {
        Some(status) => ApiError::Conflict(format!("job {id} is {} already", status.as_ref())),
        None => ApiError::unknown("job", id),
    })
}

/// Deletes the job, unless a daemon executes it.
pub(crate) fn delete(connection: &mut PgConnection, id: JobId) -> Result<(), ApiError> {
    if jobs::delete_idle(connection, id)? {
        return Ok(());
    }
    match jobs::status(connection, id)? {
        Some(status) => Err(ApiError::Conflict(format!("job {id} is {}; cancel it first", status.as_ref()))),
        None => Err(ApiError::unknown("job", id)),
    }
}

/// The job's chunks by their number.
pub(crate) fn chunks<const DEFAULT: i64>(
    connection: &mut PgConnection,
    id: JobId,
    page: Page<DEFAULT>,
) -> Result<Listing<Chunk>, ApiError> {
    jobs::status(connection, id)?.ok_or_else(|| ApiError::unknown("job", id))?;
    Ok(chunks::list(connection, id, page)?)
}
