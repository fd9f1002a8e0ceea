//! A pipeline: one source and the destinations that its history goes to.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{DestinationId, PipelineId, SourceId},
    schema::pipelines,
    validation::{FieldError, check_name},
};

/// A pipeline as stored; its destinations are in `pipeline_destinations`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = pipelines, check_for_backend(diesel::pg::Pg))]
pub struct Pipeline {
    /// Identifier.
    pub id: PipelineId,
    /// What people call it.
    pub name: String,
    /// Where it copies from.
    pub source_id: SourceId,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a client sends to create or replace a pipeline.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineRequest {
    /// What people call it.
    #[schema(example = "shop to dwh")]
    pub name: String,
    /// Where it copies from.
    pub source_id: SourceId,
    /// Where it copies to: at least one.
    pub destination_ids: Vec<DestinationId>,
}

impl PipelineRequest {
    /// What is wrong with the request, as far as the request alone can tell.
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        check_name(&self.name, &mut errors);
        if self.destination_ids.is_empty() {
            errors.push(FieldError::new("destination_ids", "must name at least one destination"));
        }
        let mut seen = HashSet::new();
        for (at, id) in self.destination_ids.iter().enumerate() {
            if !seen.insert(id) {
                let field = format!("destination_ids[{at}]");
                errors.push(FieldError::new(field, format!("names destination {id} twice")));
            }
        }
        errors
    }
}

/// A pipeline as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PipelineResponse {
    /// Identifier.
    pub id: PipelineId,
    /// What people call it.
    pub name: String,
    /// Where it copies from.
    pub source_id: SourceId,
    /// Where it copies to, in order.
    pub destination_ids: Vec<DestinationId>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl PipelineResponse {
    /// The client's view of `pipeline`.
    pub fn new(pipeline: Pipeline, destination_ids: Vec<DestinationId>) -> Self {
        Self {
            id: pipeline.id,
            name: pipeline.name,
            source_id: pipeline.source_id,
            destination_ids,
            created_at: pipeline.created_at,
            updated_at: pipeline.updated_at,
        }
    }
}
