//! Pipelines.

use std::collections::HashSet;

use backfill_domain::{
    id::PipelineId,
    pipeline::{PipelineRequest, PipelineResponse},
    validation::FieldError,
};
use diesel::{Connection, PgConnection};

use crate::{
    error::ApiError,
    repositories::{destinations, jobs, pipelines, sources},
};

/// Creates a pipeline whose source and destinations exist.
pub(crate) fn create(
    connection: &mut PgConnection,
    request: PipelineRequest,
) -> Result<PipelineResponse, ApiError> {
    connection.transaction(|connection| {
        check(connection, &request)?;
        let pipeline = pipelines::insert(connection, &request)?;
        Ok(PipelineResponse::new(pipeline, request.destination_ids))
    })
}

/// Replaces the pipeline. Jobs that it has already keep their source and destinations.
pub(crate) fn replace(
    connection: &mut PgConnection,
    id: PipelineId,
    request: PipelineRequest,
) -> Result<PipelineResponse, ApiError> {
    connection.transaction(|connection| {
        if !pipelines::lock(connection, id)? {
            return Err(ApiError::unknown("pipeline", id));
        }
        check(connection, &request)?;
        let pipeline = pipelines::replace(connection, id, &request)?;
        Ok(PipelineResponse::new(pipeline, request.destination_ids))
    })
}

/// Deletes the pipeline and its finished jobs.
pub(crate) fn delete(connection: &mut PgConnection, id: PipelineId) -> Result<(), ApiError> {
    connection.transaction(|connection| {
        // The lock keeps new jobs out, so that none can come between the look and the deletion.
        if !pipelines::lock(connection, id)? {
            return Err(ApiError::unknown("pipeline", id));
        }
        let active: Vec<_> = jobs::active_of(connection, id)?.iter().map(ToString::to_string).collect();
        if !active.is_empty() {
            let detail = format!("pipeline {id} has active jobs: {}; cancel them first", active.join(", "));
            return Err(ApiError::Conflict(detail));
        }
        Ok(pipelines::delete(connection, id)?)
    })
}

/// Checks that what the pipeline names exists, and keeps it from being deleted meanwhile.
fn check(connection: &mut PgConnection, request: &PipelineRequest) -> Result<(), ApiError> {
    let mut errors = request.validate();
    if !sources::hold(connection, request.source_id)? {
        errors.push(FieldError::new("source_id", format!("there is no source {}", request.source_id)));
    }
    let known: HashSet<_> = destinations::hold(connection, &request.destination_ids)?.into_iter().collect();
    for (at, id) in request.destination_ids.iter().enumerate().filter(|(_, id)| !known.contains(id)) {
        errors
            .push(FieldError::new(format!("destination_ids[{at}]"), format!("there is no destination {id}")));
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::Invalid(errors)) }
}
