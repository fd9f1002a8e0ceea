//! Destinations.

use backfill_domain::{
    destination::{Destination, DestinationSettings},
    id::{DestinationId, PipelineId},
    schema::{backfill_job_destinations, destinations, pipeline_destinations},
};
use diesel::{PgConnection, PgTextExpressionMethods as _, QueryResult, dsl, prelude::*};

use super::search::containing;
use crate::{extract::Page, listing::Listing};

fn stored(settings: &DestinationSettings) -> QueryResult<serde_json::Value> {
    settings.to_stored().map_err(|error| diesel::result::Error::SerializationError(error.into()))
}

pub(crate) fn insert(
    connection: &mut PgConnection,
    name: &str,
    settings: &DestinationSettings,
) -> QueryResult<Destination> {
    diesel::insert_into(destinations::table)
        .values((destinations::name.eq(name), destinations::settings.eq(stored(settings)?)))
        .returning(Destination::as_returning())
        .get_result(connection)
}

/// Those whose name has `words` in it.
pub(crate) fn list(
    connection: &mut PgConnection,
    words: &str,
    page: Page,
) -> QueryResult<Listing<Destination>> {
    let called = destinations::table.filter(destinations::name.ilike(containing(words)));
    let total = called.clone().count().get_result(connection)?;
    let items = called
        .order(destinations::id)
        .offset(page.skip)
        .limit(page.limit)
        .select(Destination::as_select())
        .load(connection)?;
    Ok(Listing { total, items })
}

pub(crate) fn find(connection: &mut PgConnection, id: DestinationId) -> QueryResult<Option<Destination>> {
    destinations::table.find(id).select(Destination::as_select()).first(connection).optional()
}

/// The pipeline's destinations in their order.
pub(crate) fn of_pipeline(connection: &mut PgConnection, id: PipelineId) -> QueryResult<Vec<Destination>> {
    pipeline_destinations::table
        .inner_join(destinations::table)
        .filter(pipeline_destinations::pipeline_id.eq(id))
        .order(pipeline_destinations::position)
        .select(Destination::as_select())
        .load(connection)
}

/// As [`find`], and nobody else can change the destination until the transaction ends.
pub(crate) fn find_for_update(
    connection: &mut PgConnection,
    id: DestinationId,
) -> QueryResult<Option<Destination>> {
    destinations::table.find(id).select(Destination::as_select()).for_update().first(connection).optional()
}

/// Those of `ids` that exist; they go on to until the transaction ends.
pub(crate) fn hold(connection: &mut PgConnection, ids: &[DestinationId]) -> QueryResult<Vec<DestinationId>> {
    destinations::table
        .filter(destinations::id.eq_any(ids))
        .order(destinations::id)
        .select(destinations::id)
        .for_key_share()
        .load(connection)
}

pub(crate) fn replace(
    connection: &mut PgConnection,
    id: DestinationId,
    name: &str,
    settings: &DestinationSettings,
) -> QueryResult<Destination> {
    diesel::update(destinations::table.find(id))
        .set((
            destinations::name.eq(name),
            destinations::settings.eq(stored(settings)?),
            destinations::updated_at.eq(dsl::now),
        ))
        .returning(Destination::as_returning())
        .get_result(connection)
}

/// Deletes the destination; `false` if there is none. Foreign keys forbid it while something uses the destination.
pub(crate) fn delete(connection: &mut PgConnection, id: DestinationId) -> QueryResult<bool> {
    Ok(diesel::delete(destinations::table.find(id)).execute(connection)? > 0)
}

/// The pipelines that copy to the destination.
pub(crate) fn pipelines_of(connection: &mut PgConnection, id: DestinationId) -> QueryResult<Vec<PipelineId>> {
    pipeline_destinations::table
        .filter(pipeline_destinations::destination_id.eq(id))
        .order(pipeline_destinations::pipeline_id)
        .select(pipeline_destinations::pipeline_id)
        .load(connection)
}

/// How many jobs have copied to the destination or still do.
pub(crate) fn count_jobs(connection: &mut PgConnection, id: DestinationId) -> QueryResult<i64> {
    backfill_job_destinations::table
        .filter(backfill_job_destinations::destination_id.eq(id))
        .count()
        .get_result(connection)
}
