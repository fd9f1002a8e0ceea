//! Gives each request an id, and logs and counts it.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use uuid::Uuid;

use crate::metrics::Metrics;

/// Carries a request's id, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken over from a client.
const MAX_ID_LENGTH: usize = 128;

/// The id of a request, kept with it.
pub(crate) struct RequestId(pub(crate) String);

pub(crate) async fn observe(
    metrics: Data<Metrics>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let start = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.call(request).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let took = start.elapsed();
    let status = response.status().as_u16();
    let request = response.request();
    let (method, path) = (request.method(), request.path());
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    metrics.observe(method.as_str(), &route, status, took);
    // The query string stays out: what a client puts there by mistake may be a secret.
    log::info!("{method} {path} {status} {:.1} ms, request {id}", took.as_secs_f64() * 1000.0);
    Ok(response)
}

/// The client's id if it can stand in a log line, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let usable = given
        .filter(|id| (1..=MAX_ID_LENGTH).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()));
    usable.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
