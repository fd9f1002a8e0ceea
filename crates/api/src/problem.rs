//! What a client receives when something is wrong: problem details for HTTP APIs, RFC 9457.

use actix_web::{HttpResponse, http::StatusCode};
use backfill_domain::validation::FieldError;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// What is wrong with a request, or with the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Names the kind of problem; it stays the same over versions.
    #[schema(example = "/problems/invalid")]
    pub(crate) r#type: &'static str,
    /// The kind of problem, for people.
    #[schema(example = "The request is well-formed but invalid")]
    pub(crate) title: &'static str,
    /// The response's status.
    #[schema(example = 422)]
    pub(crate) status: u16,
    /// What is wrong in this very case.
    pub(crate) detail: String,
    /// The bad fields, where the request has some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
}

impl Problem {
    /// The response that carries the problem.
    pub(crate) fn into_response(self, status: StatusCode) -> HttpResponse {
        let body = serde_json::to_string(&self).unwrap_or_default();
        HttpResponse::build(status).content_type(PROBLEM_JSON).body(body)
    }
}

/// Documents that a path's id may be unknown.
#[derive(IntoResponses)]
#[response(status = 404, description = "Unknown id", content_type = "application/problem+json")]
#[expect(dead_code, reason = "only documents a response")]
pub(crate) struct Unknown(Problem);

/// Documents that the state of things may forbid what was asked for.
#[derive(IntoResponses)]
#[response(
    status = 409,
    description = "Forbidden by the present state",
    content_type = "application/problem+json"
)]
#[expect(dead_code, reason = "only documents a response")]
pub(crate) struct Conflict(Problem);

/// Documents that parameters may be invalid, or that the source refuses what was asked for.
#[derive(IntoResponses)]
#[response(status = 422, description = "Well-formed but invalid", content_type = "application/problem+json")]
#[expect(dead_code, reason = "only documents a response")]
pub(crate) struct Invalid(Problem);

/// Documents what may be wrong with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only documents responses")]
pub(crate) enum BadBody {
    /// The body is no JSON
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// The body is larger than 1 MiB
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is declared as something other than JSON
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
    /// Well-formed but invalid
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// Documents that the metadata database may be out of reach.
#[derive(IntoResponses)]
#[response(
    status = 503,
    description = "The metadata database cannot be reached",
    content_type = "application/problem+json"
)]
#[expect(dead_code, reason = "only documents a response")]
pub(crate) struct Unavailable(Problem);
