//! `/stats`

use actix_web::{
    get,
    web::{self, Data},
};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database, error::ApiError, problem::Unavailable, repositories::stats::by_status,
    services::stats::Stats,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find);
}

/// Get figures over the whole queue
#[utoipa::path(
    tag = "operation", operation_id = "get_stats",
    responses((status = 200, description = "The figures", body = Stats), Unavailable)
)]
#[get("/stats")]
async fn find(database: Data<Database>) -> Result<web::Json<Stats>, ApiError> {
    let figures = database.run(by_status).await?;
    Ok(web::Json(Stats::new(&figures)))
}
