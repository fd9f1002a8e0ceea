//! The chunks of a job: key ranges that every destination commits as one transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    id::{DestinationId, JobId},
    schema::backfill_chunks,
    text_enum::text_enum,
};

text_enum! {
    "SCREAMING_SNAKE_CASE",
    /// Where a chunk stands.
    pub enum ChunkStatus {
        /// Its range is fixed; some destinations may have committed it.
        Copying,
        /// Every destination has committed it.
        Done,
    }
}

/// A chunk: the rows with `lower_key` < key <= `upper_key`, or those on the pages from `lower_page` to before
/// `upper_page`.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = backfill_chunks, check_for_backend(diesel::pg::Pg))]
pub struct Chunk {
    /// The job.
    #[serde(skip)]
    pub job_id: JobId,
    /// Place in the job's order, from 1.
    pub number: i64,
    /// The key above which the chunk begins, each column with its value as text; `null`: at the table's first row.
    pub lower_key: Option<serde_json::Value>,
    /// The key with which the chunk ends; `null` for a table without a key, or without rows.
    pub upper_key: Option<serde_json::Value>,
    /// Where the chunk stands.
    pub status: ChunkStatus,
    /// Rows in it.
    pub row_count: i64,
    /// Bytes of those rows as the source sent them.
    pub byte_count: i64,
    /// The job's attempt that copied it.
    pub attempt: i32,
    /// Which of the plan's sections it is of, from 0.
    pub section: i32,
    /// The page with which the chunk begins, where it is cut by pages; `null`: the first.
    pub lower_page: Option<i64>,
    /// The page before which it ends, where it is cut by pages; `null`: behind the last.
    pub upper_page: Option<i64>,
    /// Whether the plan ends with it.
    pub is_last: bool,
    /// The destinations that a later look found to differ from the source in it, none where all are equal; `null` before
    /// there was one.
    pub differs: Option<Vec<DestinationId>>,
    /// When its range was fixed.
    pub created_at: DateTime<Utc>,
    /// When the last destination committed it.
    pub finished_at: Option<DateTime<Utc>>,
}
