//! `/backfill` and `/pipelines/{id}/backfill`

use actix_web::{
    HttpResponse, delete, get, patch, post,
    web::{self, Data, Path},
};
use backfill_domain::{
    chunk::Chunk,
    id::{CampaignId, JobId, PipelineId, SourceId},
    job::{BackfillRequest, JobChange, JobResponse, JobStatus},
};
use diesel::PgConnection;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, Json, Page, Query, separated},
    listing::Listing,
    problem::{BadBody, Conflict, Invalid, Unavailable, Unknown},
    repositories::{
        search::{JobFilter, JobSort},
        stop::Stop,
    },
    services::{self, preview::Preview},
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(preview)
        .service(list_of_pipeline)
        .service(list)
        .service(find)
        .service(change)
        .service(remove)
        .service(cancel)
        .service(pause)
        .service(resume)
        .service(chunks);
}

/// Create a backfill job
///
/// The source checks table, columns, operators and values before the job is queued.
#[utoipa::path(
    tag = "backfill", operation_id = "create_backfill", params(("id" = PipelineId, Path)),
    request_body = BackfillRequest,
    responses((status = 201, description = "The job", body = JobResponse), Unknown, Conflict, BadBody, Unavailable)
)]
#[post("/pipelines/{id}/backfill")]
async fn create(
    database: Data<Database>,
    actor: Actor,
    id: Path<PipelineId>,
    body: Json<BackfillRequest>,
) -> Result<HttpResponse, ApiError> {
    let job = services::backfill::create(&database, actor, *id, body.0).await?;
    Ok(super::created(&format!("/api/v1/backfill/{}", job.id), job))
}

/// Preview a backfill
///
/// What a job would do with the same request: plan, guarantee, queries, estimates, what it would make at each
/// destination, some rows, warnings. Nothing is written, and estimates come from statistics. A destination that does
/// not answer within five seconds is a warning.
#[utoipa::path(
    tag = "backfill", operation_id = "preview_backfill", params(("id" = PipelineId, Path)),
    request_body = BackfillRequest,
    responses((status = 200, description = "The preview", body = Preview), Unknown, BadBody, Unavailable)
)]
#[post("/pipelines/{id}/backfill/preview")]
async fn preview(
    database: Data<Database>,
    id: Path<PipelineId>,
    body: Json<BackfillRequest>,
) -> Result<web::Json<Preview>, ApiError> {
    Ok(web::Json(services::preview::preview(&database, *id, body.0).await?))
}

/// List a pipeline's jobs
#[utoipa::path(
    tag = "backfill", operation_id = "list_pipeline_backfills", params(("id" = PipelineId, Path), Page),
    responses(
        (status = 200, description = "Newest first", body = Listing<JobResponse>),
        Unknown, Invalid, Unavailable
    )
)]
#[get("/pipelines/{id}/backfill")]
async fn list_of_pipeline(
    database: Data<Database>,
    id: Path<PipelineId>,
    page: Page,
) -> Result<web::Json<Listing<JobResponse>>, ApiError> {
    let work =
        move |connection: &mut PgConnection| services::backfill::list_of_pipeline(connection, *id, page);
    Ok(web::Json(database.run(work).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct JobParameters {
    /// Only jobs in these states, separated by commas
    #[param(inline, style = Form, explode = false, example = json!(["FAILED", "PAUSED"]))]
    #[serde(default, deserialize_with = "separated")]
    status: Vec<JobStatus>,
    /// Only jobs of this pipeline
    #[param(inline)]
    pipeline_id: Option<PipelineId>,
    /// Only jobs that copy from this source
    #[param(inline)]
    source_id: Option<SourceId>,
    /// Only jobs of this campaign
    #[param(inline)]
    campaign_id: Option<CampaignId>,
    /// Only jobs on this table, named as jobs name it
    #[param(example = "public.orders")]
    table: Option<String>,
    /// Only jobs whose table or pipeline is called something with this in it, in any case, and the job with this id
    search: Option<String>,
    /// In which order
    #[param(inline)]
    #[serde(default)]
    sort: JobSort,
}

/// List jobs
#[utoipa::path(
    tag = "backfill", operation_id = "list_backfills", params(JobParameters, Page),
    responses((status = 200, description = "In the order asked for", body = Listing<JobResponse>), Invalid, Unavailable)
)]
#[get("/backfill")]
async fn list(
    database: Data<Database>,
    query: Query<JobParameters>,
    page: Page,
) -> Result<web::Json<Listing<JobResponse>>, ApiError> {
    let JobParameters { status, pipeline_id, source_id, campaign_id, table, search, sort } = query.0;
    let filter = JobFilter {
        pipeline: pipeline_id,
        source: source_id,
        campaign: campaign_id,
        table,
        statuses: status,
        search,
    };
    let work = move |connection: &mut PgConnection| services::backfill::list(connection, &filter, sort, page);
    Ok(web::Json(database.run(work).await?))
}

/// Get a job
#[utoipa::path(
    tag = "backfill", operation_id = "get_backfill", params(("id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobResponse), Unknown, Unavailable)
)]
#[get("/backfill/{id}")]
async fn find(database: Data<Database>, id: Path<JobId>) -> Result<web::Json<JobResponse>, ApiError> {
    Ok(web::Json(database.run(move |connection| services::backfill::find(connection, *id)).await?))
}

/// Change a job
///
/// What it waits for, how often it is tried and how fast it reads. One that runs heeds it before its next chunk, one that has
/// ended when it is taken up again. A field that is absent stays as it is.
#[utoipa::path(
    tag = "backfill", operation_id = "change_backfill", params(("id" = JobId, Path)), request_body = JobChange,
    responses((status = 200, description = "The job", body = JobResponse), Unknown, BadBody, Unavailable)
)]
#[patch("/backfill/{id}")]
async fn change(
    database: Data<Database>,
    actor: Actor,
    id: Path<JobId>,
    body: Json<JobChange>,
) -> Result<web::Json<JobResponse>, ApiError> {
    let work = move |connection: &mut PgConnection| services::backfill::change(connection, *id, &body.0);
    Ok(web::Json(database.change(actor, work).await?))
}

