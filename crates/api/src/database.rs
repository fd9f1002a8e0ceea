//! The metadata database: its migration at the start, and the pool that every request draws from.

use std::{
    thread,
    time::{Duration, Instant},
};

use actix_web::web;
use backfill_domain::{
    metadata::{DURABLE, with_timeouts},
    migration::{self, MigrationError},
    secret::{self, Keep, StoredError},
};
use diesel::{
    Connection, ConnectionError, PgConnection,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, CustomizeConnection, Pool},
};

use crate::{error::ApiError, extract::Actor, repositories::audit};

/// How long a start waits for a database that is still starting itself.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two attempts to reach it.
const START_PAUSE: Duration = Duration::from_secs(1);

/// How long a request waits for a connection before it is answered 503.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections of one replica. Requests are short: ten serve hundreds a second.
const POOL_SIZE: u32 = 10;

/// No statement of a request needs this long; one that does is stuck, and must not keep its connection.
const SESSION: &str = "SET statement_timeout = '10s'";

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The metadata database did not answer in time.
    #[error("cannot reach the metadata database: {0}")]
    Unreachable(#[from] ConnectionError),
    /// It answered, but could not be migrated.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// Stored passwords could not be encrypted anew.
    #[error(transparent)]
    Secrets(#[from] StoredError),
}

/// Brings the metadata database to this version's schema, waiting for a database that is still starting.
///
/// # Errors
/// If the database stays out of reach, or cannot be migrated.
pub fn migrate(url: &str) -> Result<(), StartError> {
    let (url, deadline) = (with_timeouts(url), Instant::now() + START_PATIENCE);
    let mut connection = loop {
        match PgConnection::establish(&url) {
            Ok(connection) => break connection,
            Err(error) if Instant::now() >= deadline => return Err(error.into()),
            Err(error) => log::warn!("waiting for the metadata database: {error}"),
        }
        thread::sleep(START_PAUSE);
    };
    Ok(migration::migrate(&mut connection)?)
}

/// Encrypts all stored passwords with the process's first key; how many had another.
///
/// # Errors
/// If the database cannot be reached, or one of them cannot be decrypted: then all stay as they are.
pub fn rotate_secrets(url: &str) -> Result<usize, StartError> {
    let mut connection = PgConnection::establish(&with_timeouts(url))?;
    Ok(connection.transaction(|connection| secret::seal_stored(connection, Keep::FirstKey))?)
}

/// The way to the metadata database. Cloning it shares the pool.
#[derive(Clone)]
pub struct Database {
    pool: Pool<ConnectionManager<PgConnection>>,
}

impl Database {
    /// A pool on the database at `url`. Connections are made when they are needed, so this cannot fail.
    pub fn new(url: &str) -> Self {
        let pool = Pool::builder()
            .max_size(POOL_SIZE)
            .min_idle(Some(1))
            .connection_timeout(CHECKOUT_TIMEOUT)
            .connection_customizer(Box::new(Session))
            .build_unchecked(ConnectionManager::new(with_timeouts(url)));
        Self { pool }
    }

    /// Runs `work` with a connection, off the threads that serve requests.
    pub(crate) async fn run<T, E, F>(&self, work: F) -> Result<T, ApiError>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: 'static,
        ApiError: From<E>,
    {
        let pool = self.pool.clone();
        blocking(move || Ok(work(&mut *pool.get()?)?)).await
    }

    /// The same with work that changes something, as one transaction, whose events in the audit trail name `actor`.
    pub(crate) async fn change<T, E, F>(&self, actor: Actor, work: F) -> Result<T, ApiError>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: 'static,
        ApiError: From<E>,
    {
        let signed = move |connection: &mut PgConnection| {
            audit::sign(connection, &actor)?;
            Ok(work(connection)?)
        };
        self.run::<T, ApiError, _>(move |connection| connection.transaction(signed)).await
    }

    /// Connections in use and idle.
    pub(crate) fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections - state.idle_connections, state.idle_connections)
    }
}

/// Runs `work`, which may wait for the network or a disk, off the threads that serve requests.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, ApiError>
where
    F: FnOnce() -> Result<T, ApiError> + Send + 'static,
    T: Send + 'static,
{
    web::block(work).await?
}

/// Sets a new connection's session up.
#[derive(Debug)]
struct Session;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        connection.batch_execute(&format!("{SESSION}; {DURABLE}")).map_err(diesel::r2d2::Error::QueryError)
    }
}
