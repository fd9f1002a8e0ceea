//! What a client changes of a job.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{limits::RateLimits, validation::FieldError};

/// What a client changes of a job, also of one that runs. A field that is left out stays as it is; `null` takes a limit
/// off.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobChanges {
    /// Rows a second that the job reads at most.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub rows_per_second: Option<Option<i64>>,
    /// Bytes a second that it reads at most, as the source sends them.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub bytes_per_second: Option<Option<i64>>,
}

impl JobChanges {
    /// What is wrong with them.
    pub fn check(&self) -> Vec<FieldError> {
        let limits = RateLimits {
            rows_per_second: self.rows_per_second.flatten(),
            bytes_per_second: self.bytes_per_second.flatten(),
        };
        limits.check("")
    }
}

/// Tells `null` from a field that is left out.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(field).map(Some)
}