/// Delete a job that is not executing
///
/// What it has copied stays where it is.
#[utoipa::path(
    tag = "backfill", operation_id = "delete_backfill", params(("id" = JobId, Path)),
    responses((status = 204, description = "Deleted"), Unknown, Conflict, Unavailable)
)]
#[delete("/backfill/{id}")]
async fn remove(database: Data<Database>, actor: Actor, id: Path<JobId>) -> Result<HttpResponse, ApiError> {
    database.change(actor, move |connection| services::backfill::delete(connection, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Cancel a job
///
/// For an executing job, the answer waits up to 3 seconds for its daemon to stop. If that takes longer, the job is
/// still EXECUTING, and `cancel_requested_at` tells that it was asked to stop.
#[utoipa::path(
    tag = "backfill", operation_id = "cancel_backfill", params(("id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobResponse), Unknown, Conflict, Unavailable)
)]
#[post("/backfill/{id}/cancel")]
async fn cancel(
    database: Data<Database>,
    actor: Actor,
    id: Path<JobId>,
) -> Result<web::Json<JobResponse>, ApiError> {
    Ok(web::Json(services::stop::stop(&database, actor, *id, Stop::Cancel).await?))
}

/// Pause a job
///
/// A PENDING job is PAUSED at once. The daemon of an executing one stops behind the chunk at hand, and the answer waits up
/// to 3 seconds for it; if that takes longer, the job is still EXECUTING, and `pause_requested_at` tells that it was asked
/// to stop.
#[utoipa::path(
    tag = "backfill", operation_id = "pause_backfill", params(("id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobResponse), Unknown, Conflict, Unavailable)
)]
#[post("/backfill/{id}/pause")]
async fn pause(
    database: Data<Database>,
    actor: Actor,
    id: Path<JobId>,
) -> Result<web::Json<JobResponse>, ApiError> {
    Ok(web::Json(services::stop::stop(&database, actor, *id, Stop::Pause).await?))
}

/// Resume a job
///
/// A PAUSED, CANCELLED or FAILED job goes back into the queue, and on behind its last chunk. One without a primary key
/// begins its table anew.
#[utoipa::path(
    tag = "backfill", operation_id = "resume_backfill", params(("id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobResponse), Unknown, Conflict, Unavailable)
)]
#[post("/backfill/{id}/resume")]
async fn resume(
    database: Data<Database>,
    actor: Actor,
    id: Path<JobId>,
) -> Result<web::Json<JobResponse>, ApiError> {
    Ok(web::Json(
        database.change(actor, move |connection| services::resumption::resume(connection, *id)).await?,
    ))
}

/// List a job's chunks
#[utoipa::path(
    tag = "backfill", operation_id = "list_chunks", params(("id" = JobId, Path), Page<1000>),
    responses((status = 200, description = "By number", body = Listing<Chunk>), Unknown, Invalid, Unavailable)
)]
#[get("/backfill/{id}/chunks")]
async fn chunks(
    database: Data<Database>,
    id: Path<JobId>,
    page: Page<1000>,
) -> Result<web::Json<Listing<Chunk>>, ApiError> {
    let work = move |connection: &mut PgConnection| services::backfill::chunks(connection, *id, page);
    Ok(web::Json(database.run(work).await?))
}
