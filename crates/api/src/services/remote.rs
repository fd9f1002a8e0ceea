//! Questions to servers of others, which may be far away, slow or silent.

use std::time::Duration;

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

/// Connects to a source to ask it something.
pub(super) fn connect(settings: &ConnectionSettings) -> Result<Client, ApiError> {
    let mut client = backfill_pg::connect(settings, "backfill api")?;
    client.batch_execute(SESSION).map_err(PgError::from)?;
    Ok(client)
}
