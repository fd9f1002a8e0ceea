//! What a destination does not get as it is: values that become NULL, and rows that are kept in quarantine.

use backfill_domain::quarantine::{MAX_BYTES, MAX_ROWS, QuarantineFull};

/// What of a chunk a destination does not get as it is.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// Values that became NULL.
    pub(crate) nulled: i64,
    /// Rows that it does not get at all.
    pub(crate) rows: Vec<KeptRow>,
    bytes: usize,
}

/// A row in quarantine.
#[derive(Debug)]
pub(crate) struct KeptRow {
    /// Its place among the chunk's rows, from 1.
    pub(crate) place: i64,
    /// The column whose value cannot be held.
    pub(crate) column: String,
    /// The row's key, each column with its value as text.
    pub(crate) key: serde_json::Value,
    /// The value that cannot be held, as text.
    pub(crate) value: String,
    /// Why not.
    pub(crate) reason: String,
    /// The whole row, each column with its value as text.
    pub(crate) row: serde_json::Value,
    /// The row as it travels to this destination alone.
    pub(crate) tuple: Vec<u8>,
}

impl Aside {
    /// Keeps a row.
    ///
    /// # Errors
    /// If that is more than a job may keep.
    pub(super) fn keep(&mut self, row: KeptRow) -> Result<(), QuarantineFull> {
        self.bytes += row.tuple.len();
        self.rows.push(row);
        if self.rows.len() > MAX_ROWS || self.bytes > MAX_BYTES {
            return Err(QuarantineFull);
        }
        Ok(())
    }

    /// How many rows are kept.
    pub(crate) fn kept(&self) -> u64 {
        self.rows.len() as u64
    }
}
