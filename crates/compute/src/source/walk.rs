//! The way through a table: chunks along its primary key, or the whole of a table without one as a single chunk.
//!
//! Chunks are cut as they are read: one begins behind the last key of the one before and takes the next rows of the
//! key's index. Each costs what its own rows cost, wherever in the table it is, and none reads another's rows.

use backfill_domain::{
    catalog::Table,
    sql::{identifier, literal},
};

use super::Selection;
use crate::wire::Layout;

/// The values of a primary key, as text, in the key's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(Vec<String>);

impl Key {
    /// The key with these values.
    pub(crate) fn new(values: Vec<String>) -> Self {
        Self(values)
    }

    /// Reads a key as the metadata database stores it.
    pub(crate) fn from_stored(stored: serde_json::Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(stored).map(Self)
    }

    /// The values in the key's order.
    pub(crate) fn values(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// A chunk whose range is known: the rows with `lower` < key <= `upper`. A bound that is `None` is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChunkRange {
    /// Place in the job's order, from 1.
    pub(crate) number: i64,
    /// Where it begins.
    pub(crate) lower: Option<Key>,
    /// Where it ends; the last chunk of a job is open.
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

/// How the rows of a table are asked for.
pub(crate) struct Walk {
    from: String,
    condition: Option<String>,
    key: Vec<KeyColumn>,
}

struct KeyColumn {
    name: String,
    type_name: String,
}

impl Walk {
    /// The way through the selected rows.
    pub(crate) fn new(selection: &Selection) -> Self {
        Self {
            from: selection.table.table_name().to_sql(),
            condition: selection.condition.clone(),
            key: key_of(&selection.table),
        }
    }

    /// Whether there is a key to cut chunks by; without one the whole table is one chunk.
    pub(crate) fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// Begins a transaction in which the table is as it is until the end, and reads nothing. COPY takes its snapshot
    /// before it waits for the table; had another session written the table anew meanwhile, as many an ALTER TABLE
    /// does, that snapshot would find it empty.
    pub(crate) fn hold_sql(&self) -> String {
        format!("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SELECT FROM {} LIMIT 0", self.from)
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
        let bounds = [lower.map(|key| self.compare(">", key)), upper.map(|key| self.compare("<=", key))];
        let conditions: Vec<_> = self.condition.iter().cloned().chain(bounds.into_iter().flatten()).collect();
        let mut query = format!("SELECT {} FROM {} AS source", layout.select_list(), self.from);
        if !conditions.is_empty() {
            query.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        }
        if self.has_key() {
            // Bare, a name would mean the selected column, of which there may be two: in binary form and as text.
            let names: Vec<_> = self.key.iter().map(|column| format!("source.{}", column.name)).collect();
            query.push_str(&format!(" ORDER BY {}", names.join(", ")));
        }
        if let Some(limit) = limit {
            query.push_str(&format!(" LIMIT {limit}"));
        }
        format!("COPY ({query}) TO STDOUT (FORMAT binary)")
    }

    /// The comparison of the row's key with `key`: row by row where the key has several columns, which the key's
    /// index serves.
    fn compare(&self, operator: &str, key: &Key) -> String {
        let names: Vec<_> = self.key.iter().map(|column| column.name.as_str()).collect();
        let values = self.key.iter().zip(&key.0);
        let values: Vec<_> = values
            .map(|(column, value)| format!("{}::{}", literal(value).trim_start(), column.type_name))
            .collect();
        match (names.as_slice(), values.as_slice()) {
            ([name], [value]) => format!("{name} {operator} {value}"),
            _ => format!("({}) {operator} ({})", names.join(", "), values.join(", ")),
        }
    }
}

fn key_of(table: &Table) -> Vec<KeyColumn> {
    let columns = table.key_columns().into_iter();
    columns
        .map(|column| KeyColumn { name: identifier(&column.name), type_name: column.data_type.name.clone() })
        .collect()
}
