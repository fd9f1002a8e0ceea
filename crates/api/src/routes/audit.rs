//! `/audit` and `/backfill/{id}/events`

use actix_web::{
    get,
    web::{self, Data, Path},
};
use backfill_domain::{
    audit::{AuditAction, AuditEvent, AuditTarget},
    id::JobId,
};
use chrono::{DateTime, Utc};
use diesel::PgConnection;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::{Page, Query, separated},
    listing::Listing,
    problem::{Invalid, Unavailable, Unknown},
    repositories::audit::{self, EventFilter, EventOrder},
    services::backfill,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(of_job);
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Selection {
    /// Only these actions, separated by commas
    #[param(inline, style = Form, explode = false, example = json!(["deleted", "cancelled"]))]
    #[serde(default, deserialize_with = "separated")]
    action: Vec<AuditAction>,
    /// Only what was done to this kind of thing
    #[param(inline)]
    target: Option<AuditTarget>,
    /// Only what was done to the one with this id
    target_id: Option<i64>,
    /// Only what this actor did
    #[param(example = "anonymous")]
    actor: Option<String>,
    /// Only what was done at this moment or later
    since: Option<DateTime<Utc>>,
}

/// Search the audit trail
///
/// What was done, by whom, from where, by which request, to what, and what was different before and after. It is added to by
/// the metadata database with each change, and by nothing else.
#[utoipa::path(
    tag = "operation", operation_id = "list_audit_events", params(Selection, Page),
    responses((status = 200, description = "The latest first", body = Listing<AuditEvent>), Invalid, Unavailable)
)]
#[get("/audit")]
async fn list(
    database: Data<Database>,
    query: Query<Selection>,
    page: Page,
) -> Result<web::Json<Listing<AuditEvent>>, ApiError> {
    let Selection { action, target, target_id, actor, since } = query.0;
    let filter = EventFilter { actions: action, target, target_id, actor, since };
    let work =
        move |connection: &mut PgConnection| audit::list(connection, &filter, EventOrder::LatestFirst, page);
    Ok(web::Json(database.run(work).await?))
}

/// List what was done to a job
///
/// By people and by daemons, in order. It stays when the job is deleted.
#[utoipa::path(
    tag = "backfill", operation_id = "list_backfill_events", params(("id" = JobId, Path), Page),
    responses((status = 200, description = "The oldest first", body = Listing<AuditEvent>), Unknown, Invalid, Unavailable)
)]
#[get("/backfill/{id}/events")]
async fn of_job(
    database: Data<Database>,
    id: Path<JobId>,
    page: Page,
) -> Result<web::Json<Listing<AuditEvent>>, ApiError> {
    let id = id.into_inner();
    let filter =
        EventFilter { target: Some(AuditTarget::Job), target_id: Some(id.0), ..EventFilter::default() };
    let work =
        move |connection: &mut PgConnection| audit::list(connection, &filter, EventOrder::OldestFirst, page);
    let events = database.run(work).await?;
    // A job has had an event since it was created. One of an earlier version may have none.
    if events.total == 0 {
        database.run(move |connection| backfill::find(connection, id)).await?;
    }
    Ok(web::Json(events))
}
