//! The destination's table itself: made where it is absent, checked where it is present.

use std::collections::{BTreeMap, BTreeSet};

use backfill_domain::{catalog::Table, sql::identifier};
use duckdb::{Connection, params};

use super::{fit::fits, ledger};
use crate::{
    columnar::Kind,
    destination::{CopySpec, DestinationError, Watermark, session::Stage},
};

/// The table's name in its parts, as they are.
pub(super) struct Name {
    pub(super) catalog: String,
    pub(super) schema: String,
    pub(super) table: String,
}

/// A column as the destination knows it.
pub(super) struct Column {
    pub(super) name: String,
    sql_type: String,
}

impl Name {
    pub(super) fn new(catalog: &str, schema: &str, table: &str) -> Self {
        Self { catalog: catalog.to_owned(), schema: schema.to_owned(), table: table.to_owned() }
    }

    /// The table as SQL names it.
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", self.schema_sql(), identifier(&self.table))
    }

    /// Its schema as SQL names it.
    pub(super) fn schema_sql(&self) -> String {
        format!("{}.{}", identifier(&self.catalog), identifier(&self.schema))
    }

    /// The table as people read it.
    fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    fn error(&self, reason: String) -> DestinationError {
        DestinationError::Table { table: self.shown(), reason }
    }
}

impl Column {
    /// The staged column of the position `at`, in this column's type.
    pub(super) fn staged(&self, at: usize) -> String {
        Stage::staged(at, &self.sql_type)
    }

    /// The column's value in a statement that selects from the table `AS held`.
    pub(super) fn held(&self) -> String {
        format!("held.{}", identifier(&self.name))
    }
}

/// Makes the table's schema where it is absent: the ledger, too, is in it.
pub(super) fn create(connection: &Connection, name: &Name) -> Result<(), DestinationError> {
    if name.table.eq_ignore_ascii_case(ledger::TABLE) {
        return Err(name.error("Backfill keeps its own ledger under this name".to_owned()));
    }
    Ok(connection.execute_batch(&format!("CREATE SCHEMA IF NOT EXISTS {}", name.schema_sql()))?)
}

/// Makes the table, or finds the source's columns in the one that is there; gives them in the source's order. A table
/// that a job has written to is not made again: the rows up to its `watermark` went with it.
pub(super) fn prepare(
    connection: &Connection,
    name: &Name,
    spec: &CopySpec,
    kinds: &[Kind],
    watermark: Watermark,
) -> Result<Vec<Column>, DestinationError> {
    check_case(connection, name)?;
    let present = present_columns(connection, name)?;
    if present.is_empty() && watermark.chunk > 0 {
        return Err(DestinationError::removed(name.shown(), watermark));
    }
    if present.is_empty() {
        return create_table(connection, name, &spec.table, kinds);
    }
    let columns =
        spec.table.columns.iter().zip(kinds).map(|(column, kind)| find(&present, &column.name, kind));
    columns.collect::<Result<_, _>>().map_err(|reason| name.error(reason))
}

/// A table whose name differs in case alone is another table of the source's.
fn check_case(connection: &Connection, name: &Name) -> Result<(), DestinationError> {
    let sql =
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND lower(schema_name) = lower(?)";
    let mut statement = connection.prepare(sql)?;
    let present = statement.query_map(params![name.catalog, name.schema], |row| row.get::<_, String>(0))?;
    for present in present {
        let present = present?;
        if present != name.table && present.eq_ignore_ascii_case(&name.table) {
            return Err(name.error(format!(
                "to DuckDB, it has the name of the table {present}, which is there already"
            )));
        }
    }
    Ok(())
}

/// Names and types of the table's columns; none if it is absent.
fn present_columns(connection: &Connection, name: &Name) -> duckdb::Result<Vec<Column>> {
    let sql = "SELECT column_name, data_type FROM duckdb_columns() \
               WHERE database_name = ? AND lower(schema_name) = lower(?) AND table_name = ?";
    let mut statement = connection.prepare(sql)?;
    let columns = statement.query_map(params![name.catalog, name.schema, name.table], |row| {
        Ok(Column { name: row.get(0)?, sql_type: row.get(1)? })
    })?;
    columns.collect()
}

fn find(present: &[Column], name: &str, kind: &Kind) -> Result<Column, String> {
    let column = present.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    let Column { name, sql_type } = column.ok_or_else(|| format!("it has no column {name}; add it"))?;
    if !fits(kind, sql_type) {
        let wanted = kind.sql();
        return Err(format!(
            "its column {name} is {sql_type}, which does not hold every value of type {wanted}"
        ));
    }
    Ok(Column { name: name.clone(), sql_type: sql_type.clone() })
}

fn create_table(
    connection: &Connection,
    name: &Name,
    table: &Table,
    kinds: &[Kind],
) -> Result<Vec<Column>, DestinationError> {
    let columns: Vec<_> = table
        .columns
        .iter()
        .zip(kinds)
        .map(|(column, kind)| Column { name: column.name.clone(), sql_type: kind.sql() })
        .collect();
    let mut definitions: Vec<_> = columns
        .iter()
        .map(|column| {
            let not_null = if table.primary_key.contains(&column.name) { " NOT NULL" } else { "" };
            format!("{} {}{not_null}", identifier(&column.name), column.sql_type)
        })
        .collect();
    if !table.primary_key.is_empty() {
        let key: Vec<_> = table.primary_key.iter().map(|name| identifier(name)).collect();
        definitions.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    connection.execute_batch(&format!("CREATE TABLE {} ({})", name.sql(), definitions.join(", ")))?;
    Ok(columns)
}

/// An upsert finds the row to replace by a constraint on exactly the key.
pub(super) fn check_unique(
    connection: &Connection,
    name: &Name,
    key: &[String],
) -> Result<(), DestinationError> {
    let sql = "SELECT constraint_index, unnest(constraint_column_names) FROM duckdb_constraints() \
               WHERE database_name = ? AND lower(schema_name) = lower(?) AND table_name = ? \
                 AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map(params![name.catalog, name.schema, name.table], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?.to_ascii_lowercase()))
    })?;
    let mut constraints: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let (constraint, column) = row?;
        constraints.entry(constraint).or_default().insert(column);
    }
    let wanted: BTreeSet<_> = key.iter().map(|column| column.to_ascii_lowercase()).collect();
    if constraints.values().any(|columns| *columns == wanted) {
        return Ok(());
    }
    let key = key.join(", ");
    Err(name.error(format!("to upsert, it needs a PRIMARY KEY or UNIQUE constraint on ({key})")))
}
