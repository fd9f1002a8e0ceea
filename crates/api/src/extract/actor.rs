//! Who sends a request.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header::X_FORWARDED_FOR, web::Data,
};

use crate::{error::ApiError, observe::RequestId};

/// Who changes something, as the audit trail has it. All that changes anything takes one.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// What they are known by. Nobody is known before there is authentication, which is to fill it.
    pub(crate) name: &'static str,
    /// The address that the request came from.
    pub(crate) address: Option<String>,
    /// The request's id, which is in the log, too.
    pub(crate) request_id: String,
}

/// How many proxies in front of the service add the address that they were called from to `X-Forwarded-For`. What was
/// there before is what a client says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrustedProxies(pub(crate) usize);

impl FromRequest for Actor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        let request_id = extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        ready(Ok(Self { name: "anonymous", address: address(request), request_id }))
    }
}

/// The address from which the outermost proxy that is trusted was called; without any, that of whoever is connected.
fn address(request: &HttpRequest) -> Option<String> {
    let proxies = request.app_data::<Data<TrustedProxies>>().map_or(0, |proxies| proxies.0);
    let forwarded = forwarded(request);
    match proxies.checked_sub(1).and_then(|place| forwarded.iter().rev().nth(place)) {
        Some(address) => Some(address.clone()),
        None => request.peer_addr().map(|address| address.ip().to_string()),
    }
}

/// The addresses in the header, in the order in which they were added.
fn forwarded(request: &HttpRequest) -> Vec<String> {
    let values = request.headers().get_all(X_FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let addresses = values.flat_map(|value| value.split(','));
    addresses.map(|address| address.trim().to_owned()).collect()
}
