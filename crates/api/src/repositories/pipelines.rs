//! Pipelines and their destinations.

use std::collections::HashMap;

use backfill_domain::{
    id::{DestinationId, PipelineId},
    pipeline::{Pipeline, PipelineRequest},
    schema::{pipeline_destinations, pipelines, sources},
    source::Source,
};
use diesel::{PgConnection, PgTextExpressionMethods as _, QueryResult, dsl, prelude::*};

use super::search::containing;
use crate::{extract::Page, listing::Listing};

/// A pipeline and its destinations, in order.
pub(crate) type WithDestinations = (Pipeline, Vec<DestinationId>);

pub(crate) fn insert(connection: &mut PgConnection, request: &PipelineRequest) -> QueryResult<Pipeline> {
    let pipeline: Pipeline = diesel::insert_into(pipelines::table)
        .values((pipelines::name.eq(&request.name), pipelines::source_id.eq(request.source_id)))
        .returning(Pipeline::as_returning())
        .get_result(connection)?;
    insert_destinations(connection, pipeline.id, &request.destination_ids)?;
    Ok(pipeline)
}

/// Replaces a pipeline that exists.
pub(crate) fn replace(
    connection: &mut PgConnection,
    id: PipelineId,
    request: &PipelineRequest,
) -> QueryResult<Pipeline> {
    let old = destinations_of(connection, &[id])?.remove(&id).unwrap_or_default();
    // The audit trail tells of destinations only where they are others than before.
    if old != request.destination_ids {
        let old = pipeline_destinations::table.filter(pipeline_destinations::pipeline_id.eq(id));
        diesel::delete(old).execute(connection)?;
        insert_destinations(connection, id, &request.destination_ids)?;
    }
    diesel::update(pipelines::table.find(id))
        .set((
            pipelines::name.eq(&request.name),
            pipelines::source_id.eq(request.source_id),
            pipelines::updated_at.eq(dsl::now),
        ))
        .returning(Pipeline::as_returning())
        .get_result(connection)
}

fn insert_destinations(
    connection: &mut PgConnection,
    id: PipelineId,
    ids: &[DestinationId],
) -> QueryResult<()> {
    let rows: Vec<_> = (0i32..)
        .zip(ids)
        .map(|(position, destination)| {
            (
                pipeline_destinations::pipeline_id.eq(id),
                pipeline_destinations::destination_id.eq(destination),
                pipeline_destinations::position.eq(position),
            )
        })
        .collect();
    diesel::insert_into(pipeline_destinations::table).values(rows).execute(connection)?;
    Ok(())
}

/// Those whose name has `words` in it.
pub(crate) fn list(
    connection: &mut PgConnection,
    words: &str,
    page: Page,
) -> QueryResult<Listing<WithDestinations>> {
    let called = pipelines::table.filter(pipelines::name.ilike(containing(words)));
    let total = called.clone().count().get_result(connection)?;
    let found: Vec<Pipeline> = called
        .order(pipelines::id)
        .offset(page.skip)
        .limit(page.limit)
        .select(Pipeline::as_select())
        .load(connection)?;
    let ids: Vec<_> = found.iter().map(|pipeline| pipeline.id).collect();
    let mut destinations = destinations_of(connection, &ids)?;
    let items = found.into_iter().map(|pipeline| {
        let ids = destinations.remove(&pipeline.id).unwrap_or_default();
        (pipeline, ids)
    });
    Ok(Listing { total, items: items.collect() })
}

pub(crate) fn find(connection: &mut PgConnection, id: PipelineId) -> QueryResult<Option<WithDestinations>> {
    let pipeline = pipelines::table.find(id).select(Pipeline::as_select()).first(connection).optional()?;
    let Some(pipeline) = pipeline else { return Ok(None) };
    let ids = destinations_of(connection, &[id])?.remove(&id).unwrap_or_default();
    Ok(Some((pipeline, ids)))
}

fn destinations_of(
    connection: &mut PgConnection,
    ids: &[PipelineId],
) -> QueryResult<HashMap<PipelineId, Vec<DestinationId>>> {
    let pairs: Vec<(PipelineId, DestinationId)> = pipeline_destinations::table
        .filter(pipeline_destinations::pipeline_id.eq_any(ids))
        .order((pipeline_destinations::pipeline_id, pipeline_destinations::position))
        .select((pipeline_destinations::pipeline_id, pipeline_destinations::destination_id))
        .load(connection)?;
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for (pipeline, destination) in pairs {
        groups.entry(pipeline).or_default().push(destination);
    }
    Ok(groups)
}

/// The source that the pipeline copies from.
pub(crate) fn source_of(connection: &mut PgConnection, id: PipelineId) -> QueryResult<Option<Source>> {
    pipelines::table
        .find(id)
        .inner_join(sources::table)
        .select(Source::as_select())
        .first(connection)
        .optional()
}

/// As [`find`], and the pipeline stays as it is until the transaction ends.
pub(crate) fn hold(connection: &mut PgConnection, id: PipelineId) -> QueryResult<Option<WithDestinations>> {
    let held =
        pipelines::table.find(id).select(pipelines::id).for_share().first::<i64>(connection).optional()?;
    if held.is_some() { find(connection, id) } else { Ok(None) }
}

/// Whether the pipeline exists; if so, it changes and gets new jobs only here until the transaction ends.
pub(crate) fn lock(connection: &mut PgConnection, id: PipelineId) -> QueryResult<bool> {
    let held =
        pipelines::table.find(id).select(pipelines::id).for_update().first::<i64>(connection).optional()?;
    Ok(held.is_some())
}

/// Deletes the pipeline with all its jobs.
pub(crate) fn delete(connection: &mut PgConnection, id: PipelineId) -> QueryResult<()> {
    diesel::delete(pipelines::table.find(id)).execute(connection)?;
    Ok(())
}
