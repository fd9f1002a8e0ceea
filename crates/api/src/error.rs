//! Everything that keeps a request from its answer.
//!
//! What a client did is told in full, field by field. What went wrong inside is told to the log; the client learns
//! only that it did, because database messages can hold what is not theirs to see.

use actix_web::{HttpResponse, ResponseError, error::BlockingError, http::StatusCode};
use backfill_domain::{migration::MigrationError, validation::FieldError};
use backfill_pg::PgError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::problem::Problem;

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The request cannot be read at all.
    #[error("{0}")]
    Malformed(String),
    /// Nothing has this path or this id.
    #[error("{0}")]
    NotFound(String),
    /// The path exists, but not with this method.
    #[error("{0}")]
    MethodNotAllowed(String),
    /// The present state forbids it.
    #[error("{0}")]
    Conflict(String),
    /// The body is too large.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The largest body taken.
        limit: usize,
    },
    /// The body is declared as something other than JSON.
    #[error("the body must be JSON: send Content-Type: application/json")]
    NotJson,
    /// The request is well-formed, and some of its fields are bad.
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldError>),
    /// The source cannot be reached or refuses to answer. Its owner can mend that, so it is the request's problem.
    #[error("the source cannot be read: {0}")]
    Source(#[from] PgError),
    /// The source takes a connection, and then says nothing.
    #[error("the server has not answered within {seconds} seconds")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// No connection to the metadata database came free in time.
    #[error("no connection to the metadata database: {0}")]
    Unavailable(#[from] diesel::r2d2::PoolError),
    /// The metadata database refused a statement, or its connection broke.
    #[error("the metadata database: {0}")]
    Database(#[from] DieselError),
    /// What the metadata database holds is none of this version's.
    #[error("a stored record cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    /// The metadata database has not this version's schema.
    #[error("the metadata database is not migrated")]
    NotMigrated,
    /// The service has been told to stop.
    #[error("the service is stopping")]
    Stopping,
    /// Whether it has cannot be told.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The metrics cannot be rendered.
    #[error("the metrics cannot be rendered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The dashboard's page cannot be read.
    #[error("the dashboard cannot be read: {0}")]
    Dashboard(std::io::Error),
    /// A blocking task died.
    #[error("a task did not finish: {0}")]
    Task(#[from] BlockingError),
}

impl ApiError {
    /// Says that no `kind` of record has this `id`.
    pub(crate) fn unknown(kind: &str, id: impl std::fmt::Display) -> Self {
        Self::NotFound(format!("there is no {kind} {id}"))
    }

    /// Says what is wrong with one field.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// Status, type and title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed(_) => {
                (StatusCode::BAD_REQUEST, "/problems/malformed", "The request cannot be read")
            }
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "/problems/not-found", "Not found"),
            Self::MethodNotAllowed(_) => {
                (StatusCode::METHOD_NOT_ALLOWED, "/problems/method-not-allowed", "Method not allowed")
            }
            Self::Conflict(_) => {
                (StatusCode::CONFLICT, "/problems/conflict", "The present state forbids the request")
            }
            Self::TooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "/problems/too-large", "The request is too large")
            }
            Self::NotJson => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "/problems/not-json", "The request is not JSON")
            }
            Self::Invalid(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "/problems/invalid",
                "The request is well-formed but invalid",
            ),
            Self::Source(_) | Self::Silent { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "/problems/source", "The source cannot be read")
            }
            Self::Unavailable(_) | Self::NotMigrated | Self::Stopping => UNAVAILABLE,
            Self::Database(error) if is_disconnect(error) => UNAVAILABLE,
            Self::Database(_)
            | Self::Migration(_)
            | Self::Stored(_)
            | Self::Metrics(_)
            | Self::Dashboard(_)
            | Self::Task(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "/problems/internal", "The service failed")
            }
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(errors) => errors.clone(),
            Self::Source(error) => vec![FieldError::new("source_id", error.to_string())],
            Self::Silent { .. } => vec![FieldError::new("source_id", self.to_string())],
            _ => Vec::new(),
        }
    }
}

const UNAVAILABLE: (StatusCode, &str, &str) =
    (StatusCode::SERVICE_UNAVAILABLE, "/problems/unavailable", "The service is unavailable");

/// Whether the database is away rather than unwilling.
fn is_disconnect(error: &DieselError) -> bool {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    matches!(error, DieselError::DatabaseError(ClosedConnection | UnableToSendCommand, _))
}

fn summary(errors: &[FieldError]) -> String {
    let all: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    all.join("; ")
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, r#type, title) = self.kind();
        let detail = match status {
            _ if matches!(self, Self::Stopping) => self.to_string(),
            StatusCode::SERVICE_UNAVAILABLE => {
                "The metadata database cannot be reached; try again later.".to_owned()
            }
            _ if status.is_server_error() => "The service's log tells more.".to_owned(),
            _ => self.to_string(),
        };
        if status.is_server_error() && !matches!(self, Self::Stopping) {
            log::error!("{self}");
        }
        Problem { r#type, title, status: status.as_u16(), detail, errors: self.fields() }
            .into_response(status)
    }
}
