//! The HTTP server.

use std::{
    io,
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpServer,
    dev::Server,
    middleware::from_fn,
    web::{self, Data, PathConfig},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};
use utoipa::OpenApi as _;
use utoipa_actix_web::{AppExt as _, scope};

use crate::{database::Database, metrics::Metrics, observe::observe, openapi, routes};

/// How the service ends.
#[derive(Debug, Clone, Copy)]
pub struct Shutdown {
    /// How long it goes on to serve, though it says that it is not ready.
    pub delay: Duration,
    /// How long requests may take that are being answered then.
    pub grace: Duration,
}

/// Whether the service has been told to stop.
#[derive(Default)]
pub(crate) struct Stopping(AtomicBool);

impl Stopping {
    fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The signals that end the service.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves on `listener` until SIGTERM or SIGINT. First of all, it says then that it is not ready; a second signal has it
/// wait no longer for load balancers to notice.
///
/// # Errors
/// If the server cannot be set up.
pub fn start(listener: TcpListener, database: Database, shutdown: Shutdown) -> io::Result<Server> {
    let (database, metrics) = (Data::new(database), Data::new(Metrics::new().map_err(io::Error::other)?));
    let (mut signals, stopping) = (Signals::new()?, Data::new(Stopping::default()));
    let told = stopping.clone();
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
            .app_data(stopping.clone())
            .app_data(PathConfig::default().error_handler(routes::bad_path))
            .route("/", web::get().to(routes::home))
            .configure(|config| openapi::routes(config, openapi))
            .default_service(web::to(move |request: HttpRequest| {
                let response = fallback.answer(&request);
                async { response }
            }))
            .wrap(from_fn(observe))
    });
    let server = server.shutdown_timeout(shutdown.grace.as_secs()).shutdown_signal(async move {
        signals.next().await;
        told.begin();
        tokio::select! {
            () = sleep(shutdown.delay) => {}
            () = signals.next() => {}
        }
    });
    Ok(server.listen(listener)?.run())
}
