//! What keeps a record from being deleted.

use backfill_domain::id::PipelineId;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Whether a foreign key forbade a statement.
pub(super) fn is_in_use(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
}

/// Says what uses a record.
pub(super) fn describe(pipelines: &[PipelineId], jobs: i64) -> String {
    let mut users = Vec::new();
    if !pipelines.is_empty() {
        let ids: Vec<_> = pipelines.iter().map(ToString::to_string).collect();
        let noun = if pipelines.len() == 1 { "pipeline" } else { "pipelines" };
        users.push(format!("{noun} {}", ids.join(", ")));
    }
    match jobs {
        0 => {}
        1 => users.push("1 job".to_owned()),
        jobs => users.push(format!("{jobs} jobs")),
    }
    users.join(" and ")
}
