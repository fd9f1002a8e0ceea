//! The way through a table: chunks along its primary key, or the whole of a table without one as a single chunk.
//!
//! Chunks are cut as they are read: one begins behind the last key of the one before and takes the next rows of the
//! key's index. Each costs what its own rows cost, wherever in the table it is, and none reads another's rows.

use postgres::Client;

use super::{Selection, Shape, SourceError};
use crate::{
    key::{Key, KeyColumns},
    wire::Layout,
};

/// A chunk whose range is known: the rows with `lower` < key <= `upper`. A bound that is `None` is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChunkRange {
    /// Place in the job's order, from 1.
    pub(crate) number: i64,
    /// Where it begins.
    pub(crate) lower: Option<Key>,
    /// Where it ends. Open for the chunk of a table without a key, or without rows.
    pub(crate) upper: Option<Key>,
}

/// The chunk to read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NextChunk {
    /// One whose range was fixed by an earlier attempt: some destinations may have committed it.
    Again(ChunkRange),
    /// One that ends where its rows reach the chunk's size.
    New {
        /// Place in the job's order, from 1.
        number: i64,
        /// Where it begins.
        lower: Option<Key>,
    },
}

impl NextChunk {
    /// Place in the job's order, from 1.
    pub(crate) fn number(&self) -> i64 {
        match self {
            Self::Again(range) => range.number,
            Self::New { number, .. } => *number,
        }
    }
}

/// How the rows of a table are asked for.
pub(crate) struct Walk {
    from: String,
    condition: Option<String>,
    key: KeyColumns,
    shape: Shape,
}

impl Walk {
    /// The way through the selected rows.
    pub(crate) fn new(selection: &Selection) -> Self {
        Self {
            from: selection.table.table_name().to_sql(),
            condition: selection.condition.clone(),
            key: KeyColumns::of(&selection.table),
            shape: selection.shape.clone(),
        }
    }

    /// The key that chunks are cut by; without columns, the whole table is one chunk.
    pub(crate) fn key(&self) -> &KeyColumns {
        &self.key
    }

    /// Whether there is a key to cut chunks by; without one the whole table is one chunk.
    pub(crate) fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// Begins a transaction in which the table is as it is until the end, and reads nothing. COPY takes its snapshot
    /// before it waits for the table; had another session written the table anew meanwhile, as many an ALTER TABLE
    /// does, that snapshot would find it empty.
    pub(crate) fn hold_sql(&self) -> String {
        let mut sql = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; ".to_owned();
        if let Some(search_path) = self.key.search_path() {
            sql.push_str(&format!("SET LOCAL search_path = {search_path}; "));
        }
        sql.push_str(&format!("SELECT FROM {} LIMIT 0", self.from));
        sql
    }

    /// Makes sure that the table still is what the job began with, within the transaction that holds it.
    pub(crate) fn check_shape(&self, client: &mut Client) -> Result<(), SourceError> {
        if self.shape.is_kept_by(&Shape::of(client, &self.from)?) {
            Ok(())
        } else {
            Err(SourceError::Altered(self.from.clone()))
        }
    }

    /// The COPY that reads the rows behind `lower`, in the key's order: up to `upper` where it is known, or the next
    /// `limit`.
    pub(crate) fn copy_sql(
        &self,
        layout: &Layout,
        lower: Option<&Key>,
        upper: Option<&Key>,
        limit: Option<u64>,
    ) -> String {
        let compare = |operator, key| self.key.compare("source", operator, key);
        let bounds = [lower.map(|key| compare(">", key)), upper.map(|key| compare("<=", key))];
        let conditions: Vec<_> = self.condition.iter().cloned().chain(bounds.into_iter().flatten()).collect();
        let mut query = format!("SELECT {} FROM {} AS source", layout.select_list(), self.from);
        if !conditions.is_empty() {
            query.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        }
        if self.has_key() {
            query.push_str(&format!(" ORDER BY {}", self.key.list("source")));
        }
        if let Some(limit) = limit {
            query.push_str(&format!(" LIMIT {limit}"));
        }
        format!("COPY ({query}) TO STDOUT (FORMAT binary)")
    }
}
