//! The operators a filter may have.

use serde::{Deserialize, Deserializer, Serialize};
use strum::{AsRefStr, EnumString, VariantArray};
use utoipa::ToSchema;

/// How a filter compares a column. Read in any case: `like` is `LIKE`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema, AsRefStr, EnumString, VariantArray,
)]
pub enum Operator {
    /// Equal.
    #[serde(rename = "=")]
    #[strum(serialize = "=")]
    Equal,
    /// Not equal; as in SQL, rows with NULL are not selected.
    #[serde(rename = "!=")]
    #[strum(serialize = "!=")]
    NotEqual,
    /// Greater.
    #[serde(rename = ">")]
    #[strum(serialize = ">")]
    Greater,
    /// Less.
    #[serde(rename = "<")]
    #[strum(serialize = "<")]
    Less,
    /// Greater or equal.
    #[serde(rename = ">=")]
    #[strum(serialize = ">=")]
    GreaterOrEqual,
    /// Less or equal.
    #[serde(rename = "<=")]
    #[strum(serialize = "<=")]
    LessOrEqual,
    /// Matches a pattern: `%` stands for any text, `_` for any character, a backslash takes their meaning away.
    #[serde(rename = "LIKE")]
    #[strum(serialize = "LIKE")]
    Like,
    /// Matches a pattern in any case.
    #[serde(rename = "ILIKE")]
    #[strum(serialize = "ILIKE")]
    ILike,
    /// Is NULL.
    #[serde(rename = "IS NULL")]
    #[strum(serialize = "IS NULL")]
    IsNull,
    /// Is not NULL.
    #[serde(rename = "IS NOT NULL")]
    #[strum(serialize = "IS NOT NULL")]
    IsNotNull,
    /// Equals one of a list.
    #[serde(rename = "IN")]
    #[strum(serialize = "IN")]
    In,
    /// Equals none of a list; as in SQL, rows with NULL are not selected.
    #[serde(rename = "NOT IN")]
    #[strum(serialize = "NOT IN")]
    NotIn,
    /// Lies between two values, both included.
    #[serde(rename = "BETWEEN")]
    #[strum(serialize = "BETWEEN")]
    Between,
}

/// What an operator takes on its right side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// Nothing.
    Nothing,
    /// One value of the column's type.
    Value,
    /// A text with wildcards.
    Pattern,
    /// One or more values of the column's type.
    List,
    /// Two values of the column's type.
    Pair,
}

impl Operator {
    /// What the operator takes on its right side.
    pub fn operand(self) -> Operand {
        match self {
            Self::Equal
            | Self::NotEqual
            | Self::Greater
            | Self::Less
            | Self::GreaterOrEqual
            | Self::LessOrEqual => Operand::Value,
            Self::Like | Self::ILike => Operand::Pattern,
            Self::IsNull | Self::IsNotNull => Operand::Nothing,
            Self::In | Self::NotIn => Operand::List,
            Self::Between => Operand::Pair,
        }
    }
}

impl<'de> Deserialize<'de> for Operator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let words: Vec<_> = text.split_ascii_whitespace().map(str::to_ascii_uppercase).collect();
        words.join(" ").parse().map_err(|_| {
            let known: Vec<_> = Self::VARIANTS.iter().map(AsRef::as_ref).collect();
            serde::de::Error::custom(format!("unknown operator {text:?}; known are {}", known.join(", ")))
        })
    }
}
