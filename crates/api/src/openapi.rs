//! The API's own description, made of the handlers' types.

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{self, ServiceConfig},
};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::problem::Problem;

/// What the description says besides routes and types.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Backfill",
        description = "Copies the history of PostgreSQL tables, on demand. Errors are `application/problem+json`."
    ),
    components(schemas(Problem)),
    tags(
        (name = "sources", description = "PostgreSQL servers to copy from"),
        (name = "destinations", description = "Places to copy to"),
        (name = "pipelines", description = "One source and the destinations that its history goes to"),
        (name = "backfill", description = "Jobs"),
        (name = "campaigns", description = "Backfills that are cut into windows, each a job of its own"),
        (name = "operation", description = "How the service, its daemons and its queue are")
    )
)]
pub(crate) struct Description;

/// Serves `openapi` and pages that show it.
pub(crate) fn routes(config: &mut ServiceConfig, openapi: utoipa::openapi::OpenApi) {
    config
        .route("/api/docs", web::get().to(to_docs))
        .service(SwaggerUi::new("/api/docs/{_:.*}").url("/api/openapi.json", openapi));
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/api/docs/")).finish()
}
