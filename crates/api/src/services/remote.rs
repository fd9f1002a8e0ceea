//! Questions to servers of others, which may be far away, slow or silent.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use actix_web::rt::time::timeout;
use backfill_domain::source::ConnectionSettings;
use backfill_pg::{Client, PgError};

use crate::{database::blocking, error::ApiError};

/// How long a request waits for another server. A server that takes a connection and then says nothing would
/// otherwise hold the request for ever, since the client's own time-out ends with the connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// Longest time that one question may take: a table that somebody has locked must not hold a request.
const SESSION: &str = "SET statement_timeout = '10s'; SET default_transaction_read_only = on";

/// Runs `work`, which asks another server, off the threads that serve requests.
pub(super) async fn ask<T, F>(work: F) -> Result<T, ApiError>
where
    F: FnOnce() -> Result<T, ApiError> + Send + 'static,
    T: Send + 'static,
{
    ask_within(PATIENCE, work).await
}

/// As [`ask`], for no longer than `patience`.
pub(super) async fn ask_within<T, F>(patience: Duration, work: F) -> Result<T, ApiError>
where
    F: FnOnce() -> Result<T, ApiError> + Send + 'static,
    T: Send + 'static,
{
    timeout(patience, blocking(work)).await.unwrap_or(Err(ApiError::Silent { seconds: patience.as_secs() }))
}

/// Connections of this replica to one server at a time, however many requests want to ask it something.
const LOOK_UPS_AT_ONCE: usize = 8;

/// How many there are, by host and port.
static LOOK_UPS: Mutex<BTreeMap<Server, usize>> = Mutex::new(BTreeMap::new());
static LOOK_UP_ENDED: Condvar = Condvar::new();

type Server = (String, u16);

/// A connection to another server.
pub(super) struct LookUp {
    client: Client,
    _place: Place,
}

impl Deref for LookUp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for LookUp {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// One of a server's connections, until it is dropped.
struct Place(Server);

impl Place {
    /// Waits until one is free.
    fn wait(server: Server) -> Result<Self, ApiError> {
        let is_full = |taken: &mut BTreeMap<Server, usize>| {
            taken.get(&server).is_some_and(|taken| *taken >= LOOK_UPS_AT_ONCE)
        };
        let taken = LOOK_UPS.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = LOOK_UP_ENDED
            .wait_timeout_while(taken, PATIENCE, is_full)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(ApiError::Silent { seconds: PATIENCE.as_secs() });
        }
        *taken.entry(server.clone()).or_default() += 1;
        Ok(Self(server))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = LOOK_UPS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.0);
            }
        }
        LOOK_UP_ENDED.notify_all();
    }
}

/// Connects to a server to ask it something.
pub(super) fn connect(settings: &ConnectionSettings) -> Result<LookUp, ApiError> {
    let place = Place::wait((settings.host.clone(), settings.port))?;
    let mut client = backfill_pg::connect(settings, "backfill api")?;
    client.batch_execute(SESSION).map_err(PgError::from)?;
    Ok(LookUp { client, _place: place })
}
