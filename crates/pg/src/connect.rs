//! Connections and their session settings.

use std::time::Duration;

use backfill_domain::source::{ConnectionSettings, SslMode};
use postgres::NoTls;
use tokio_postgres::{CancelToken, Config, config};

use crate::{
    client::{Client, runtime},
    error::PgError,
    tls::accept_any_certificate,
};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the network may stay silent about what was sent before the connection counts as broken.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

/// Makes every value's text form exact and the same on every server, whatever the database or the role is set to.
/// An empty search_path has names of user-defined types come with their schema, and no function be shadowed.
const SESSION: &str = "SET search_path = ''; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; \
     SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = 'hex'; SET xmloption = 'content'; \
     SET client_encoding = 'UTF8'; SET lc_monetary = 'C'; SET standard_conforming_strings = on; SET client_min_messages = warning";

/// Connects; the server shows the connection under `application_name`.
///
/// # Errors
/// If the server cannot be reached, or refuses the user, the password, the database or the encryption.
pub fn connect(settings: &ConnectionSettings, application_name: &str) -> Result<Client, PgError> {
    let at_connect = |error| PgError::Connect { address: address(settings), error };
    let config = config_of(settings, application_name);
    let client = match settings.sslmode {
        SslMode::Disable => Client::open(&config, NoTls),
        SslMode::Prefer | SslMode::Require => match accept_any_certificate() {
            Ok(tls) => Client::open(&config, tls),
            // Only a build without any protocol version gets here: what it can do is connect in the clear or refuse.
            Err(_) => Client::open(&config, NoTls),
        },
    };
    let mut client = client?.map_err(at_connect)?;
    client.batch_execute(SESSION).map_err(at_connect)?;
    Ok(client)
}

fn address(settings: &ConnectionSettings) -> String {
    format!("{}:{}/{}", settings.host, settings.port, settings.database)
}

fn config_of(settings: &ConnectionSettings, application_name: &str) -> Config {
    let mut config = Config::new();
    config
        .host(&settings.host)
        .port(settings.port)
        .dbname(&settings.database)
        .user(&settings.username)
        .application_name(application_name)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(TCP_USER_TIMEOUT)
        .keepalives_idle(Duration::from_secs(30))
        .keepalives_interval(Duration::from_secs(10))
        .ssl_mode(match settings.sslmode {
            SslMode::Disable => config::SslMode::Disable,
            SslMode::Prefer => config::SslMode::Prefer,
            SslMode::Require => config::SslMode::Require,
        });
    if let Some(password) = &settings.password {
        config.password(password.reveal());
    }
    config
}

/// Cancels the query that a connection runs, from another thread.
#[derive(Clone)]
pub struct CancelHandle {
    token: CancelToken,
    sslmode: SslMode,
}

impl CancelHandle {
    /// A handle on `client`, which was connected with `settings`.
    pub fn new(client: &Client, settings: &ConnectionSettings) -> Self {
        Self { token: client.cancel_token(), sslmode: settings.sslmode }
    }

    /// Asks the server to cancel what the connection runs now, if it runs anything.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub fn cancel(&self) -> Result<(), PgError> {
        let runtime = runtime()?;
        let cancelled = match (self.sslmode, accept_any_certificate()) {
            (SslMode::Prefer | SslMode::Require, Ok(tls)) => runtime.block_on(self.token.cancel_query(tls)),
            _ => runtime.block_on(self.token.cancel_query(NoTls)),
        };
        Ok(cancelled?)
    }
}
