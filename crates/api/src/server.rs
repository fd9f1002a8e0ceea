//! The HTTP server.

use std::{io, net::TcpListener, time::Duration};

use actix_web::{
    App, HttpRequest, HttpServer,
    dev::{Server, ServiceFactory, ServiceRequest},
    middleware::{Compress, from_fn},
    web::{self, Data, PathConfig},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::sleep,
};
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_actix_web::{AppExt as _, scope};

pub use crate::routes::dashboard::Dashboard;
use crate::{
    database::Database, extract::TrustedProxies, feed::Feed, metrics::Metrics, observe::observe, openapi,
    routes,
};

/// How the service ends.
#[derive(Debug, Clone, Copy)]
pub struct Shutdown {
    /// How long it goes on to serve, though it says that it is not ready.
    pub delay: Duration,
    /// How long requests may take that are being answered then.
    pub grace: Duration,
}

/// What the server is told.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How it ends.
    pub shutdown: Shutdown,
    /// How many proxies in front of it add to `X-Forwarded-For`.
    pub trusted_proxies: usize,
}

/// Whether the service has been told to stop.
#[derive(Default)]
pub(crate) struct Stopping(watch::Sender<bool>);

impl Stopping {
    fn begin(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it has.
    pub(crate) async fn begun(&self) {
        // The sender outlives the wait, so that there always is an answer.
        drop(self.0.subscribe().wait_for(|has_begun| *has_begun).await);
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

/// `app` with all routes, and their description.
fn described<T>(app: App<T>) -> (App<T>, OpenApi)
where
    T: ServiceFactory<ServiceRequest, Config = (), Error = actix_web::Error, InitError = ()>,
{
    app.into_utoipa_app()
        .openapi(openapi::Description::openapi())
        .service(scope::scope("/api/v1").configure(routes::api))
        .configure(routes::operations)
        .split_for_parts()
}

/// What the service says of its routes, in JSON that is made for people to read.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn description() -> serde_json::Result<String> {
    described(App::new()).1.to_pretty_json()
}

/// Serves on `listener` until SIGTERM or SIGINT. First of all, it says then that it is not ready; a second signal has it
/// wait no longer for load balancers to notice.
///
/// # Errors
/// If the server cannot be set up.
pub fn start(
    listener: TcpListener,
    database: Database,
    dashboard: Dashboard,
    settings: Settings,
) -> io::Result<Server> {
    let (mut signals, stopping) = (Signals::new()?, Data::new(Stopping::default()));
    let feed = Data::new(Feed::new(database.clone(), stopping.clone()));
    let (database, metrics) = (Data::new(database), Data::new(Metrics::new().map_err(io::Error::other)?));
    let (told, proxies) = (stopping.clone(), Data::new(TrustedProxies(settings.trusted_proxies)));
    let server = HttpServer::new(move || {
        let (app, openapi) = described(App::new());
        let (fallback, dashboard) = (routes::Fallback::new(&openapi), dashboard.clone());
        app.app_data(database.clone())
            .app_data(metrics.clone())
            .app_data(stopping.clone())
            .app_data(feed.clone())
            .app_data(proxies.clone())
            .app_data(PathConfig::default().error_handler(routes::bad_path))
            .configure(|config| openapi::routes(config, openapi))
            .default_service(web::to(move |request: HttpRequest| {
                let (fallback, dashboard) = (fallback.clone(), dashboard.clone());
                async move {
                    let shown = dashboard.answer(&request).await;
                    shown.unwrap_or_else(|| fallback.answer(&request))
                }
            }))
            .wrap(Compress::default())
            .wrap(from_fn(observe))
    });
    let shutdown = settings.shutdown;
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
