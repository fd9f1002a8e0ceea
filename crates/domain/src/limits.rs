//! What a source can bear of Backfill, whatever the number of daemons, and what a job may take of it.

use std::ops::RangeInclusive;

use diesel::{deserialize::FromSqlRow, expression::AsExpression, sql_types::Jsonb};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{json_column::json_column, validation::FieldError};

/// Connections that a job has to its source at most: one that reads, and one that holds a snapshot.
pub const CONNECTIONS_PER_JOB: i32 = 2;

/// Rows or bytes a second that may be asked for.
const RATES: RangeInclusive<i64> = 1..=1_000_000_000_000;

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
    /// Rows a second that all jobs together read.
    #[schema(minimum = 1)]
    pub rows_per_second: Option<i64>,
    /// Bytes a second that all jobs together read, as the source sends them.
    #[schema(minimum = 1)]
    pub bytes_per_second: Option<i64>,
}

json_column!(SourceLimits);

/// How fast a job may read. A limit that is `null` is none.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow,
)]
#[serde(default)]
#[diesel(sql_type = Jsonb)]
pub struct RateLimits {
    /// Rows a second.
    pub rows_per_second: Option<i64>,
    /// Bytes a second, as the source sends them.
    pub bytes_per_second: Option<i64>,
}

json_column!(RateLimits);

impl SourceLimits {
    /// How fast all jobs together may read.
    pub fn rates(&self) -> RateLimits {
        RateLimits { rows_per_second: self.rows_per_second, bytes_per_second: self.bytes_per_second }
    }

    /// What is wrong with the limits; `prefix` is put before each field's name.
    pub(crate) fn validate(&self, prefix: &str, errors: &mut Vec<FieldError>) {
        let mut check = |name: &str, value: Option<i64>, range: RangeInclusive<i64>| {
            errors.extend(check_range(&format!("{prefix}{name}"), value, &range));
        };
        check("max_jobs", self.max_jobs, 1..=1000);
        check("max_connections", self.max_connections, i64::from(CONNECTIONS_PER_JOB)..=2000);
        errors.extend(self.rates().check(prefix));
    }
}

impl RateLimits {
    /// What is wrong with the limits; `prefix` is put before each field's name.
    pub fn check(&self, prefix: &str) -> Vec<FieldError> {
        let rates = [("rows_per_second", self.rows_per_second), ("bytes_per_second", self.bytes_per_second)];
        let check = |(name, value)| check_range(&format!("{prefix}{name}"), value, &RATES);
        rates.into_iter().filter_map(check).collect()
    }
}

fn check_range(field: &str, value: Option<i64>, range: &RangeInclusive<i64>) -> Option<FieldError> {
    let is_outside = value.is_some_and(|value| !range.contains(&value));
    is_outside.then(|| FieldError::new(field, format!("must be from {} to {}", range.start(), range.end())))
}
