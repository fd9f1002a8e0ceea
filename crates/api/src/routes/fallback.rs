//! What no route answers.

use std::rc::Rc;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    dev::ResourceDef,
    error::PathError,
    http::header::{ALLOW, HeaderValue},
};
use utoipa::openapi::{OpenApi, PathItem};

use crate::error::ApiError;

/// Tells a path that exists, but not with the request's method, from one that does not exist.
#[derive(Clone)]
pub(crate) struct Fallback {
    /// Each documented path with its methods, as the Allow header lists them.
    paths: Rc<Vec<(ResourceDef, String)>>,
}

impl Fallback {
    /// Knows the paths of `openapi`, which lists every route.
    pub(crate) fn new(openapi: &OpenApi) -> Self {
        let paths =
            openapi.paths.paths.iter().map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)));
        Self { paths: Rc::new(paths.collect()) }
    }

    /// The problem that `request` has.
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.path();
        let Some((_, methods)) = self.paths.iter().find(|(known, _)| known.is_match(path)) else {
            return ApiError::NotFound(format!("there is nothing at {path}")).error_response();
        };
        let detail = format!("{path} takes {methods}, not {}", request.method());
        let mut response = ApiError::MethodNotAllowed(detail).error_response();
        if let Ok(allow) = HeaderValue::from_str(methods) {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

fn methods(item: &PathItem) -> String {
    let operations = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
    let methods: Vec<_> =
        operations.iter().filter(|(_, operation)| operation.is_some()).map(|(name, _)| *name).collect();
    methods.join(", ")
}

/// An id in a path that is no number names nothing.
pub(crate) fn bad_path(_: PathError, request: &HttpRequest) -> actix_web::Error {
    ApiError::NotFound(format!("there is nothing at {}", request.path())).into()
}
