//! Filters held against a table's catalogue, and their SQL.

use serde_json::Value;

use super::{Filter, MAX_FILTERS, MAX_LIST_VALUES, Operand, Operator};
use crate::{
    catalog::{Column, Table},
    sql::{identifier, literal},
    validation::FieldError,
};

/// A filter whose column exists and whose values have the shape that its operator takes. Whether each value
/// fits the column's type is for the source to say, which knows all its types: it parses the SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    column: String,
    type_name: String,
    operator: Operator,
    values: Vec<String>,
}

impl Condition {
    /// The condition as SQL, in PostgreSQL's dialect.
    pub fn to_sql(&self) -> String {
        let column = identifier(&self.column);
        let operator = self.operator.as_ref();
        let values: Vec<_> = self.values.iter().map(|value| self.typed_literal(value)).collect();
        match self.operator.operand() {
            Operand::Nothing => format!("{column} {operator}"),
            Operand::Value | Operand::Pattern => format!("{column} {operator} {}", values.concat()),
            Operand::List => format!("{column} {operator} ({})", values.join(", ")),
            Operand::Pair => format!("{column} {operator} {}", values.join(" AND ")),
        }
    }

    fn typed_literal(&self, value: &str) -> String {
        let type_name = if self.operator.operand() == Operand::Pattern { "text" } else { &self.type_name };
        format!("{}::{type_name}", literal(value).trim_start())
    }
}

/// Joins the SQL of `conditions` for a WHERE clause; `None` where there is nothing to join.
pub fn join(conditions: &[Condition]) -> Option<String> {
    let sql: Vec<_> = conditions.iter().map(|condition| format!("({})", condition.to_sql())).collect();
    (!sql.is_empty()).then(|| sql.join(" AND "))
}

/// Holds `filters` against `table`.
///
/// # Errors
/// Every filter that names no column of the table or whose value has not the shape that its operator takes.
pub fn bind(filters: &[Filter], table: &Table) -> Result<Vec<Condition>, Vec<FieldError>> {
    let mut errors = Vec::new();
    if filters.len() > MAX_FILTERS {
        let message = format!("has {} filters; at most {MAX_FILTERS} are allowed", filters.len());
        errors.push(FieldError::new("filters", message));
    }
    let mut conditions = Vec::with_capacity(filters.len());
    for (at, filter) in filters.iter().enumerate() {
        match bind_one(filter, table) {
            Ok(condition) => conditions.push(condition),
            Err((field, message)) => errors.push(FieldError::new(format!("filters[{at}].{field}"), message)),
        }
    }
    if errors.is_empty() { Ok(conditions) } else { Err(errors) }
}

fn bind_one(filter: &Filter, table: &Table) -> Result<Condition, (&'static str, String)> {
    let column = table.column(&filter.column).ok_or_else(|| {
        let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let message = format!("{} has no column {:?}; it has {}", table.table_name(), filter.column, names.join(", "));
        ("column", message)
    })?;
    let values = values_of(filter, column).map_err(|message| ("value", message))?;
    Ok(Condition {
        column: column.name.clone(),
        type_name: column.data_type.name.clone(),
        operator: filter.operator,
        values,
    })
}

/// The values of `filter` as PostgreSQL's input functions read them.
fn values_of(filter: &Filter, column: &Column) -> Result<Vec<String>, String> {
    let operator = filter.operator.as_ref();
    let value = filter.value.as_ref().unwrap_or(&Value::Null);
    match (filter.operator.operand(), value) {
        (Operand::Nothing, Value::Null) => Ok(Vec::new()),
        (Operand::Nothing, _) => Err(format!("{operator} takes no value")),
        (_, Value::Null) => Err(format!("{operator} needs a value; to find NULL, use IS NULL")),
        (Operand::Pattern, Value::String(pattern)) => Ok(vec![checked(pattern)?]),
        (Operand::Pattern, _) => Err(format!("{operator} needs a text as its pattern")),
        (Operand::Value, value) => Ok(vec![text_of(value, column)?]),
        (Operand::List, Value::Array(list)) if (1..=MAX_LIST_VALUES).contains(&list.len()) => {
            list.iter().map(|value| text_of(value, column)).collect()
        }
        (Operand::List, _) => Err(format!("{operator} needs a list of 1 to {MAX_LIST_VALUES} values")),
        (Operand::Pair, Value::Array(pair)) if pair.len() == 2 => {
            pair.iter().map(|value| text_of(value, column)).collect()
        }
        (Operand::Pair, _) => Err(format!("{operator} needs a list of two values, the lower one first")),
    }
}

fn text_of(value: &Value, column: &Column) -> Result<String, String> {
    match value {
        Value::String(text) => checked(text),
        // serde_json keeps a number's digits as they were sent: none is lost on the way.
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null => Err("a list cannot hold NULL; use IS NULL in a filter of its own".to_owned()),
        Value::Array(_) | Value::Object(_) => Err(format!(
            "must be a text, a number or a boolean; write a value of type {} as a text",
            column.type_name
        )),
    }
}

fn checked(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("must not contain the NUL character, which PostgreSQL cannot hold".to_owned());
    }
    Ok(text.to_owned())
}
