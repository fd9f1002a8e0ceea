//! Sources.

use backfill_domain::{
    catalog::Table,
    connection_test::SourceTest,
    id::SourceId,
    limits::SourceLimits,
    source::{ConnectionSettings, NewSource, Source},
    validation::FieldError,
};
use diesel::{Connection, PgConnection};

use super::{
    remote::{ask, connect},
    usage,
};
use crate::{database::Database, error::ApiError, extract::Page, listing::Listing, repositories::sources};

async fn find(database: &Database, id: SourceId) -> Result<Source, ApiError> {
    let source = database.run(move |connection| sources::find(connection, id)).await?;
    source.ok_or_else(|| ApiError::unknown("source", id))
}

/// Stores a new source.
pub(crate) fn create(connection: &mut PgConnection, source: &NewSource) -> Result<Source, ApiError> {
    check_time_zones(connection, source)?;
    Ok(sources::insert(connection, source)?)
}

/// Replaces a source.
pub(crate) fn replace(
    connection: &mut PgConnection,
    id: SourceId,
    source: &NewSource,
) -> Result<Source, ApiError> {
    check_time_zones(connection, source)?;
    sources::replace(connection, id, source)?.ok_or_else(|| ApiError::unknown("source", id))
}

/// Its hours are judged by the metadata database, which must know their zones.
fn check_time_zones(connection: &mut PgConnection, source: &NewSource) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    for (name, hours) in source.limits().iter().flat_map(|limits| limits.hours()) {
        if !sources::has_time_zone(connection, &hours.time_zone)? {
            let message = "is no name of a time zone that the metadata database knows, such as Europe/Berlin";
            errors.push(FieldError::new(format!("limits.{name}.time_zone"), message));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::Invalid(errors)) }
}

/// Tests whether backfills could read from the source.
pub(crate) async fn test(database: &Database, id: SourceId) -> Result<SourceTest, ApiError> {
    let source = find(database, id).await?;
    probe(source.connection(), source.limits).await
}

/// The same for a source that is not stored. What it leaves out is as in the source with the id `like`.
pub(crate) async fn test_draft(
    database: &Database,
    draft: NewSource,
    like: Option<SourceId>,
) -> Result<SourceTest, ApiError> {
    let stored = match like {
        Some(id) => Some(find(database, id).await?),
        None => None,
    };
    let limits = draft.limits().or(stored.as_ref().map(|stored| &stored.limits)).cloned();
    probe(draft.connection(stored.as_ref()), limits.unwrap_or_default()).await
}

async fn probe(connection: ConnectionSettings, limits: SourceLimits) -> Result<SourceTest, ApiError> {
    match ask(move || Ok(backfill_pg::probe_source(&connection, &limits))).await {
        Err(silent @ ApiError::Silent { .. }) => {
            Ok(SourceTest { missing: vec![silent.to_string()], ..Default::default() })
        }
        found => found,
    }
}

/// The source's tables by schema and name.
pub(crate) async fn tables(
    database: &Database,
    id: SourceId,
    page: Page,
) -> Result<Listing<Table>, ApiError> {
    let source = find(database, id).await?;
    let tables = ask(move || Ok(backfill_pg::tables(&mut *connect(&source.connection())?)?)).await?;
    let total = tables.len() as i64;
    let items = tables.into_iter().skip(page.skip as usize).take(page.limit as usize);
    Ok(Listing { total, items: items.collect() })
}

/// Deletes a source that nothing uses.
pub(crate) fn delete(connection: &mut PgConnection, id: SourceId) -> Result<(), ApiError> {
    // A refusal ends what it is a part of, which is not to be the whole transaction.
    match connection.transaction(|connection| sources::delete(connection, id)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ApiError::unknown("source", id)),
        Err(error) if usage::is_in_use(&error) => {
            let (pipelines, jobs) =
                (sources::pipelines_of(connection, id)?, sources::count_jobs(connection, id)?);
            Err(ApiError::Conflict(format!("source {id} is used by {}", usage::describe(&pipelines, jobs))))
        }
        Err(error) => Err(error.into()),
    }
}
