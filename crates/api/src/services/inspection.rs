//! Holds a request for a backfill against the source: the table, the columns, and each value, which only the source
//! can judge, because only it knows all its types and operators.

use std::collections::BTreeMap;

use backfill_domain::{
    catalog::Table,
    columns::{self, Copied},
    filter::{self, Condition, Filter},
    job::{BackfillRequest, WriteMode},
    options::{ColumnChoice, ValuePolicy},
    source::ConnectionSettings,
    sql::literal,
    table::TableReference,
    validation::FieldError,
};
use backfill_pg::{Client, PgError, describe};
use postgres::error::SqlState;

use super::remote::connect;
use crate::error::ApiError;

/// Tables whose names hold the wanted one or are held by it, its namesakes in other schemas first.
const SIMILAR: &str = "
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND (pg_catalog.strpos(lower(c.relname), lower($1)) > 0 OR pg_catalog.strpos(lower($1), lower(c.relname)) > 0)
    ORDER BY lower(c.relname) <> lower($1), n.nspname, c.relname
    LIMIT 5";

/// What the source knows of a request in which it finds nothing wrong.
pub(crate) struct Inspected {
    /// The table.
    pub(crate) table: Table,
    /// The same, with the columns that are to be copied.
    pub(crate) copied: Copied,
    /// The filters with their columns' types.
    pub(crate) conditions: Vec<Condition>,
}

/// Has the source read `text` as a value of the table's column, as a row that is mended with it would need.
pub(crate) fn check_value(
    settings: &ConnectionSettings,
    table_name: &str,
    column: &str,
    text: Option<&str>,
) -> Result<(), ApiError> {
    let reference: TableReference =
        table_name.parse().map_err(|error| ApiError::Conflict(format!("the job's table: {error}")))?;
    let mut client = connect(settings)?;
    let table = backfill_pg::find_table(&mut client, &reference)?;
    let Some(column) = table.as_ref().and_then(|table| table.column(column)) else {
        return Err(ApiError::Conflict(format!(
            "the source has no column {column} of {table_name} any more"
        )));
    };
    let Some(text) = text else {
        let refusal = format!("column {} holds no NULL", column.name);
        return if column.nullable { Ok(()) } else { Err(ApiError::field("value", refusal)) };
    };
    if text.contains('\0') {
        return Err(ApiError::field("value", "must not contain the NUL character"));
    }
    let read = client.batch_execute(&format!("SELECT {}::{}", literal(text), column.type_name));
    let Err(error) = read else { return Ok(()) };
    if error.as_db_error().is_none() {
        return Err(PgError::from(error).into());
    }
    let (name, type_name) = (&column.name, &column.type_name);
    Err(ApiError::field(
        "value",
        format!("does not fit column {name} of type {type_name}: {}", describe(&error)),
    ))
}

/// Whether these columns of a table, or all of them, are with its primary key.
pub(crate) fn has_key(
    settings: &ConnectionSettings,
    table_name: &str,
    columns: Option<&[ColumnChoice]>,
) -> Result<bool, ApiError> {
    let reference: TableReference =
        table_name.parse().map_err(|error| ApiError::Conflict(format!("the job's table: {error}")))?;
    let table = find_table(&mut *connect(settings)?, &reference)?;
    let copied = columns::choose(&table, columns).map_err(ApiError::Invalid)?;
    Ok(!copied.written.primary_key.is_empty())
}

/// Asks the source at `settings` whether it could serve `request`; nothing is read from the table.
pub(crate) fn inspect(
    settings: &ConnectionSettings,
    request: &BackfillRequest,
) -> Result<Inspected, ApiError> {
    let reference: TableReference =
        request.table_name.parse().map_err(|error| ApiError::field("table_name", format!("{error}")))?;
    let mut client = connect(settings)?;
    let table = find_table(&mut client, &reference)?;
    check_readable(&mut client, &table, &settings.username)?;
    let copied = columns::choose(&table, request.columns.as_deref());
    let mut errors = match &copied {
        Ok(copied) => check_write_mode(request.write_mode, copied),
        Err(errors) => errors.clone(),
    };
    errors.extend(request.check());
    errors.extend(check_value_policies(&request.value_policies, &table));
    errors.extend(filter::check_number(&request.filters));
    let conditions = match filter::bind(&request.filters, &table) {
        Ok(conditions) => conditions,
        Err(more) => return Err(ApiError::Invalid([errors, more].concat())),
    };
    errors.extend(judge(&mut client, &table, &request.filters, &conditions)?);
    match copied {
        Ok(copied) if errors.is_empty() => Ok(Inspected { table, copied, conditions }),
        _ => Err(ApiError::Invalid(errors)),
    }
}

