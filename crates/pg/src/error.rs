//! Errors of a PostgreSQL connection, told so that a user can act on them.

use std::error::Error as _;

use postgres::error::SqlState;

/// What went wrong with a PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// No connection could be made.
    #[error("cannot connect to {address}: {}", describe(.error))]
    Connect {
        /// `host:port/database`.
        address: String,
        /// What the client says.
        error: postgres::Error,
    },
    /// This machine could not even try.
    #[error("cannot open a connection: {0}")]
    Machine(#[from] std::io::Error),
    /// The server refused a statement, or the connection broke.
    #[error("{}", describe(.0))]
    Query(#[from] postgres::Error),
}

impl PgError {
    /// The server's code for the error, where the error came from the server.
    pub fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Connect { error, .. } | Self::Query(error) => error.code(),
            Self::Machine(_) => None,
        }
    }
}

/// The whole of what a PostgreSQL error says: message, detail and hint of the server, or the cause of a broken
/// connection. Never a connection string.
pub fn describe(error: &postgres::Error) -> String {
    let Some(server) = error.as_db_error() else {
        return match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
    };
    let mut text = server.message().to_owned();
    for (label, part) in [("", server.detail()), ("hint: ", server.hint()), ("in: ", server.where_())] {
        if let Some(part) = part {
            text.push_str(&format!(" ({label}{part})"));
        }
    }
    text
}
