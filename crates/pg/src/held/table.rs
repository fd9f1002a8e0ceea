//! The statements that make a destination's table for the source's, or give one that is there what it lacks.

use backfill_domain::{
    catalog::{Column, Table},
    sql::identifier,
    table::TableName,
};

use super::HeldType;

/// Makes a schema.
pub fn create_schema_sql(schema: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(schema))
}

/// Makes a PostgreSQL table with the source's columns and key. The values of a type that the destination does not know
/// are kept as text.
pub fn create_table_sql(name: &TableName, source: &Table, types: &[Option<HeldType>]) -> String {
    let define = |(column, known): (&Column, &Option<HeldType>)| {
        let not_null = if column.nullable { "" } else { " NOT NULL" };
        let type_name = known.as_ref().map_or("text", HeldType::of_new_column);
        format!("{} {type_name}{not_null}", identifier(&column.name))
    };
    let columns = source.columns.iter().zip(types).map(define);
    format!("CREATE TABLE IF NOT EXISTS {} ({})", name.to_sql(), with_key(columns, &source.primary_key))
}

/// Makes a DuckDB table, whose `name` is SQL, with these columns and their types. DuckDB wants to be told that a key has
/// no NULL.
pub fn create_duckdb_table_sql<'a>(
    name: &str,
    columns: impl Iterator<Item = (&'a str, &'a str)>,
    key: &[String],
) -> String {
    let define = |(column, type_name): (&str, &str)| {
        let is_key = key.iter().any(|name| name.eq_ignore_ascii_case(column));
        let not_null = if is_key { " NOT NULL" } else { "" };
        format!("{} {type_name}{not_null}", identifier(column))
    };
    format!("CREATE TABLE {name} ({})", with_key(columns.map(define), key))
}

fn with_key(columns: impl Iterator<Item = String>, key: &[String]) -> String {
    let mut definitions: Vec<_> = columns.collect();
    if !key.is_empty() {
        let key: Vec<_> = key.iter().map(|name| identifier(name)).collect();
        definitions.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    definitions.join(", ")
}

/// The source's columns, with their types, that a PostgreSQL table lacks.
pub fn missing_columns<'a>(
    held: &Table,
    source: &'a Table,
    types: &'a [Option<HeldType>],
) -> Vec<(&'a Column, &'a str)> {
    let columns = source.columns.iter().zip(types).filter(|(column, _)| held.column(&column.name).is_none());
    let typed = columns.map(|(column, known)| (column, known.as_ref().map_or("text", |known| &*known.full)));
    typed.collect()
}

/// Gives a PostgreSQL table columns that it lacks.
pub fn add_columns_sql(name: &TableName, missing: &[(&Column, &str)]) -> String {
    let add = missing.iter().map(|(column, type_name)| {
        format!("ADD COLUMN IF NOT EXISTS {} {type_name}", identifier(&column.name))
    });
    format!("ALTER TABLE {} {}", name.to_sql(), add.collect::<Vec<_>>().join(", "))
}
