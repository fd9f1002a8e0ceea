//! `/campaigns` and `/pipelines/{id}/campaigns`

use actix_web::{
    HttpResponse, delete, get, post,
    web::{self, Data, Path},
};
use backfill_domain::{
    campaign::{CampaignRequest, CampaignResponse, Coverage, RerunRequest},
    id::{CampaignId, PipelineId},
};
use serde_json::{Map, Value};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, Json, Page},
    listing::Listing,
    problem::{BadBody, Conflict, Invalid, Unavailable, Unknown},
    services::campaigns,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create)
        .service(list)
        .service(find)
        .service(coverage)
        .service(cancel)
        .service(pause)
        .service(resume)
        .service(verify)
        .service(repair)
        .service(rerun)
        .service(remove);
}

/// Create a campaign
///
/// Tables are cut into windows of time or ranges of keys, each of which is a job that any daemon may take. Beside the
/// fields below, the body takes those of a request for a backfill, for all tables. The source checks each table as for a
/// single job.
#[utoipa::path(
    tag = "campaigns", operation_id = "create_campaign", params(("id" = PipelineId, Path)),
    request_body = CampaignRequest,
    responses((status = 201, description = "The campaign", body = CampaignResponse), Unknown, Conflict, BadBody, Unavailable)
)]
#[post("/pipelines/{id}/campaigns")]
async fn create(
    database: Data<Database>,
    actor: Actor,
    id: Path<PipelineId>,
    body: Json<Map<String, Value>>,
) -> Result<HttpResponse, ApiError> {
    let campaign = campaigns::create(&database, actor, *id, body.0).await?;
    Ok(super::created(&format!("/api/v1/campaigns/{}", campaign.id), campaign))
}

/// List campaigns
#[utoipa::path(
    tag = "campaigns", operation_id = "list_campaigns", params(Page),
    responses((status = 200, description = "Newest first", body = Listing<CampaignResponse>), Invalid, Unavailable)
)]
#[get("/campaigns")]
async fn list(
    database: Data<Database>,
    page: Page,
) -> Result<web::Json<Listing<CampaignResponse>>, ApiError> {
    Ok(web::Json(database.run(move |connection| campaigns::list(connection, page)).await?))
}

/// Get a campaign, with the sums of its jobs
#[utoipa::path(
    tag = "campaigns", operation_id = "get_campaign", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The campaign", body = CampaignResponse), Unknown, Unavailable)
)]
#[get("/campaigns/{id}")]
async fn find(
    database: Data<Database>,
    id: Path<CampaignId>,
) -> Result<web::Json<CampaignResponse>, ApiError> {
    Ok(web::Json(database.run(move |connection| campaigns::find(connection, *id)).await?))
}

/// Get a campaign's calendar
///
/// Each window of each table, and what has become of it by its latest job.
#[utoipa::path(
    tag = "campaigns", operation_id = "get_campaign_coverage", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The calendar", body = Coverage), Unknown, Unavailable)
)]
#[get("/campaigns/{id}/coverage")]
async fn coverage(database: Data<Database>, id: Path<CampaignId>) -> Result<web::Json<Coverage>, ApiError> {
    Ok(web::Json(database.run(move |connection| campaigns::coverage(connection, *id)).await?))
}

/// Cancel a campaign
///
/// All its active jobs, as if each were cancelled. The answer does not wait for daemons to stop.
#[utoipa::path(
    tag = "campaigns", operation_id = "cancel_campaign", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The campaign", body = CampaignResponse), Unknown, Conflict, Unavailable)
)]
#[post("/campaigns/{id}/cancel")]
async fn cancel(
    database: Data<Database>,
    actor: Actor,
    id: Path<CampaignId>,
) -> Result<web::Json<CampaignResponse>, ApiError> {
    Ok(web::Json(database.change(actor, move |connection| campaigns::cancel(connection, *id)).await?))
}

