//! Sources.

use backfill_domain::{
    id::{PipelineId, SourceId},
    schema::{pipelines, queue_backfill_data, sources},
    source::{NewSource, Source},
};
use diesel::{
    PgConnection, PgTextExpressionMethods as _, QueryResult, dsl,
    prelude::*,
    sql_types::{Bool, Text},
};

use super::search::containing;
use crate::{extract::Page, listing::Listing};

pub(crate) fn insert(connection: &mut PgConnection, source: &NewSource) -> QueryResult<Source> {
    diesel::insert_into(sources::table)
        .values(source)
        .returning(Source::as_returning())
        .get_result(connection)
}

/// Those whose name has `words` in it.
pub(crate) fn list(connection: &mut PgConnection, words: &str, page: Page) -> QueryResult<Listing<Source>> {
    let called = sources::table.filter(sources::name.ilike(containing(words)));
    let total = called.clone().count().get_result(connection)?;
    let items = called
        .order(sources::id)
        .offset(page.skip)
        .limit(page.limit)
        .select(Source::as_select())
        .load(connection)?;
    Ok(Listing { total, items })
}

pub(crate) fn find(connection: &mut PgConnection, id: SourceId) -> QueryResult<Option<Source>> {
    sources::table.find(id).select(Source::as_select()).first(connection).optional()
}

/// Whether the source exists; if so, it goes on to until the transaction ends.
pub(crate) fn hold(connection: &mut PgConnection, id: SourceId) -> QueryResult<bool> {
    let held =
        sources::table.find(id).select(sources::id).for_key_share().first::<i64>(connection).optional()?;
    Ok(held.is_some())
}

pub(crate) fn replace(
    connection: &mut PgConnection,
    id: SourceId,
    source: &NewSource,
) -> QueryResult<Option<Source>> {
    diesel::update(sources::table.find(id))
        .set((source, sources::updated_at.eq(dsl::now)))
        .returning(Source::as_returning())
        .get_result(connection)
        .optional()
}

/// Deletes the source; `false` if there is none. Foreign keys forbid it while something uses the source.
pub(crate) fn delete(connection: &mut PgConnection, id: SourceId) -> QueryResult<bool> {
    Ok(diesel::delete(sources::table.find(id)).execute(connection)? > 0)
}

/// Whether there is a time zone of this name.
pub(crate) fn has_time_zone(connection: &mut PgConnection, name: &str) -> QueryResult<bool> {
    let exists = dsl::sql::<Bool>("EXISTS (SELECT FROM pg_timezone_names WHERE name = ");
    dsl::select(exists.bind::<Text, _>(name).sql(")")).get_result(connection)
}

/// The pipelines that copy from the source.
pub(crate) fn pipelines_of(connection: &mut PgConnection, id: SourceId) -> QueryResult<Vec<PipelineId>> {
    pipelines::table
        .filter(pipelines::source_id.eq(id))
        .order(pipelines::id)
        .select(pipelines::id)
        .load(connection)
}

/// How many jobs have copied from the source or still do.
pub(crate) fn count_jobs(connection: &mut PgConnection, id: SourceId) -> QueryResult<i64> {
    queue_backfill_data::table.filter(queue_backfill_data::source_id.eq(id)).count().get_result(connection)
}
