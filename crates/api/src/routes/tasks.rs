//! `/backfill/{id}/verify` and `/backfill/{id}/repair`

use actix_web::{
    post,
    web::{self, Data, Path},
};
use backfill_domain::{id::JobId, job::JobResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::Actor,
    problem::{Conflict, Invalid, Unavailable, Unknown},
    services::tasks,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(verify).service(repair);
}

/// Compare a job's destinations with the source
///
/// A COMPLETED job goes back into the queue. A daemon reads its chunks from the source once more and compares each with
/// what every destination holds of it; nothing is written. The job is COMPLETED again then, with `verified` for each
/// destination, and `differs` for each chunk. Rows that a table holds besides are not looked for; rows that the source
/// has changed since the copy differ. A job of `insert_missing` is refused, and one without a primary key, unless all of
/// its destinations are Parquet files.
#[utoipa::path(
    tag = "backfill", operation_id = "verify_backfill", params(("id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobResponse), Unknown, Conflict, Invalid, Unavailable)
)]
#[post("/backfill/{id}/verify")]
async fn verify(
    database: Data<Database>,
    actor: Actor,
    id: Path<JobId>,
) -> Result<web::Json<JobResponse>, ApiError> {
    Ok(web::Json(tasks::verify(&database, actor, *id).await?))
}

/// Mend the chunks of a job that differ
///
/// A COMPLETED job goes back into the queue. A daemon reads the chunks that the last look has found to differ, and writes
/// them once more, to the destinations that differ alone; each is proven before it is committed.
#[utoipa::path(
    tag = "backfill", operation_id = "repair_backfill", params(("id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobResponse), Unknown, Conflict, Unavailable)
)]
#[post("/backfill/{id}/repair")]
async fn repair(
    database: Data<Database>,
    actor: Actor,
    id: Path<JobId>,
) -> Result<web::Json<JobResponse>, ApiError> {
    Ok(web::Json(database.change(actor, move |connection| tasks::repair(connection, *id)).await?))
}
