//! Filters held against a table's catalogue, and their SQL.

use serde_json::Value;

use super::{Filter, MAX_FILTERS, MAX_LIST_VALUES, Operand, Operator};
use crate::{
    catalog::{Column, DataType, Table},
    sql::{identifier, literal},
    validation::FieldError,
};

/// A filter whose column exists and whose values have the shape that its operator takes. Whether each value
/// fits the column's type is for the source to say, which knows all its types: it parses the SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    column: String,
    data_type: DataType,
    operator: Operator,
    values: Vec<String>,
}

impl Condition {
    /// The condition as SQL, in PostgreSQL's dialect.
    pub fn to_sql(&self) -> String {
        let column = identifier(&self.column);
        let operator = self.operator.as_ref();
        let values: Vec<_> = self.values.iter().map(|value| self.typed_literal(value)).collect();
        if let Some(schema) = self.operator_schema() {
            return self.with_operators_of(schema, &column, &values);
        }
        match self.operator.operand() {
            Operand::Nothing => format!("{column} {operator}"),
            Operand::Value | Operand::Pattern => format!("{column} {operator} {}", values.concat()),
            Operand::List => format!("{column} {operator} ({})", values.join(", ")),
            Operand::Pair => format!("{column} {operator} {}", values.join(" AND ")),
        }
    }

    fn typed_literal(&self, value: &str) -> String {
        let literal = literal(value);
        match self.operator.operand() {
            // Left to PostgreSQL: a pattern is a text for most types that have patterns, bytes for bytea.
            Operand::Pattern => literal.trim_start().to_owned(),
            _ => format!("{}::{}", literal.trim_start(), self.data_type.name),
        }
    }

    fn operator_schema(&self) -> Option<&str> {
        self.data_type.operator_schema().filter(|_| self.operator.operand() != Operand::Nothing)
    }

    fn with_operators_of(&self, schema: &str, column: &str, values: &[String]) -> String {
        let compare = |operator: &str, right: &str| format!("{column} OPERATOR({schema}.{operator}) {right}");
        match self.operator {
            Operator::Like => compare("~~", &values[0]),
            Operator::ILike => compare("~~*", &values[0]),
            Operator::In => compare("=", &format!("ANY (ARRAY[{}])", values.join(", "))),
            Operator::NotIn => compare("<>", &format!("ALL (ARRAY[{}])", values.join(", "))),
            Operator::Between => format!("({} AND {})", compare(">=", &values[0]), compare("<=", &values[1])),
            _ => compare(self.operator.as_ref(), &values.concat()),
        }
    }
}

/// Joins the SQL of `conditions` for a WHERE clause; `None` where there is nothing to join.
pub fn join(conditions: &[Condition]) -> Option<String> {
    let sql: Vec<_> = conditions.iter().map(|condition| format!("({})", condition.to_sql())).collect();
    (!sql.is_empty()).then(|| sql.join(" AND "))
}

/// Refuses more filters than a user may give. A job of a campaign has those of its window besides.
pub fn check_number(filters: &[Filter]) -> Option<FieldError> {
    let message = format!("has {} filters; at most {MAX_FILTERS} are allowed", filters.len());
    (filters.len() > MAX_FILTERS).then(|| FieldError::new("filters", message))
}

/// Holds `filters` against `table`.
///
/// # Errors
/// Every filter that names no column of the table or whose value has not the shape that its operator takes.
pub fn bind(filters: &[Filter], table: &Table) -> Result<Vec<Condition>, Vec<FieldError>> {
    let mut errors = Vec::new();
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
        let message =
            format!("{} has no column {:?}; it has {}", table.table_name(), filter.column, names.join(", "));
        ("column", message)
    })?;
    let values = values_of(filter, column).map_err(|message| ("value", message))?;
    Ok(Condition {
        column: column.name.clone(),
        data_type: column.data_type.clone(),
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
        (Operand::Pattern, Value::String(pattern)) => Ok(vec![pattern_of(pattern)?]),
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

fn pattern_of(text: &str) -> Result<String, String> {
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    if backslashes % 2 == 1 {
        return Err("must not end with a single backslash; write two for a backslash itself".to_owned());
    }
    checked(text)
}

fn text_of(value: &Value, column: &Column) -> Result<String, String> {
    match value {
        Value::String(text) if moves_with_the_clock(text, &column.data_type) => {
            Err(format!("{text:?} means another time whenever it is read; write the date itself"))
        }
        Value::String(text) => checked(text),
        // serde_json keeps a number's digits as they were sent: none is lost on the way.
        Value::Number(number) => number_of(&number.to_string(), &column.data_type),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null => Err("a list cannot hold NULL; use IS NULL in a filter of its own".to_owned()),
        Value::Array(_) | Value::Object(_) => Err(format!(
            "must be a text, a number or a boolean; write a value of type {} as a text",
            column.type_name
        )),
    }
}

/// A number's digits. Filters are stored as JSONB, which writes 1e3 as 1000 and takes no number beyond its limits: to
/// a column of numbers that is all the same or out of range, any other column must get its text exactly.
fn number_of(digits: &str, data_type: &DataType) -> Result<String, String> {
    /// smallint, int, bigint, real, double precision, numeric, jsonb.
    const NUMBERS: [u32; 7] = [21, 23, 20, 700, 701, 1700, 3802];
    const LONGEST: usize = 1000;
    let is_negative_zero = digits.starts_with('-') && !digits.contains(|c: char| ('1'..='9').contains(&c));
    let is_kept = !digits.contains(['e', 'E']) && !is_negative_zero && digits.len() <= LONGEST;
    if is_kept || NUMBERS.contains(&data_type.oid) {
        return Ok(digits.to_owned());
    }
    Err(format!("write a number with an exponent, a negative zero or more than {LONGEST} digits as a text"))
}

/// Whether PostgreSQL reads `text` as a time that depends on when it is read. Each chunk of a job parses the filter
/// anew, a resumed job days later: they would not select the same rows.
fn moves_with_the_clock(text: &str, data_type: &DataType) -> bool {
    /// date, time, timestamp, timestamptz, timetz; ranges and multiranges of timestamp, timestamptz and date.
    const TIMES: [u32; 11] = [1082, 1083, 1114, 1184, 1266, 3908, 3910, 3912, 4533, 4534, 4535];
    const MOVING: [&str; 4] = ["now", "today", "tomorrow", "yesterday"];
    let mut words = text.split(|c: char| !c.is_ascii_alphabetic());
    TIMES.contains(&data_type.element_oid.unwrap_or(data_type.oid))
        && words.any(|word| MOVING.iter().any(|moving| word.eq_ignore_ascii_case(moving)))
}

fn checked(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("must not contain the NUL character, which PostgreSQL cannot hold".to_owned());
    }
    Ok(text.to_owned())
}
