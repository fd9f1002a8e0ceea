//! `/`: a page for those who open the service in a browser.

use actix_web::{HttpResponse, http::header::ContentType};

/// Shows the page.
pub(crate) async fn home() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(include_str!("home.html"))
}
