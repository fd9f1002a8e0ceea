//! HTTP: what is taken out of a request, which status the answer has, and how both are documented.

mod audit;
mod backfill;
mod campaigns;
pub(crate) mod dashboard;
mod destinations;
mod events;
mod fallback;
mod health;
mod metrics;
mod pipelines;
mod quarantine;
mod sources;
mod stats;
mod tasks;
mod throughput;
mod workers;

pub(crate) use fallback::{Fallback, bad_path};

use actix_web::{HttpResponse, http::header::LOCATION};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below `/api/v1`.
pub(crate) fn api(config: &mut ServiceConfig<'_>) {
    sources::routes(config);
    destinations::routes(config);
    pipelines::routes(config);
    backfill::routes(config);
    campaigns::routes(config);
    quarantine::routes(config);
    tasks::routes(config);
    workers::routes(config);
    stats::routes(config);
    throughput::routes(config);
    events::routes(config);
    audit::routes(config);
}

/// The routes for those who operate the service.
pub(crate) fn operations(config: &mut ServiceConfig<'_>) {
    health::routes(config);
    metrics::routes(config);
}

/// The answer to a request that created `body` at `location`.
fn created(location: &str, body: impl Serialize) -> HttpResponse {
    HttpResponse::Created().insert_header((LOCATION, location)).json(body)
}