fn find_table(client: &mut Client, reference: &TableReference) -> Result<Table, ApiError> {
    match backfill_pg::find_table(client, reference)? {
        Some(table) if table.columns.is_empty() => {
            Err(ApiError::field("table_name", format!("{} has no columns to copy", table.table_name())))
        }
        Some(table) => Ok(table),
        None => Err(ApiError::field("table_name", unknown_table(client, reference)?)),
    }
}

fn unknown_table(client: &mut Client, reference: &TableReference) -> Result<String, PgError> {
    let Some(wanted) = reference.candidates().into_iter().next() else {
        return Ok("names no table".to_owned());
    };
    let rows = client.query(SIMILAR, &[&wanted.table])?;
    let similar: Vec<_> = rows
        .iter()
        .map(|row| backfill_domain::table::TableName { schema: row.get(0), table: row.get(1) }.to_string())
        .collect();
    let hint =
        if similar.is_empty() { String::new() } else { format!("; similar are {}", similar.join(", ")) };
    Ok(format!("the source has no table {wanted}{hint}"))
}

/// EXPLAIN checks privileges, on each column too, and reads nothing.
fn check_readable(client: &mut Client, table: &Table, username: &str) -> Result<(), ApiError> {
    let explained = client.batch_execute(&format!("EXPLAIN SELECT * FROM {}", table.table_name().to_sql()));
    let Err(error) = explained else { return Ok(()) };
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            let name = table.table_name();
            let message =
                format!("user {username} may not read {name}: GRANT USAGE on its schema and SELECT on it");
            Err(ApiError::field("table_name", message))
        }
        Some(_) => Err(ApiError::field("table_name", format!("cannot be read: {}", describe(&error)))),
        None => Err(PgError::from(error).into()),
    }
}

/// Rows that are told apart by their keys need one, and all of it at the destinations.
fn check_write_mode(requested: Option<WriteMode>, copied: &Copied) -> Vec<FieldError> {
    let Some(mode) = requested.filter(|mode| mode.needs_key() && copied.written.primary_key.is_empty())
    else {
        return Vec::new();
    };
    let (mode, table) = (mode.as_ref(), &copied.read);
    let left_out: Vec<_> = copied.key_left_out().collect();
    if left_out.is_empty() {
        let message = format!("{mode} needs a primary key, and {} has none; use append", table.table_name());
        return vec![FieldError::new("write_mode", message)];
    }
    let message = format!(
        "{mode} finds rows by the primary key, of which {} is left out: add it, or use append",
        left_out.join(", ")
    );
    vec![FieldError::new("columns", message)]
}

/// A policy is for a column that there is, and NULL for one that may hold it.
fn check_value_policies(policies: &BTreeMap<String, ValuePolicy>, table: &Table) -> Vec<FieldError> {
    let verdict = |(name, policy): (&String, &ValuePolicy)| {
        let message = match table.column(name) {
            None => format!("{} has no column {name}", table.table_name()),
            Some(column) if *policy == ValuePolicy::Null && !column.nullable => {
                format!("{name} is NOT NULL or part of the key: no value of it can become NULL")
            }
            Some(_) => return None,
        };
        Some(FieldError::new(format!("value_policies.{name}"), message))
    };
    policies.iter().filter_map(verdict).collect()
}

/// Has the source parse each condition: that reads its values as the columns' types and looks its operators up,
/// but executes nothing.
fn judge(
    client: &mut Client,
    table: &Table,
    filters: &[Filter],
    conditions: &[Condition],
) -> Result<Vec<FieldError>, PgError> {
    let mut errors = Vec::new();
    for (at, (filter, condition)) in filters.iter().zip(conditions).enumerate() {
        let query = format!("SELECT FROM {} WHERE {}", table.table_name().to_sql(), condition.to_sql());
        if let Err(error) = client.prepare(&query) {
            let (field, message) = verdict(error, table, filter)?;
            errors.push(FieldError::new(format!("filters[{at}].{field}"), message));
        }
    }
    Ok(errors)
}

/// What a parse error says of `filter`: the bad field and why.
fn verdict(
    error: postgres::Error,
    table: &Table,
    filter: &Filter,
) -> Result<(&'static str, String), PgError> {
    let Some(server) = error.as_db_error() else {
        return Err(error.into());
    };
    let column = &filter.column;
    let type_name = table.column(column).map_or("unknown", |column| &column.type_name);
    let unknown_operator =
        [SqlState::UNDEFINED_FUNCTION, SqlState::AMBIGUOUS_FUNCTION, SqlState::DATATYPE_MISMATCH];
    if unknown_operator.contains(server.code()) {
        let operator = filter.operator.as_ref();
        return Ok((
            "operator",
            format!("column {column} is of type {type_name}, which has no operator {operator}"),
        ));
    }
    Ok(("value", format!("does not fit column {column} of type {type_name}: {}", describe(&error))))
}
