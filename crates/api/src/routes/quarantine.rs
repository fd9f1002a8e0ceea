//! `/backfill/{id}/quarantine`

use actix_web::{
    get, post, put,
    web::{self, Data, Path},
};
use backfill_domain::{
    id::{EntryId, JobId},
    job::JobResponse,
    quarantine::{MendRequest, QuarantineEntry},
};
use diesel::PgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, Json, Page},
    listing::Listing,
    problem::{BadBody, Conflict, Invalid, Unavailable, Unknown},
    services::quarantine,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(mend).service(replay);
}

/// List a job's rows in quarantine
///
/// Rows with a value that a destination cannot hold, in columns whose policy is `quarantine`.
#[utoipa::path(
    tag = "backfill", operation_id = "list_quarantine", params(("id" = JobId, Path), Page),
    responses(
        (status = 200, description = "In the order in which they were set aside", body = Listing<QuarantineEntry>),
        Unknown, Invalid, Unavailable
    )
)]
#[get("/backfill/{id}/quarantine")]
async fn list(
    database: Data<Database>,
    id: Path<JobId>,
    page: Page,
) -> Result<web::Json<Listing<QuarantineEntry>>, ApiError> {
    let work = move |connection: &mut PgConnection| quarantine::list(connection, *id, page);
    Ok(web::Json(database.run(work).await?))
}

/// Mend a row in quarantine
///
/// The value takes the place of the one that cannot be held; the source must read it as one of the column's type.
#[utoipa::path(
    tag = "backfill", operation_id = "mend_quarantined", params(("id" = JobId, Path), ("entry" = EntryId, Path)),
    request_body = MendRequest,
    responses((status = 200, description = "The row", body = QuarantineEntry), Unknown, Conflict, BadBody, Unavailable)
)]
#[put("/backfill/{id}/quarantine/{entry}")]
async fn mend(
    database: Data<Database>,
    actor: Actor,
    path: Path<(JobId, EntryId)>,
    body: Json<MendRequest>,
) -> Result<web::Json<QuarantineEntry>, ApiError> {
    let (job, entry) = path.into_inner();
    Ok(web::Json(quarantine::mend(&database, actor, job, entry, body.0).await?))
}

/// Replay the mended rows of a job
///
/// A COMPLETED job goes back into the queue. A daemon writes its mended rows to their destinations, as one more chunk,
/// and copies nothing else.
#[utoipa::path(
    tag = "backfill", operation_id = "replay_quarantine", params(("id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobResponse), Unknown, Conflict, Unavailable)
)]
#[post("/backfill/{id}/quarantine/replay")]
async fn replay(
    database: Data<Database>,
    actor: Actor,
    id: Path<JobId>,
) -> Result<web::Json<JobResponse>, ApiError> {
    Ok(web::Json(database.change(actor, move |connection| quarantine::replay(connection, *id)).await?))
}
