//! Bodies.

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    web::{Bytes, BytesMut},
};
use backfill_domain::validation::FieldError;
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::field_error;
use crate::error::ApiError;

/// The largest body taken, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// A JSON body: 400 where it is no JSON, 422 with the path of the bad field where it is no `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let payload = payload.take();
        Box::pin(async move {
            if !is_json {
                return Err(ApiError::NotJson);
            }
            let body = read(payload).await?;
            let value = parse(&body)?;
            deserialize(value).map(Self).map_err(|error| ApiError::Invalid(vec![error]))
        })
    }
}

/// Whether the body is declared as JSON, or not declared at all.
fn is_json(request: &HttpRequest) -> bool {
    match request.mime_type() {
        Ok(Some(mime)) => mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json"),
        Ok(None) => true,
        Err(_) => false,
    }
}

async fn read(mut payload: Payload) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    while let Some(part) = payload.next().await {
        let part = part.map_err(|error| ApiError::Malformed(format!("the body cannot be read: {error}")))?;
        if body.len() + part.len() > MAX_BODY {
            return Err(ApiError::TooLarge { limit: MAX_BODY });
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

fn parse(body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::Malformed(format!("the body is no JSON: {error}")))
}

/// Reads `value` as a `T`, or tells which field is bad.
pub(crate) fn deserialize<T: DeserializeOwned>(value: Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(value).map_err(field_error)
}
