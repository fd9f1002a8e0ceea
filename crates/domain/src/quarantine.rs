//! Rows that a destination cannot hold and that a job keeps aside: what they are, and how they are mended.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{DestinationId, EntryId, JobId},
    schema::backfill_quarantine,
    text_enum::text_enum,
};

/// The most rows that a job keeps: a quarantine is for exceptions, and the metadata database is to stay small.
pub const MAX_ROWS: usize = 10_000;

/// The most bytes of those rows.
pub const MAX_BYTES: usize = 64 << 20;

/// A job would keep more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the job has more than {MAX_ROWS} rows, or {} MiB of rows, that a destination cannot hold: a quarantine is for \
     exceptions. Start a new job that gives the column the policy `text` or `null`",
    MAX_BYTES >> 20
)]
pub struct QuarantineFull;

text_enum! {
    "SCREAMING_SNAKE_CASE",
    /// Where a row in quarantine stands.
    pub enum EntryStatus {
        /// It waits to be mended.
        Held,
        /// It has another value, and waits to be replayed.
        Mended,
        /// It was put through to its destination.
        Replayed,
    }
}

/// A row in quarantine.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = backfill_quarantine, check_for_backend(diesel::pg::Pg))]
pub struct QuarantineEntry {
    /// Identifier.
    pub id: EntryId,
    /// The job.
    #[serde(skip)]
    pub job_id: JobId,
    /// The destination that cannot hold it.
    pub destination_id: DestinationId,
    /// The chunk that it is of.
    pub chunk: i64,
    /// Its place among the chunk's rows, from 1.
    pub place: i64,
    /// The column whose value cannot be held.
    #[serde(rename = "column")]
    #[schema(rename = "column")]
    pub column_name: String,
    /// The row's key, each column with its value as text; without columns for a table without one.
    pub key: serde_json::Value,
    /// The value that cannot be held, as text.
    pub value: String,
    /// Why not.
    pub reason: String,
    /// The whole row, each column with its value as text.
    #[diesel(column_name = row_values)]
    pub row: serde_json::Value,
    /// Where it stands.
    pub status: EntryStatus,
    /// The value that takes the place of the one that cannot be held, once it is mended; `null` is NULL.
    pub mended_value: Option<String>,
    /// When it was set aside.
    pub created_at: DateTime<Utc>,
    /// When it was mended.
    pub mended_at: Option<DateTime<Utc>>,
    /// When it was replayed.
    pub replayed_at: Option<DateTime<Utc>>,
}

/// What a client sends to mend a row.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MendRequest {
    /// The value, as text, that takes the place of the one that cannot be held; `null` is NULL.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    pub value: Option<String>,
}
