//! What can go wrong at a source, in words that a user can act on.

use backfill_domain::{table::TableReferenceError, validation::FieldError};
use backfill_pg::PgError;

use crate::wire::WireError;

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
    /// Rows are to take the place of those with the same key, and there is no key.
    #[error("upsert needs a primary key, and table {0} has none any more: start a new job that appends")]
    NoKey(String),
    /// The table was altered since the job began.
    #[error(
        "table {0} has other columns, types or another primary key than when the job began: start a new job"
    )]
    Altered(String),
    /// There is nothing to copy.
    #[error("table {0} has no columns")]
    NoColumns(String),
    /// The stored filters cannot be read.
    #[error("the job's filters cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    /// The table changed since the filters were checked.
    #[error("the filters do not fit the table any more: {}", summary(.0))]
    Filters(Vec<FieldError>),
    /// The rows could not be read to their end.
    #[error(transparent)]
    Stream(#[from] WireError),
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
