//! The HTTP server.

use std::{io, net::TcpListener};

use actix_web::{
    App, HttpRequest, HttpServer,
    dev::Server,
    middleware::from_fn,
    web::{self, Data, PathConfig},
};
use tokio::signal::unix::{SignalKind, signal};
use utoipa::OpenApi as _;
use utoipa_actix_web::{AppExt as _, scope};

use crate::{database::Database, metrics::Metrics, observe::observe, openapi, routes};

/// How long requests that are being answered may take when the service is told to stop, in seconds.
const SHUTDOWN_SECONDS: u64 = 10;

/// Serves on `listener` until SIGTERM or SIGINT.
///
/// # Errors
/// If the server cannot be set up.
pub fn start(listener: TcpListener, database: Database) -> io::Result<Server> {
    let (database, metrics) = (Data::new(database), Data::new(Metrics::new().map_err(io::Error::other)?));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = HttpServer::new(move || {
        let (app, openapi) = App::new()
            .into_utoipa_app()
            .openapi(openapi::Description::openapi())
            .service(scope::scope("/api/v1").configure(routes::api))
            .configure(routes::operations)
            .split_for_parts();
        let fallback = routes::Fallback::new(&openapi);
        app.app_data(database.clone())
            .app_data(metrics.clone())
            .app_data(PathConfig::default().error_handler(routes::bad_path))
            .route("/", web::get().to(routes::home))
            .configure(|config| openapi::routes(config, openapi))
            .default_service(web::to(move |request: HttpRequest| {
                let response = fallback.answer(&request);
                async { response }
            }))
            .wrap(from_fn(observe))
    });
    let server = server.shutdown_timeout(SHUTDOWN_SECONDS).shutdown_signal(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    Ok(server.listen(listener)?.run())
}
