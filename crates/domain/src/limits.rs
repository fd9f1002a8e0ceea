//! What a source can bear of Backfill, whatever the number of daemons.

use std::ops::RangeInclusive;

use diesel::{deserialize::FromSqlRow, expression::AsExpression, sql_types::Jsonb};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{json_column::json_column, validation::FieldError};

/// Connections that a job has to its source at most: one that reads, and one that holds a snapshot.
pub const CONNECTIONS_PER_JOB: i32 = 2;

/// Limits of a source, which hold for all daemons together. One that is `null` or absent is none.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow,
)]
#[serde(deny_unknown_fields, default)]
#[diesel(sql_type = Jsonb)]
pub struct SourceLimits {
    /// Jobs that run at the same time, 1 to 1000.
    #[schema(minimum = 1, maximum = 1000)]
    pub max_jobs: Option<i64>,
    /// Connections that jobs have to the source at the same time, 2 to 2000. A job has up to 2, so half as many jobs run.
    #[schema(minimum = 2, maximum = 2000)]
    pub max_connections: Option<i64>,
}

json_column!(SourceLimits);

impl SourceLimits {
    /// What is wrong with the limits; `prefix` is put before each field's name.
    pub(crate) fn validate(&self, prefix: &str, errors: &mut Vec<FieldError>) {
        let mut check = |name: &str, value: Option<i64>, range: RangeInclusive<i64>| {
            errors.extend(check_range(&format!("{prefix}{name}"), value, &range));
        };
        check("max_jobs", self.max_jobs, 1..=1000);
        check("max_connections", self.max_connections, i64::from(CONNECTIONS_PER_JOB)..=2000);
    }
}

fn check_range(field: &str, value: Option<i64>, range: &RangeInclusive<i64>) -> Option<FieldError> {
    let is_outside = value.is_some_and(|value| !range.contains(&value));
    is_outside.then(|| FieldError::new(field, format!("must be from {} to {}", range.start(), range.end())))
}
