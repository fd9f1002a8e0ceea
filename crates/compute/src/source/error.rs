//! What can go wrong at a source, in words that a user can act on.

use std::time::Duration;

use backfill_domain::{job::WriteMode, table::TableReferenceError, validation::FieldError};
use backfill_pg::PgError;

use crate::{failpoint::Planned, interrupt::Stopped, wire::WireError};

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The server refused, or could not be reached.
    #[error(transparent)]
    Postgres(#[from] PgError),
    /// The stored table name cannot be read.
    #[error("the job's table name cannot be read: {0}")]
    TableName(#[from] TableReferenceError),
    /// The table is gone, or was never there.
    #[error("table {0} does not exist")]
    NoTable(String),
    /// Rows that are there already are to be told by their keys, and there is no key.
    #[error(
        "{mode} needs a primary key, and table {table} has none any more: start a new job that appends",
        mode = .mode.as_ref()
    )]
    NoKey {
        /// The table.
        table: String,
        /// What needs the key.
        mode: WriteMode,
    },
    /// The table was altered since the job began.
    #[error(
        "table {0} has other columns, types or another primary key than when the job began: start a new job"
    )]
    Altered(String),
    /// What held the snapshot is gone, and with it the snapshot.
    #[error(
        "the snapshot under which the rows were read was lost, with the daemon or the connection that held it, and the \
         job was to be of one point in time: start a new job, with write_mode replace if rows of this one must go, or \
         with guarantee chunked"
    )]
    SnapshotLost,
    /// A snapshot was held for as long as is allowed.
    #[error(
        "the rows were not all read within {} seconds, the longest that a snapshot may hold back the source's vacuum: \
         raise BACKFILL_SNAPSHOT_MAX_AGE, filter the rows into several jobs, or ask for guarantee chunked",
        .0.as_secs()
    )]
    SnapshotTooOld(Duration),
    /// A table that is read as a whole took longer than a snapshot may be held.
    #[error(
        "the rows, which are read as a single stream, were not all read within {} seconds, the longest that a snapshot \
         may hold back the source's vacuum: raise BACKFILL_SNAPSHOT_MAX_AGE, or filter the rows into several jobs",
        .0.as_secs()
    )]
    StreamTooLong(Duration),
    /// There is nothing to copy.
    #[error("table {0} has no columns")]
    NoColumns(String),
    /// The stored filters cannot be read.
    #[error("the job's filters cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    /// The table changed since the filters were checked.
    #[error("the filters do not fit the table any more: {}", summary(.0))]
    Filters(Vec<FieldError>),
    /// The table changed since the columns were chosen.
    #[error("the chosen columns do not fit the table any more: {}", summary(.0))]
    Columns(Vec<FieldError>),
    /// The rows could not be read to their end.
    #[error(transparent)]
    Stream(#[from] WireError),
    /// The job is to go on later.
    #[error("the source is not to be read at this hour")]
    QuietHours,
    /// The job was stopped while its reader waited.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A test has asked for it.
    #[error(transparent)]
    Planned(#[from] Planned),
}

impl SourceError {
    /// Whether the rows can be read to their end without the snapshot that has ended, or is to end.
    pub(crate) fn is_lost_snapshot(&self) -> bool {
        matches!(self, Self::SnapshotLost | Self::SnapshotTooOld(_))
    }
}

impl From<postgres::Error> for SourceError {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

fn summary(errors: &[FieldError]) -> String {
    let errors: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    errors.join("; ")
}
