//! A snapshot that several chunks are read under.

use std::time::{Duration, Instant};

use super::{Connection, SourceError};

/// A transaction that is held open so that others may read what it sees.
///
/// It holds the table, too: an ALTER TABLE or VACUUM FULL that wrote the table anew would take rows from under the
/// snapshot, or move them to other pages.
pub(crate) struct Snapshot {
    _holder: Connection,
    id: String,
    taken: Instant,
}

impl Snapshot {
    /// Takes a snapshot of `table`, a quoted name, and holds it until it is dropped.
    pub(crate) fn take(mut holder: Connection, table: &str) -> Result<Self, SourceError> {
        // LOCK alone takes no snapshot: what others do to the table is over, or waits, before there is one.
        holder.client.batch_execute(&format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE {table} IN ACCESS SHARE MODE"
        ))?;
        let id = holder.client.query_one("SELECT pg_catalog.pg_export_snapshot()", &[])?.get(0);
        Ok(Self { _holder: holder, id, taken: Instant::now() })
    }

    /// Begins a transaction on `connection` that sees what this snapshot does.
    ///
    /// # Errors
    /// [`SourceError::SnapshotLost`] if the source has ended the transaction that holds it.
    pub(crate) fn adopt(&self, connection: &mut Connection) -> Result<(), SourceError> {
        connection.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        match connection.client.batch_execute(&format!("SET TRANSACTION SNAPSHOT '{}'", self.id)) {
            Err(error) if error.as_db_error().is_some() => Err(SourceError::SnapshotLost),
            adopted => Ok(adopted?),
        }
    }

    /// How long it has been held.
    pub(crate) fn age(&self) -> Duration {
        self.taken.elapsed()
    }
}
