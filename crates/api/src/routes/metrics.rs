//! `/metrics`

use actix_web::{HttpResponse, get, web::Data};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database, error::ApiError, metrics::Metrics, repositories::stats::by_status,
    services::stats::Stats,
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find);
}

/// Get metrics in the text format of Prometheus
///
/// While the database is out of reach, `backfill_database_up` is 0 and the queue's figures are left out.
#[utoipa::path(
    tag = "operation", operation_id = "get_metrics",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain"))
)]
#[get("/metrics")]
async fn find(database: Data<Database>, metrics: Data<Metrics>) -> Result<HttpResponse, ApiError> {
    let stats = database.run(by_status).await.map(|figures| Stats::new(&figures));
    if let Err(error) = &stats {
        log::warn!("metrics without the queue's figures: {error}");
    }
    let text = metrics.render(stats.ok().as_ref(), database.connections())?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
