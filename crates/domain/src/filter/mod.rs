//! Filters: from what a user asks for to the SQL that selects it.
//!
//! A [`Filter`] is what the user sent. [`bind`] holds it against the table's catalogue and makes it a
//! [`Condition`], which knows the column's type; [`Condition::to_sql`] renders it.

mod condition;
mod operator;

pub use condition::{Condition, bind, check_number, join};
pub use operator::{Operand, Operator};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most filters a user may give.
pub const MAX_FILTERS: usize = 5;

/// Most values an IN or NOT IN list may have.
pub const MAX_LIST_VALUES: usize = 1000;

/// One condition on a column, as a user asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Name of the column, exactly as in the catalogue.
    #[schema(example = "created_at")]
    pub column: String,
    /// How the column is compared.
    pub operator: Operator,
    /// What it is compared with: a text, a number or a boolean; a list for IN and NOT IN; a list of two for
    /// BETWEEN; nothing for IS NULL and IS NOT NULL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2024-01-01")]
    pub value: Option<serde_json::Value>,
}
