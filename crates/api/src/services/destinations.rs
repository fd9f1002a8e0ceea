//! Destinations.

use backfill_domain::{
    connection_test::DestinationTest,
    destination::{Destination, DestinationRequest, DestinationSettings},
    id::DestinationId,
};
use diesel::{Connection, PgConnection};

use super::{folder, remote::ask, usage};
use crate::{database::Database, error::ApiError, repositories::destinations};

/// Replaces the destination; a password that the request leaves out stays.
pub(crate) fn replace(
    connection: &mut PgConnection,
    id: DestinationId,
    mut request: DestinationRequest,
) -> Result<Destination, ApiError> {
    connection.transaction(|connection| {
        let stored = destinations::find_for_update(connection, id)?;
        let stored = stored.ok_or_else(|| ApiError::unknown("destination", id))?;
        request.settings.keep_password_of(&stored.settings()?);
        Ok(destinations::replace(connection, id, &request.name, &request.settings)?)
    })
}

/// Tests whether backfills could write to the destination.
pub(crate) async fn test(database: &Database, id: DestinationId) -> Result<DestinationTest, ApiError> {
    probe(stored_settings(database, id).await?).await
}

/// The same for a destination that is not stored. A password that it leaves out is that of the destination `like`.
pub(crate) async fn test_draft(
    database: &Database,
    mut settings: DestinationSettings,
    like: Option<DestinationId>,
) -> Result<DestinationTest, ApiError> {
    if let Some(id) = like {
        settings.keep_password_of(&stored_settings(database, id).await?);
    }
    probe(settings).await
}

async fn stored_settings(database: &Database, id: DestinationId) -> Result<DestinationSettings, ApiError> {
    let destination = database.run(move |connection| destinations::find(connection, id)).await?;
    Ok(destination.ok_or_else(|| ApiError::unknown("destination", id))?.settings()?)
}

async fn probe(settings: DestinationSettings) -> Result<DestinationTest, ApiError> {
    let probe = move || {
        Ok(match settings {
            DestinationSettings::Postgres(settings) => backfill_pg::probe_destination(&settings),
            DestinationSettings::DuckDb(settings) => folder::probe_duckdb(settings.path.as_ref()),
            DestinationSettings::Parquet(settings) => folder::probe_folder(settings.path.as_ref()),
        })
    };
    match ask(probe).await {
        Err(silent @ ApiError::Silent { .. }) => {
            Ok(DestinationTest { missing: vec![silent.to_string()], ..Default::default() })
        }
        found => found,
    }
}

/// Deletes a destination that nothing uses.
pub(crate) fn delete(connection: &mut PgConnection, id: DestinationId) -> Result<(), ApiError> {
    // A refusal ends what it is a part of, which is not to be the whole transaction.
    match connection.transaction(|connection| destinations::delete(connection, id)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ApiError::unknown("destination", id)),
        Err(error) if usage::is_in_use(&error) => {
            let (pipelines, jobs) =
                (destinations::pipelines_of(connection, id)?, destinations::count_jobs(connection, id)?);
            Err(ApiError::Conflict(format!(
                "destination {id} is used by {}",
                usage::describe(&pipelines, jobs)
            )))
        }
        Err(error) => Err(error.into()),
    }
}
