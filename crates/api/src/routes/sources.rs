//! `/sources`

use actix_web::{
    HttpResponse, delete, get, post, put,
    web::{self, Data, Path},
};
use backfill_domain::{
    catalog::Table,
    connection_test::SourceTest,
    id::SourceId,
    source::{SourceRequest, SourceResponse},
};
use diesel::PgConnection;
use serde::Deserialize;
use utoipa::IntoParams;
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
    config
        .service(test_draft)
        .service(create)
        .service(list)
        .service(find)
        .service(replace)
        .service(remove)
        .service(test)
        .service(tables);
}

/// Create a source
///
/// No connection is made; `POST /sources/{id}/test` tries one.
#[utoipa::path(
    tag = "sources", operation_id = "create_source", request_body = SourceRequest,
    responses((status = 201, description = "The source", body = SourceResponse), BadBody, Unavailable)
)]
#[post("/sources")]
async fn create(
    database: Data<Database>,
    actor: Actor,
    body: Json<SourceRequest>,
) -> Result<HttpResponse, ApiError> {
    let source = body.0.validate().map_err(ApiError::Invalid)?;
    let source =
        database.change(actor, move |connection| services::sources::create(connection, &source)).await?;
    Ok(super::created(&format!("/api/v1/sources/{}", source.id), SourceResponse::from(source)))
}

/// List sources
#[utoipa::path(
    tag = "sources", operation_id = "list_sources", params(NameSearch, Page),
    responses((status = 200, description = "By id", body = Listing<SourceResponse>), Invalid, Unavailable)
)]
#[get("/sources")]
async fn list(
    database: Data<Database>,
    names: Query<NameSearch>,
    page: Page,
) -> Result<web::Json<Listing<SourceResponse>>, ApiError> {
    let work =
        move |connection: &mut PgConnection| repositories::sources::list(connection, &names.0.search, page);
    let sources = database.run(work).await?;
    Ok(web::Json(sources.map(SourceResponse::from)))
}

/// Get a source
#[utoipa::path(
    tag = "sources", operation_id = "get_source", params(("id" = SourceId, Path)),
    responses((status = 200, description = "The source", body = SourceResponse), Unknown, Unavailable)
)]
#[get("/sources/{id}")]
async fn find(database: Data<Database>, id: Path<SourceId>) -> Result<web::Json<SourceResponse>, ApiError> {
    let id = id.into_inner();
    let source = database.run(move |connection| repositories::sources::find(connection, id)).await?;
    let source = source.ok_or_else(|| ApiError::unknown("source", id))?;
    Ok(web::Json(source.into()))
}

/// Replace a source
///
/// A password that is left out stays as it is.
#[utoipa::path(
    tag = "sources", operation_id = "replace_source", params(("id" = SourceId, Path)), request_body = SourceRequest,
    responses((status = 200, description = "The source", body = SourceResponse), Unknown, BadBody, Unavailable)
)]
#[put("/sources/{id}")]
async fn replace(
    database: Data<Database>,
    actor: Actor,
    id: Path<SourceId>,
    body: Json<SourceRequest>,
) -> Result<web::Json<SourceResponse>, ApiError> {
    let id = id.into_inner();
    let source = body.0.validate().map_err(ApiError::Invalid)?;
    let source =
        database.change(actor, move |connection| services::sources::replace(connection, id, &source)).await?;
    Ok(web::Json(source.into()))
}

/// Delete a source that nothing uses
#[utoipa::path(
    tag = "sources", operation_id = "delete_source", params(("id" = SourceId, Path)),
    responses((status = 204, description = "Deleted"), Unknown, Conflict, Unavailable)
)]
#[delete("/sources/{id}")]
async fn remove(
    database: Data<Database>,
    actor: Actor,
    id: Path<SourceId>,
) -> Result<HttpResponse, ApiError> {
    database.change(actor, move |connection| services::sources::delete(connection, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Test whether backfills could read from a source
#[utoipa::path(
    tag = "sources", operation_id = "test_source", params(("id" = SourceId, Path)),
    responses(
        (status = 200, description = "What the test found, also where the source is out of reach", body = SourceTest),
        Unknown, Unavailable
    )
)]
#[post("/sources/{id}/test")]
async fn test(database: Data<Database>, id: Path<SourceId>) -> Result<web::Json<SourceTest>, ApiError> {
    Ok(web::Json(services::sources::test(&database, *id).await?))
}

/// What a draft is a change of.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Draft {
    /// The source whose password and limits it has where it names none
    like: Option<SourceId>,
}

/// Test a source before it is stored
///
/// Takes what creates or replaces a source, and stores nothing.
#[utoipa::path(
    tag = "sources", operation_id = "test_source_draft", params(Draft), request_body = SourceRequest,
    responses(
        (status = 200, description = "What the test found, also where the source is out of reach", body = SourceTest),
        Unknown, BadBody, Unavailable
    )
)]
#[post("/sources/test")]
async fn test_draft(
    database: Data<Database>,
    draft: Query<Draft>,
    body: Json<SourceRequest>,
) -> Result<web::Json<SourceTest>, ApiError> {
    let source = body.0.validate().map_err(ApiError::Invalid)?;
    Ok(web::Json(services::sources::test_draft(&database, source, draft.0.like).await?))
}

/// List a source's tables and views
#[utoipa::path(
    tag = "sources", operation_id = "list_tables", params(("id" = SourceId, Path), Page),
    responses(
        (status = 200, description = "By schema and name", body = Listing<Table>),
        Unknown, Invalid, Unavailable
    )
)]
#[get("/sources/{id}/tables")]
async fn tables(
    database: Data<Database>,
    id: Path<SourceId>,
    page: Page,
) -> Result<web::Json<Listing<Table>>, ApiError> {
    Ok(web::Json(services::sources::tables(&database, *id, page).await?))
}
