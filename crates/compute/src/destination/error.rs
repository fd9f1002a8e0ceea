//! What can go wrong at a destination, in words that a user can act on.

use std::{io, path::PathBuf};

use backfill_domain::quarantine::QuarantineFull;
use backfill_pg::PgError;
use postgres::error::SqlState;

use super::Watermark;
use crate::{failpoint::Planned, wire::WireError};

/// Why a destination did not take what it was given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DestinationError {
    /// A PostgreSQL destination refused, or could not be reached.
    #[error(transparent)]
    Postgres(#[from] PgError),
    /// DuckDB refused.
    #[error("DuckDB: {0}")]
    DuckDb(#[from] duckdb::Error),
    /// A file or folder could not be used.
    #[error("{path}: {error}", path = .path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// A stream of rows to or from the destination broke, or the server reported an error in it.
    #[error(transparent)]
    Stream(#[from] WireError),
    /// The destination's table cannot take the source's.
    #[error("table {table} cannot take the rows: {reason}")]
    Table {
        /// The destination's table.
        table: String,
        /// What does not fit, and what to do.
        reason: String,
    },
    /// A value that the destination's type cannot hold.
    #[error("{table}, column {column}, row with {key}: the destination cannot hold {value}: {reason}")]
    Value {
        /// The source's table.
        table: String,
        /// The column.
        column: String,
        /// The row's key, such as `id = 7`.
        key: String,
        /// The value, cut short if it is long.
        value: String,
        /// Why it does not fit.
        reason: String,
    },
    /// More rows cannot be held than a job keeps.
    #[error(transparent)]
    Quarantine(#[from] QuarantineFull),
    /// What the destination holds is not what it was given.
    #[error(
        "chunk {chunk} does not verify: {given} rows were copied and {held} are held, \
         or their checksums differ; nothing of the chunk was committed"
    )]
    Mismatch {
        /// The chunk.
        chunk: i64,
        /// Rows given.
        given: u64,
        /// Rows held.
        held: u64,
    },
    /// A table does not hold the rows that were to replace its own.
    #[error(
        "the table's rows cannot be replaced: {given} rows were copied and {held} would be held, or their checksums \
         differ; the table is as it was"
    )]
    NotReplaced {
        /// Rows copied.
        given: u64,
        /// Rows that the table would hold.
        held: u64,
    },
    /// A defect in Backfill.
    #[error("an internal error stopped the destination; the daemon's log has its place. Please report it")]
    Panicked,
    /// A later attempt of the job works on the destination.
    #[error("a later attempt of this job has taken over at the destination")]
    Fenced,
    /// The job was told to stop while it waited.
    #[error("stopped while waiting for {0}")]
    Stopped(String),
    /// A test has asked for it.
    #[error(transparent)]
    Planned(#[from] Planned),
}

impl DestinationError {
    /// The table is gone that a job has written to: made again, it would lack the rows up to the `watermark`.
    pub(crate) fn removed(table: String, watermark: Watermark) -> Self {
        let rows = watermark.rows;
        Self::Table {
            table,
            reason: format!("it was removed after {rows} rows of this job; start a new job"),
        }
    }

    /// A PostgreSQL destination's code for the error, if it gave one.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            Self::Stream(error) => error.code(),
            _ => None,
        }
    }
}

impl From<postgres::Error> for DestinationError {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}
