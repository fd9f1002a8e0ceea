//! `/pipelines`

use actix_web::{
    HttpResponse, delete, get, post, put,
    web::{self, Data, Path},
};
use backfill_domain::{
    id::PipelineId,
    pipeline::{PipelineRequest, PipelineResponse},
};
use diesel::PgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, Json, NameSearch, Page, Query},
    listing::Listing,
    problem::{BadBody, Conflict, Invalid, Unavailable, Unknown},
    repositories, services,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list).service(find).service(replace).service(remove);
}

/// Create a pipeline
#[utoipa::path(
    tag = "pipelines", operation_id = "create_pipeline", request_body = PipelineRequest,
    responses((status = 201, description = "The pipeline", body = PipelineResponse), BadBody, Unavailable)
)]
#[post("/pipelines")]
async fn create(
    database: Data<Database>,
    actor: Actor,
    body: Json<PipelineRequest>,
) -> Result<HttpResponse, ApiError> {
    let pipeline =
        database.change(actor, move |connection| services::pipelines::create(connection, body.0)).await?;
    Ok(super::created(&format!("/api/v1/pipelines/{}", pipeline.id), pipeline))
}

/// List pipelines
#[utoipa::path(
    tag = "pipelines", operation_id = "list_pipelines", params(NameSearch, Page),
    responses((status = 200, description = "By id", body = Listing<PipelineResponse>), Invalid, Unavailable)
)]
#[get("/pipelines")]
async fn list(
    database: Data<Database>,
    names: Query<NameSearch>,
    page: Page,
) -> Result<web::Json<Listing<PipelineResponse>>, ApiError> {
    let work =
        move |connection: &mut PgConnection| repositories::pipelines::list(connection, &names.0.search, page);
    let listing = database.run(work).await?;
    Ok(web::Json(listing.map(|(pipeline, destinations)| PipelineResponse::new(pipeline, destinations))))
}

/// Get a pipeline
#[utoipa::path(
    tag = "pipelines", operation_id = "get_pipeline", params(("id" = PipelineId, Path)),
    responses((status = 200, description = "The pipeline", body = PipelineResponse), Unknown, Unavailable)
)]
#[get("/pipelines/{id}")]
async fn find(
    database: Data<Database>,
    id: Path<PipelineId>,
) -> Result<web::Json<PipelineResponse>, ApiError> {
    let id = id.into_inner();
    let pipeline = database.run(move |connection| repositories::pipelines::find(connection, id)).await?;
    let (pipeline, destinations) = pipeline.ok_or_else(|| ApiError::unknown("pipeline", id))?;
    Ok(web::Json(PipelineResponse::new(pipeline, destinations)))
}

/// Replace a pipeline
///
/// Jobs that it has already keep their source and destinations.
#[utoipa::path(
    tag = "pipelines", operation_id = "replace_pipeline", params(("id" = PipelineId, Path)),
    request_body = PipelineRequest,
    responses((status = 200, description = "The pipeline", body = PipelineResponse), Unknown, BadBody, Unavailable)
)]
#[put("/pipelines/{id}")]
async fn replace(
    database: Data<Database>,
    actor: Actor,
    id: Path<PipelineId>,
    body: Json<PipelineRequest>,
) -> Result<web::Json<PipelineResponse>, ApiError> {
    let work = move |connection: &mut PgConnection| services::pipelines::replace(connection, *id, body.0);
    Ok(web::Json(database.change(actor, work).await?))
}

/// Delete a pipeline and its finished jobs
#[utoipa::path(
    tag = "pipelines", operation_id = "delete_pipeline", params(("id" = PipelineId, Path)),
    responses((status = 204, description = "Deleted"), Unknown, Conflict, Unavailable)
)]
#[delete("/pipelines/{id}")]
async fn remove(
    database: Data<Database>,
    actor: Actor,
    id: Path<PipelineId>,
) -> Result<HttpResponse, ApiError> {
    database.change(actor, move |connection| services::pipelines::delete(connection, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
