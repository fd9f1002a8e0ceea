//! What a client sends to create a job.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{JobChange, WriteMode};
use crate::{
    filter::Filter,
    limits::RateLimits,
    options::{ColumnChoice, CopyOptions, NewColumns, ValuePolicy, Verification},
    plan::Guarantee,
    validation::FieldError,
};

/// With how many failures in a row a job is FAILED unless it is told.
const MAX_ATTEMPTS: i32 = 10;

/// What a client sends to create a job.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackfillRequest {
    /// `table` (then in schema `public`) or `schema.table`; either part may be double-quoted as in SQL.
    #[schema(example = "public.orders")]
    pub table_name: String,
    /// Conditions joined with AND; at most 5.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// Defaults to `upsert` for a table with a primary key, else to `append`.
    pub write_mode: Option<WriteMode>,
    /// The columns to copy; all of them when absent.
    pub columns: Option<Vec<ColumnChoice>>,
    /// What becomes of values that a destination cannot hold, by column; such a value fails the job by default.
    #[serde(default)]
    pub value_policies: BTreeMap<String, ValuePolicy>,
    /// What happens when the destination's table lacks a column: `report`, the default, or `add`.
    #[serde(default)]
    pub new_columns: NewColumns,
    /// What is compared before a chunk is committed: `checksum`, the default, `count` or `off`.
    #[serde(default)]
    pub verification: Verification,
    /// `snapshot` or `chunked`; what suits the table best when absent.
    pub guarantee: Option<Guarantee>,
    /// Rows a second that the job reads at most; as many as it can when absent.
    #[schema(minimum = 1)]
    pub rows_per_second: Option<i64>,
    /// Bytes a second that it reads at most, as the source sends them; as many as it can when absent.
    #[schema(minimum = 1)]
    pub bytes_per_second: Option<i64>,
    /// Of the jobs that may be taken up, those with the highest are taken up first: -1000 to 1000, 0 unless given.
    #[serde(default)]
    pub priority: i32,
    /// No daemon takes the job up before this moment; at once when absent.
    pub run_after: Option<DateTime<Utc>>,
    /// With how many failures in a row the job is FAILED: 1 to 1000, 10 unless given. Attempts that got on by a chunk do
    /// not count, nor does a daemon that was stopped in good order.
    #[serde(default = "default_max_attempts")]
    pub max_attempts: i32,
}

fn default_max_attempts() -> i32 {
    MAX_ATTEMPTS
}

impl BackfillRequest {
    /// What is wrong with it that can be seen without its source.
    pub fn check(&self) -> Vec<FieldError> {
        JobChange {
            priority: Some(self.priority),
            run_after: self.run_after,
            max_attempts: Some(self.max_attempts),
            rows_per_second: Some(self.rows_per_second),
            bytes_per_second: Some(self.bytes_per_second),
        }
        .check()
    }

    /// What the job is told beyond table, filters and write mode.
    pub fn options(&self) -> CopyOptions {
        CopyOptions {
            columns: self.columns.clone(),
            value_policies: self.value_policies.clone(),
            new_columns: self.new_columns,
            verification: self.verification,
            guarantee: self.guarantee,
            limits: self.limits(),
        }
    }

    /// How fast the job may read.
    pub fn limits(&self) -> RateLimits {
        RateLimits { rows_per_second: self.rows_per_second, bytes_per_second: self.bytes_per_second }
    }
}
