//! The destination's table itself: made where it is absent, checked where it is present.

use std::collections::{BTreeMap, BTreeSet};

use backfill_domain::{
    catalog::{self, Table},
    options::NewColumns,
    sql::identifier,
};
use backfill_pg::held::create_duckdb_table_sql;
use duckdb::{Connection, params};

use super::{fit::fits, ledger};
use crate::{
    columnar::Kind,
    destination::{CopySpec, DestinationError, Watermark, session::Stage},
};

/// The table's name in its parts, as they are.
#[derive(Debug, Clone)]
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

    /// The table as SQL names it where the file is the only one.
    fn sql_in_file(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.table))
    }

    /// The table as people read it.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    pub(super) fn error(&self, reason: String) -> DestinationError {
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
        let of_kind = |(column, kind): (&catalog::Column, &Kind)| Column {
            name: column.name.clone(),
            sql_type: kind.sql(),
        };
        let columns: Vec<_> = spec.table.columns.iter().zip(kinds).map(of_kind).collect();
        create_table(connection, name, &columns, &spec.table.primary_key)?;
        return Ok(columns);
    }
    let present = fit_columns(connection, name, present, spec, kinds)?;
    check_required(connection, name, &spec.table)?;
    let columns =
        spec.table.columns.iter().zip(kinds).map(|(column, kind)| find(&present, &column.name, kind));
    columns.collect::<Result<_, _>>().map_err(|reason| name.error(reason))
}

/// The table's columns, with every one that is copied: those that it lacks are added, if the job was told so.
fn fit_columns(
    connection: &Connection,
    name: &Name,
    present: Vec<Column>,
    spec: &CopySpec,
    kinds: &[Kind],
) -> Result<Vec<Column>, DestinationError> {
    let is_missing = |(column, _): &(&catalog::Column, &Kind)| {
        !present.iter().any(|present| present.name.eq_ignore_ascii_case(&column.name))
    };
    let missing: Vec<_> = spec.table.columns.iter().zip(kinds).filter(is_missing).collect();
    let Some((first, kind)) = missing.first() else { return Ok(present) };
    let add = missing.iter().map(|(column, kind)| {
        let (table, column) = (name.sql_in_file(), identifier(&column.name));
        (format!("ALTER TABLE {table} ADD COLUMN {column} {}", kind.sql()), column, kind.sql())
    });
    if spec.options.new_columns == NewColumns::Report {
        let statements: Vec<_> = add.map(|(statement, ..)| statement).collect();
        return Err(name.error(format!(
            "it has no column {}: add it, of type {} ({}), or set new_columns to add",
            first.name,
            kind.sql(),
            statements.join("; ")
        )));
    }
    for (_, column, sql_type) in add {
        let table = name.sql();
        connection
            .execute_batch(&format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {sql_type}"))?;
    }
    Ok(present_columns(connection, name)?)
}

/// Refuses a table with a column that must have a value and would get none.
fn check_required(connection: &Connection, name: &Name, copied: &Table) -> Result<(), DestinationError> {
    let sql = "SELECT column_name FROM duckdb_columns() \
               WHERE database_name = ? AND lower(schema_name) = lower(?) AND table_name = ? \
                 AND NOT is_nullable AND column_default IS NULL ORDER BY column_index";
    let mut statement = connection.prepare(sql)?;
    let required =
        statement.query_map(params![name.catalog, name.schema, name.table], |row| row.get::<_, String>(0))?;
    for column in required {
        let column = column?;
        if !copied.columns.iter().any(|copied| copied.name.eq_ignore_ascii_case(&column)) {
            return Err(name.error(format!(
                "its column {column} is NOT NULL without a default, and no column of that name is copied: \
                 give it a default, or take its NOT NULL away"
            )));
        }
    }
    Ok(())
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
    let Column { name, sql_type } = column.ok_or_else(|| format!("its column {name} was removed"))?;
    if !fits(kind, sql_type) {
        let wanted = kind.sql();
        return Err(format!(
            "its column {name} is {sql_type}, which does not hold every value of type {wanted}"
        ));
    }
    Ok(Column { name: name.clone(), sql_type: sql_type.clone() })
}

/// Makes a table with these columns.
pub(super) fn create_table(
    connection: &Connection,
    name: &Name,
    columns: &[Column],
    key: &[String],
) -> Result<(), DestinationError> {
    let columns = columns.iter().map(|column| (column.name.as_str(), column.sql_type.as_str()));
    Ok(connection.execute_batch(&create_duckdb_table_sql(&name.sql(), columns, key))?)
}

/// Whether a constraint on exactly the key tells which row a new one meets.
pub(super) fn is_unique(connection: &Connection, name: &Name, key: &[String]) -> duckdb::Result<bool> {
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
    Ok(constraints.values().any(|columns| *columns == wanted))
}
