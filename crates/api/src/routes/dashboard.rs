//! The dashboard: its built files, and its page wherever within it a browser is led to.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use actix_files::{NamedFile, PathBufWrap};
use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    http::{
        Method,
        header::{
            ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, HeaderMap, HeaderName, HeaderValue,
            REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
    },
};

use crate::{database::blocking, error::ApiError};

/// The element of the page that says where the service is, for those who build it: at the root.
const BASE: &str = "<base href=\"/\"";

/// Everything comes from the service itself, and nobody shows it within a page of theirs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'self'; frame-ancestors 'none'; object-src 'none'",
);

/// What is sent with all of the service's own pages.
const STRICT: [(HeaderName, HeaderValue); 2] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Names of files below `assets/` have a digest of what is in them.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Anything else is asked for again, and answered with 304 while it is the same.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Where the built dashboard is, and where its readers reach it.
#[derive(Debug, Clone)]
pub struct Dashboard {
    folder: Option<PathBuf>,
    base_path: String,
}

impl Dashboard {
    /// The dashboard in `folder`, or in place of it a page that leads to the rest of the service. `base_path` begins and ends
    /// with a slash.
    ///
    /// # Errors
    /// If there is no dashboard in the folder.
    pub fn new(folder: Option<PathBuf>, base_path: String) -> io::Result<Self> {
        if let Some(folder) = &folder {
            let page = folder.join("index.html");
            fs::metadata(&page)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", page.display())))?;
        }
        Ok(Self { folder, base_path })
    }

    /// What is shown for a request that no route answers; `None` if that is nothing of the dashboard's.
    pub(crate) async fn answer(&self, request: &HttpRequest) -> Option<HttpResponse> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let path = request.path();
        match &self.folder {
            None => (path == "/").then(home),
            Some(folder) if path == "/" || path == "/index.html" => Some(self.page(folder).await),
            Some(folder) => match file(folder, request).await {
                Some(response) => Some(response),
                None if is_view(request) => Some(self.page(folder).await),
                None => None,
            },
        }
    }

    /// The page, which finds everything else from where its readers reach the service. It is read each time: it may have
    /// been built anew.
    async fn page(&self, folder: &Path) -> HttpResponse {
        let path = folder.join("index.html");
        let page = match blocking(move || fs::read_to_string(path).map_err(ApiError::Dashboard)).await {
            Ok(page) => page.replacen(BASE, &format!("<base href=\"{}\"", self.base_path), 1),
            Err(error) => return error.error_response(),
        };
        let mut response = HttpResponse::Ok().content_type(ContentType::html()).body(page);
        protect(response.headers_mut());
        response.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
        response
    }
}

/// The file that the request names, if there is one. A path that leads out of the folder names none.
async fn file(folder: &Path, request: &HttpRequest) -> Option<HttpResponse> {
    let path = request.path();
    let within = PathBufWrap::from_str(path).ok()?;
    let file = NamedFile::open_async(folder.join(within)).await.ok()?;
    if !file.metadata().is_file() {
        return None;
    }
    let mut response = file.prefer_utf8(true).into_response(request);
    protect(response.headers_mut());
    let caching = if path.starts_with("/assets/") { FOR_EVER } else { ASK_AGAIN };
    response.headers_mut().insert(CACHE_CONTROL, caching);
    Some(response)
}

/// Whether a browser wants to show what is at a path that may be one of the dashboard's views.
fn is_view(request: &HttpRequest) -> bool {
    const OTHERS: [&str; 4] = ["api", "assets", "health", "metrics"];
    let first = request.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    let accepted = request.headers().get(ACCEPT).and_then(|accepted| accepted.to_str().ok());
    !OTHERS.contains(&first) && accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn protect(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    be_strict(headers);
}

fn be_strict(headers: &mut HeaderMap) {
    for (name, value) in STRICT {
        headers.insert(name, value);
    }
}

/// A page for those who open the service in a browser though it has no dashboard.
fn home() -> HttpResponse {
    let mut response = HttpResponse::Ok().content_type(ContentType::html()).body(include_str!("home.html"));
    be_strict(response.headers_mut());
    response
}
