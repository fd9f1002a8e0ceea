//! How a job goes about its table: decided once, by its first attempt, and stated to its user.

use diesel::{deserialize::FromSqlRow, expression::AsExpression, sql_types::Jsonb};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::json_column::json_column;

mod chunks;
mod decide;

pub use chunks::ChunkRows;
pub use decide::{Facts, RelationFacts, Wishes};

/// What a job guarantees of the rows it copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Guarantee {
    /// All rows as of one point in time.
    Snapshot,
    /// Each row as of the moment when its chunk was read.
    Chunked,
}

/// How the rows of a table, or of one leaf of it, are cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Strategy {
    /// Ranges of the primary key, each read along the key's index.
    KeyRanges,
    /// Ranges of pages, all of them read under one snapshot.
    PageRanges,
    /// The whole of it as one chunk, read as a single stream.
    Stream,
    /// The rows that changed while the other sections were read, once more, as one chunk.
    CatchUp,
}

/// How a job goes about its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct Plan {
    /// What the job guarantees.
    pub guarantee: Guarantee,
    /// Its parts, in the order in which they are copied: the table, or each leaf of a partitioned one.
    pub sections: Vec<Section>,
    /// Why it is done this way, in a sentence or two.
    pub explanation: String,
    /// The source's transaction id at the beginning, for the pass that catches up with what changed since; `null`
    /// without one.
    #[serde(default)]
    pub began_at_transaction: Option<String>,
}

impl Plan {
    /// Whether its rows are read under one snapshot that several chunks share, which ends with the daemon that holds it.
    pub fn needs_snapshot(&self) -> bool {
        let is_chunked = |section: &Section| section.strategy != Strategy::Stream;
        self.guarantee == Guarantee::Snapshot && self.sections.iter().any(is_chunked)
    }
}

json_column!(Plan);

/// A part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Section {
    /// The relation that is read, `schema.table`, quoted where SQL would have to.
    pub relation: String,
    /// How it is cut into chunks.
    pub strategy: Strategy,
}