/// Pause a campaign
///
/// All its jobs that wait or are executed, as if each were paused. The answer does not wait for daemons to stop.
#[utoipa::path(
    tag = "campaigns", operation_id = "pause_campaign", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The campaign", body = CampaignResponse), Unknown, Conflict, Unavailable)
)]
#[post("/campaigns/{id}/pause")]
async fn pause(
    database: Data<Database>,
    actor: Actor,
    id: Path<CampaignId>,
) -> Result<web::Json<CampaignResponse>, ApiError> {
    Ok(web::Json(database.change(actor, move |connection| campaigns::pause(connection, *id)).await?))
}

/// Resume a campaign
///
/// All its PAUSED, CANCELLED and FAILED jobs go back into the queue, and on behind their last chunks.
#[utoipa::path(
    tag = "campaigns", operation_id = "resume_campaign", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The campaign", body = CampaignResponse), Unknown, Conflict, Unavailable)
)]
#[post("/campaigns/{id}/resume")]
async fn resume(
    database: Data<Database>,
    actor: Actor,
    id: Path<CampaignId>,
) -> Result<web::Json<CampaignResponse>, ApiError> {
    Ok(web::Json(database.change(actor, move |connection| campaigns::resume(connection, *id)).await?))
}

/// Compare what a campaign has copied with the source
///
/// All its COMPLETED jobs, as if each were verified.
#[utoipa::path(
    tag = "campaigns", operation_id = "verify_campaign", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The campaign", body = CampaignResponse), Unknown, Conflict, Invalid, Unavailable)
)]
#[post("/campaigns/{id}/verify")]
async fn verify(
    database: Data<Database>,
    actor: Actor,
    id: Path<CampaignId>,
) -> Result<web::Json<CampaignResponse>, ApiError> {
    Ok(web::Json(campaigns::verify(&database, actor, *id).await?))
}

/// Mend the chunks of a campaign that differ
///
/// All its jobs with chunks that the last look has found to differ, as if each were repaired.
#[utoipa::path(
    tag = "campaigns", operation_id = "repair_campaign", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The campaign", body = CampaignResponse), Unknown, Conflict, Unavailable)
)]
#[post("/campaigns/{id}/repair")]
async fn repair(
    database: Data<Database>,
    actor: Actor,
    id: Path<CampaignId>,
) -> Result<web::Json<CampaignResponse>, ApiError> {
    Ok(web::Json(database.change(actor, move |connection| campaigns::repair(connection, *id)).await?))
}

/// Copy windows of a campaign once more
///
/// Each gets a new job, which begins anew. Rows that are there already are upserted; windows with rows at the
/// destinations are refused if the campaign appends.
#[utoipa::path(
    tag = "campaigns", operation_id = "rerun_campaign", params(("id" = CampaignId, Path)), request_body = RerunRequest,
    responses((status = 200, description = "The campaign", body = CampaignResponse), Unknown, Conflict, BadBody, Unavailable)
)]
#[post("/campaigns/{id}/rerun")]
async fn rerun(
    database: Data<Database>,
    actor: Actor,
    id: Path<CampaignId>,
    body: Json<RerunRequest>,
) -> Result<web::Json<CampaignResponse>, ApiError> {
    Ok(web::Json(campaigns::rerun(&database, actor, *id, body.0.only).await?))
}

/// Delete a campaign of which no job is executing
///
/// Its jobs go with it; what they have copied stays where it is.
#[utoipa::path(
    tag = "campaigns", operation_id = "delete_campaign", params(("id" = CampaignId, Path)),
    responses((status = 204, description = "Deleted"), Unknown, Conflict, Unavailable)
)]
#[delete("/campaigns/{id}")]
async fn remove(
    database: Data<Database>,
    actor: Actor,
    id: Path<CampaignId>,
) -> Result<HttpResponse, ApiError> {
    database.change(actor, move |connection| campaigns::delete(connection, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
