//! What passes by itself, so that a job is tried again, and what does not, so that it fails at once: the one place that
//! says so of every error.

mod sqlstate;
#[cfg(test)]
mod tests;

use std::{error::Error as _, io};

use backfill_pg::PgError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::{
    destination::DestinationError,
    job::JobError,
    queue::QueueError,
    source::SourceError,
    wire::{WireError, server_error},
};

/// Whether another attempt may get through where this one did not, though nobody has mended anything.
pub(crate) fn is_transient(error: &JobError) -> bool {
    match error {
        JobError::Queue(error) => queue(error),
        JobError::Source { error, .. } => source(error),
        JobError::Destination { error, .. } => destination(error),
        JobError::Stopped => true,
        JobError::Key(_)
        | JobError::Settings { .. }
        | JobError::SamePlace { .. }
        | JobError::NoDestination
        | JobError::Ledger { .. }
        | JobError::NoPlan
        | JobError::Planned(_)
        | JobError::Panicked => false,
    }
}

fn queue(error: &QueueError) -> bool {
    match error {
        QueueError::Connect(_) | QueueError::Establish(_) => true,
        QueueError::Query(error) => metadata(error),
        QueueError::Migrate(_)
        | QueueError::Quarantine(_)
        | QueueError::LeaseLost
        | QueueError::Planned(_) => false,
    }
}

/// Diesel keeps no SQLSTATE. What the statements and the schema are made of is permanent, anything else is the server's
/// condition: a time-out, a deadlock, a full disk.
fn metadata(error: &DieselError) -> bool {
    use DatabaseErrorKind::{
        CheckViolation, ExclusionViolation, ForeignKeyViolation, NotNullViolation, RestrictViolation,
        UniqueViolation,
    };
    match error {
        DieselError::DatabaseError(kind, _) => !matches!(
            kind,
            UniqueViolation
                | ForeignKeyViolation
                | NotNullViolation
                | CheckViolation
                | RestrictViolation
                | ExclusionViolation
        ),
        DieselError::RollbackErrorOnCommit { commit_error, .. } => metadata(commit_error),
        DieselError::BrokenTransactionManager => true,
        _ => false,
    }
}

fn source(error: &SourceError) -> bool {
    match error {
        SourceError::Postgres(error) => pg(error),
        SourceError::Stream(error) => wire(error),
        SourceError::Stopped(_) | SourceError::QuietHours => true,
        SourceError::TableName(_)
        | SourceError::NoTable(_)
        | SourceError::NoKey { .. }
        | SourceError::Altered(_)
        | SourceError::SnapshotLost
        | SourceError::SnapshotTooOld(_)
        | SourceError::StreamTooLong(_)
        | SourceError::NoColumns(_)
        | SourceError::Stored(_)
        | SourceError::Filters(_)
        | SourceError::Columns(_)
        | SourceError::Planned(_) => false,
    }
}

fn destination(error: &DestinationError) -> bool {
    match error {
        DestinationError::Postgres(error) => pg(error),
        DestinationError::DuckDb(error) => duckdb(&error.to_string()),
        DestinationError::Io { error, .. } => io(error),
        DestinationError::Stream(error) => wire(error),
        DestinationError::Stopped(_) => true,
        DestinationError::Table { .. }
        | DestinationError::Value { .. }
        | DestinationError::Quarantine(_)
        | DestinationError::Mismatch { .. }
        | DestinationError::NotReplaced { .. }
        | DestinationError::Panicked
        | DestinationError::Fenced
        | DestinationError::Planned(_) => false,
    }
}

fn wire(error: &WireError) -> bool {
    match error {
        WireError::Io(error) => server_error(error).map_or_else(|| io(error), postgres),
        WireError::Malformed(_) => false,
        WireError::Stopped(_) => true,
    }
}

fn pg(error: &PgError) -> bool {
    match error {
        PgError::Connect { error, .. } | PgError::Query(error) => postgres(error),
        PgError::Machine(error) => io(error),
    }
}

/// By the server's code; without one, a connection that is closed or that the network has broken passes.
fn postgres(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => sqlstate::is_transient(code.code()),
        None => error.is_closed() || error.source().and_then(|cause| cause.downcast_ref()).is_some_and(io),
    }
}

/// What files and addresses are is permanent. The rest is the condition of a network or a disk: refused, reset, timed
/// out, unknown for the moment, full.
fn io(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AlreadyExists, CrossesDevices, DirectoryNotEmpty, FileTooLarge, InvalidData, InvalidFilename,
        InvalidInput, IsADirectory, NotADirectory, NotFound, NotSeekable, PermissionDenied,
        ReadOnlyFilesystem, TooManyLinks, Unsupported,
    };
    !matches!(
        error.kind(),
        AlreadyExists
            | CrossesDevices
            | DirectoryNotEmpty
            | FileTooLarge
            | InvalidData
            | InvalidFilename
            | InvalidInput
            | IsADirectory
            | NotADirectory
            | NotFound
            | NotSeekable
            | PermissionDenied
            | ReadOnlyFilesystem
            | TooManyLinks
            | Unsupported
    )
}

/// DuckDB has no codes: what it says of a condition that passes, its own and the operating system's.
const DUCKDB: &[&str] = &[
    "Could not set lock on file",
    "No space left on device",
    "Disk quota exceeded",
    "Input/output error",
    "Too many open files",
    "Cannot allocate memory",
    "Out of Memory Error",
    "INTERRUPT Error",
    "TransactionContext Error",
    // Follows an error that the instance could not get over; the next attempt has another one.
    "database has been invalidated",
];

fn duckdb(message: &str) -> bool {
    DUCKDB.iter().any(|words| message.contains(words))
}
