//! `/destinations`

use actix_web::{
    HttpResponse, delete, get, post, put,
    web::{self, Data, Path},
};
use backfill_domain::{
    connection_test::DestinationTest,
    destination::{DestinationKind, DestinationRequest, DestinationResponse, DestinationSettings},
    id::DestinationId,
    validation::FieldError,
};
use diesel::PgConnection;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::{self, Actor, Json, NameSearch, Page, Query},
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
        .service(test);
}

/// A [`DestinationRequest`] with its `config` still unread: reading it when its type is known gives errors their path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    r#type: DestinationKind,
    config: Value,
}

impl Body {
    fn validate(self) -> Result<DestinationRequest, ApiError> {
        let settings = match self.r#type {
            DestinationKind::Postgres => extract::deserialize(self.config).map(DestinationSettings::Postgres),
            DestinationKind::DuckDb => extract::deserialize(self.config).map(DestinationSettings::DuckDb),
            DestinationKind::Parquet => extract::deserialize(self.config).map(DestinationSettings::Parquet),
        };
        let settings = settings.map_err(|error| ApiError::Invalid(vec![within_config(error)]))?;
        let request = DestinationRequest { name: self.name, settings };
        let errors = request.validate();
        if errors.is_empty() { Ok(request) } else { Err(ApiError::Invalid(errors)) }
    }
}

fn within_config(error: FieldError) -> FieldError {
    let dot = if error.field.is_empty() { "" } else { "." };
    FieldError::new(format!("config{dot}{}", error.field), error.message)
}

/// Create a destination
///
/// No connection is made and no file; `POST /destinations/{id}/test` tries it.
#[utoipa::path(
    tag = "destinations", operation_id = "create_destination", request_body = DestinationRequest,
    responses((status = 201, description = "The destination", body = DestinationResponse), BadBody, Unavailable)
)]
#[post("/destinations")]
async fn create(database: Data<Database>, actor: Actor, body: Json<Body>) -> Result<HttpResponse, ApiError> {
    let DestinationRequest { name, settings } = body.0.validate()?;
    let work =
        move |connection: &mut PgConnection| repositories::destinations::insert(connection, &name, &settings);
    let destination = database.change(actor, work).await?;
    let location = format!("/api/v1/destinations/{}", destination.id);
    Ok(super::created(&location, DestinationResponse::new(destination)?))
}

/// List destinations
#[utoipa::path(
    tag = "destinations", operation_id = "list_destinations", params(NameSearch, Page),
    responses((status = 200, description = "By id", body = Listing<DestinationResponse>), Invalid, Unavailable)
)]
#[get("/destinations")]
async fn list(
    database: Data<Database>,
    names: Query<NameSearch>,
    page: Page,
) -> Result<web::Json<Listing<DestinationResponse>>, ApiError> {
    let work = move |connection: &mut PgConnection| {
        repositories::destinations::list(connection, &names.0.search, page)
    };
    let listing = database.run(work).await?;
    Ok(web::Json(listing.try_map(DestinationResponse::new)?))
}

/// Get a destination
#[utoipa::path(
    tag = "destinations", operation_id = "get_destination", params(("id" = DestinationId, Path)),
    responses((status = 200, description = "The destination", body = DestinationResponse), Unknown, Unavailable)
)]
#[get("/destinations/{id}")]
async fn find(
    database: Data<Database>,
    id: Path<DestinationId>,
) -> Result<web::Json<DestinationResponse>, ApiError> {
    let id = id.into_inner();
    let destination =
        database.run(move |connection| repositories::destinations::find(connection, id)).await?;
    let destination = destination.ok_or_else(|| ApiError::unknown("destination", id))?;
    Ok(web::Json(DestinationResponse::new(destination)?))
}

/// Replace a destination
///
/// A password that is left out stays as it is.
#[utoipa::path(
    tag = "destinations", operation_id = "replace_destination", params(("id" = DestinationId, Path)),
    request_body = DestinationRequest,
    responses((status = 200, description = "The destination", body = DestinationResponse), Unknown, BadBody, Unavailable)
)]
#[put("/destinations/{id}")]
async fn replace(
    database: Data<Database>,
    actor: Actor,
    id: Path<DestinationId>,
    body: Json<Body>,
) -> Result<web::Json<DestinationResponse>, ApiError> {
    let request = body.0.validate()?;
    let work = move |connection: &mut PgConnection| services::destinations::replace(connection, *id, request);
    Ok(web::Json(DestinationResponse::new(database.change(actor, work).await?)?))
}

/// Delete a destination that nothing uses
#[utoipa::path(
    tag = "destinations", operation_id = "delete_destination", params(("id" = DestinationId, Path)),
    responses((status = 204, description = "Deleted"), Unknown, Conflict, Unavailable)
)]
#[delete("/destinations/{id}")]
async fn remove(
    database: Data<Database>,
    actor: Actor,
    id: Path<DestinationId>,
) -> Result<HttpResponse, ApiError> {
    database.change(actor, move |connection| services::destinations::delete(connection, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Test whether backfills could write to a destination
///
/// Files are tested as the API's host sees them.
#[utoipa::path(
    tag = "destinations", operation_id = "test_destination", params(("id" = DestinationId, Path)),
    responses(
        (status = 200, description = "What the test found, also where it is out of reach", body = DestinationTest),
        Unknown, Unavailable
    )
)]
#[post("/destinations/{id}/test")]
async fn test(
    database: Data<Database>,
    id: Path<DestinationId>,
) -> Result<web::Json<DestinationTest>, ApiError> {
    Ok(web::Json(services::destinations::test(&database, *id).await?))
}

/// What a draft is a change of.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Draft {
    /// The destination whose password it has where it names none
    like: Option<DestinationId>,
}

/// Test a destination before it is stored
///
/// Takes what creates or replaces a destination, and stores nothing.
#[utoipa::path(
    tag = "destinations", operation_id = "test_destination_draft", params(Draft), request_body = DestinationRequest,
    responses(
        (status = 200, description = "What the test found, also where it is out of reach", body = DestinationTest),
        Unknown, BadBody, Unavailable
    )
)]
#[post("/destinations/test")]
async fn test_draft(
    database: Data<Database>,
    draft: Query<Draft>,
    body: Json<Body>,
) -> Result<web::Json<DestinationTest>, ApiError> {
    let request = body.0.validate()?;
    Ok(web::Json(services::destinations::test_draft(&database, request.settings, draft.0.like).await?))
}
