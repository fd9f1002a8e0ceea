//! What a job may be told beyond its table, filters and write mode.

use std::collections::BTreeMap;

use diesel::{deserialize::FromSqlRow, expression::AsExpression, sql_types::Jsonb};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::{json_column::json_column, limits::RateLimits, plan::Guarantee, text_enum::text_enum};

/// Options of a job, each with the default that most jobs want.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow,
)]
#[serde(default)]
#[diesel(sql_type = Jsonb)]
pub struct CopyOptions {
    /// The columns to copy, in the source's names, with those that they have at the destinations; `null`: all of them,
    /// under their own names.
    pub columns: Option<Vec<ColumnChoice>>,
    /// What becomes of values that a destination cannot hold, by the source's column; a column that is not named fails
    /// the job.
    pub value_policies: BTreeMap<String, ValuePolicy>,
    /// What happens when the destination's table lacks a column that is to be copied.
    pub new_columns: NewColumns,
    /// What is compared before a chunk is committed.
    pub verification: Verification,
    /// What the job is to guarantee; `null`: what the planner finds best for the table.
    pub guarantee: Option<Guarantee>,
    /// How fast it may read.
    pub limits: RateLimits,
}

json_column!(CopyOptions);

/// A column to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnChoice {
    /// Its exact name in the source.
    pub name: String,
    /// Its name at the destinations; `null`: the same.
    #[serde(rename = "as", default)]
    pub rename: Option<String>,
}

/// What becomes of a value that a destination cannot hold.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ValuePolicy {
    /// The job stops, with table, column, key and value in its message.
    #[default]
    Fail,
    /// The whole column is held as text.
    Text,
    /// The value becomes NULL.
    Null,
    /// The row is kept aside, to be mended and replayed.
    Quarantine,
}

impl ValuePolicy {
    /// Whether the job goes on without what cannot be held.
    pub fn sets_aside(self) -> bool {
        matches!(self, Self::Null | Self::Quarantine)
    }
}

impl CopyOptions {
    /// The policy of the source's column of this name.
    pub fn value_policy(&self, column: &str) -> ValuePolicy {
        self.value_policies.get(column).copied().unwrap_or_default()
    }

    /// Whether a job goes on without values that cannot be held, in any of its columns.
    pub fn sets_aside(&self) -> bool {
        self.value_policies.values().any(|policy| policy.sets_aside())
    }
}

/// What happens when the destination's table lacks a column that is to be copied.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NewColumns {
    /// The job stops before its first row, and says which column of which type is missing.
    #[default]
    Report,
    /// The column is added to the destination's table.
    Add,
}

text_enum! {
    "snake_case",
    /// What is compared before a chunk is committed.
    #[derive(Default)]
    pub enum Verification {
        /// Count and checksum of what was read with those of what the destination holds.
        #[default]
        Checksum,
        /// The count alone.
        Count,
        /// Nothing: such a job ends without a proof, and says so.
        Off,
    }
}
