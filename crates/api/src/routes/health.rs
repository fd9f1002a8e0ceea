//! `/health`

use actix_web::{
    get,
    web::{self, Data},
};
use backfill_domain::migration;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{database::Database, error::ApiError, problem::Unavailable, server::Stopping};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(live).service(ready);
}

/// How the service is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`; anything else is a problem with another status.
    #[schema(example = "ok")]
    status: &'static str,
    /// What was checked and found to be well.
    #[schema(example = json!(["database", "migrations"]))]
    checks: &'static [&'static str],
}

/// Tell whether the process answers
#[utoipa::path(tag = "operation", responses((status = 200, description = "It does", body = Health)))]
#[get("/health/live")]
async fn live() -> web::Json<Health> {
    web::Json(Health { status: "ok", checks: &[] })
}

/// Tell whether the service can serve requests
#[utoipa::path(
    tag = "operation",
    responses((status = 200, description = "The database answers and is migrated, and the service has not been told to stop", body = Health), Unavailable)
)]
#[get("/health/ready")]
async fn ready(database: Data<Database>, stopping: Data<Stopping>) -> Result<web::Json<Health>, ApiError> {
    if stopping.has_begun() {
        return Err(ApiError::Stopping);
    }
    let is_current = database.run(migration::is_current).await?;
    if !is_current {
        return Err(ApiError::NotMigrated);
    }
    Ok(web::Json(Health { status: "ok", checks: &["database", "migrations"] }))
}
