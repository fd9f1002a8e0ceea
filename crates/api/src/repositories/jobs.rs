//! Jobs and their parts.

use std::collections::HashMap;

use backfill_domain::{
    destination::DestinationKind,
    id::{DestinationId, JobId, PipelineId},
    job::{Job, JobChange, JobDestination, JobStatus, NamedJob, NamedPart, NewJob},
    schema::{backfill_job_destinations, destinations, pipelines, queue_backfill_data, sources},
};
use diesel::{
    PgConnection, QueryResult,
    dsl::sql,
    prelude::*,
    result::Error as DieselError,
    sql_query,
    sql_types::{BigInt, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz},
};

/// The states in which a job claims its pipeline, table and filters for itself.
const ACTIVE: [JobStatus; 3] = [JobStatus::Pending, JobStatus::Executing, JobStatus::Paused];

/// Changes what is given of a job. What has ended may be taken up again.
const CHANGE: &str = "
    UPDATE queue_backfill_data SET
        priority = COALESCE($2, priority), run_after = COALESCE($3, run_after),
        max_attempts = COALESCE($4, max_attempts),
        options = options || jsonb_build_object('limits', COALESCE(options -> 'limits', '{}') || $5),
        updated_at = now()
    WHERE id = $1";

/// Puts the job into the queue, with a part for each destination.
pub(crate) fn insert(
    connection: &mut PgConnection,
    job: &NewJob,
    destinations: &[DestinationId],
) -> QueryResult<JobId> {
    let id: JobId = diesel::insert_into(queue_backfill_data::table)
        .values(job)
        .returning(queue_backfill_data::id)
        .get_result(connection)?;
    let rows: Vec<_> = (0i32..)
        .zip(destinations)
        .map(|(position, destination)| {
            (
                backfill_job_destinations::job_id.eq(id),
                backfill_job_destinations::destination_id.eq(destination),
                backfill_job_destinations::position.eq(position),
            )
        })
        .collect();
    diesel::insert_into(backfill_job_destinations::table).values(rows).execute(connection)?;
    Ok(id)
}

pub(crate) fn find(connection: &mut PgConnection, id: JobId) -> QueryResult<Option<Job>> {
    queue_backfill_data::table.find(id).select(Job::as_select()).first(connection).optional()
}

/// Those of `ids` that exist, with the names of what they refer to.
pub(crate) fn named(connection: &mut PgConnection, ids: &[JobId]) -> QueryResult<HashMap<JobId, NamedJob>> {
    let jobs: Vec<(Job, String, String)> = queue_backfill_data::table
        .inner_join(pipelines::table)
        .inner_join(sources::table)
        .filter(queue_backfill_data::id.eq_any(ids))
        .select((Job::as_select(), pipelines::name, sources::name))
        .load(connection)?;
    let mut parts = parts_of(connection, ids)?;
    let named = jobs.into_iter().map(|(job, pipeline_name, source_name)| {
        let parts = parts.remove(&job.id).unwrap_or_default();
        (job.id, NamedJob { job, pipeline_name, source_name, parts })
    });
    Ok(named.collect())
}

/// Rows a second of the pipeline's last jobs that were completed; `None` without any.
pub(crate) fn usual_pace(connection: &mut PgConnection, pipeline: PipelineId) -> QueryResult<Option<f64>> {
    let pace = sql_query(
        "SELECT sum(count_record) / NULLIF(sum(extract(epoch FROM finished_at - started_at)), 0)::float8 AS pace
         FROM (SELECT count_record, started_at, finished_at FROM queue_backfill_data
               WHERE pipeline_id = $1 AND status = 'COMPLETED' AND count_record > 0 ORDER BY id DESC LIMIT 5) AS last",
    );
    pace.bind::<BigInt, _>(pipeline).get_result::<Pace>(connection).map(|row| row.pace)
}

#[derive(QueryableByName)]
struct Pace {
    #[diesel(sql_type = Nullable<Double>)]
    pace: Option<f64>,
}

pub(crate) fn status(connection: &mut PgConnection, id: JobId) -> QueryResult<Option<JobStatus>> {
    queue_backfill_data::table.find(id).select(queue_backfill_data::status).first(connection).optional()
}

fn parts_of(connection: &mut PgConnection, ids: &[JobId]) -> QueryResult<HashMap<JobId, Vec<NamedPart>>> {
    let kind = sql::<Text>("destinations.settings ->> 'type'");
    let parts: Vec<(JobDestination, String, DestinationKind)> = backfill_job_destinations::table
        .inner_join(destinations::table)
        .filter(backfill_job_destinations::job_id.eq_any(ids))
        .order((backfill_job_destinations::job_id, backfill_job_destinations::position))
        .select((JobDestination::as_select(), destinations::name, kind))
        .load(connection)?;
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for (part, name, kind) in parts {
        groups.entry(part.job_id).or_default().push(NamedPart { part, name, kind });
    }
    Ok(groups)
}

/// The active job that `uq_queue_backfill_data_active` holds against `job`.
pub(crate) fn active_like(connection: &mut PgConnection, job: &NewJob) -> QueryResult<Option<JobId>> {
    queue_backfill_data::table
        .filter(queue_backfill_data::pipeline_id.eq(job.pipeline_id))
        .filter(queue_backfill_data::table_name.eq(&job.table_name))
        .filter(sql::<Bool>("md5(filters::text) = md5((").bind::<Jsonb, _>(&job.filters).sql(")::text)"))
        .filter(queue_backfill_data::status.eq_any(ACTIVE))
        .select(queue_backfill_data::id)
        .first(connection)
        .optional()
}

/// The pipeline's active jobs.
pub(crate) fn active_of(connection: &mut PgConnection, pipeline: PipelineId) -> QueryResult<Vec<JobId>> {
    queue_backfill_data::table
        .filter(queue_backfill_data::pipeline_id.eq(pipeline))
        .filter(queue_backfill_data::status.eq_any(ACTIVE))
        .order(queue_backfill_data::id)
        .select(queue_backfill_data::id)
        .load(connection)
}

/// Changes a job; `false` if it does not exist.
pub(crate) fn change(connection: &mut PgConnection, id: JobId, change: &JobChange) -> QueryResult<bool> {
    let limits = serde_json::to_value(change.limits())
        .map_err(|error| DieselError::SerializationError(error.into()))?;
    let changed = sql_query(CHANGE)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<Integer>, _>(change.priority)
        .bind::<Nullable<Timestamptz>, _>(change.run_after)
        .bind::<Nullable<Integer>, _>(change.max_attempts)
        .bind::<Jsonb, _>(limits);
    Ok(changed.execute(connection)? > 0)
}

/// Deletes the job unless a daemon executes it; `false` if nothing was deleted.
pub(crate) fn delete_idle(connection: &mut PgConnection, id: JobId) -> QueryResult<bool> {
    let idle =
        queue_backfill_data::table.find(id).filter(queue_backfill_data::status.ne(JobStatus::Executing));
    Ok(diesel::delete(idle).execute(connection)? > 0)
}
