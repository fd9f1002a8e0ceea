//! What a client changes of a job.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{limits::RateLimits, validation::FieldError};

/// What a client sends to change a job, also one that runs or has ended. A field that is left out stays as it is;
/// `null` takes a limit off.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobChange {
    /// Of the jobs that may be taken up, those with the highest are taken up first: -1000 to 1000.
    pub priority: Option<i32>,
    /// No daemon takes the job up before this moment.
    pub run_after: Option<DateTime<Utc>>,
    /// With how many failures in a row the job is FAILED: 1 to 1000.
    pub max_attempts: Option<i32>,
    /// Rows a second that the job reads at most.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub rows_per_second: Option<Option<i64>>,
    /// Bytes a second that it reads at most, as the source sends them.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub bytes_per_second: Option<Option<i64>>,
}

/// Limits as they are to be from now on; what is absent stays.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LimitChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_per_second: Option<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_second: Option<Option<i64>>,
}

impl JobChange {
    /// What is wrong with it.
    pub fn check(&self) -> Vec<FieldError> {
        let checks = [
            (
                "priority",
                self.priority.is_none_or(|priority| (-1000..=1000).contains(&priority)),
                "must be from -1000 to 1000",
            ),
            (
                "max_attempts",
                self.max_attempts.is_none_or(|most| (1..=1000).contains(&most)),
                "must be from 1 to 1000",
            ),
            // PostgreSQL's moments and those of the clients' languages are not the same, far enough away.
            (
                "run_after",
                self.run_after.is_none_or(|at| (1970..=9999).contains(&at.year())),
                "must be in the years 1970 to 9999",
            ),
        ];
        let bad = checks.into_iter().filter(|(_, is_good, _)| !is_good);
        let limits = RateLimits {
            rows_per_second: self.rows_per_second.flatten(),
            bytes_per_second: self.bytes_per_second.flatten(),
        };
        bad.map(|(field, _, message)| FieldError::new(field, message)).chain(limits.check("")).collect()
    }

    /// What it changes of the job's limits.
    pub fn limits(&self) -> LimitChange {
        LimitChange { rows_per_second: self.rows_per_second, bytes_per_second: self.bytes_per_second }
    }
}

/// Tells `null` from a field that is left out.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(field).map(Some)
}
