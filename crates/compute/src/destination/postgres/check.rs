//! Whether a table that is there already can take the rows.

use backfill_domain::{
    catalog::{Column, Table, TableKind},
    job::WriteMode,
    options::NewColumns,
    sql::identifier,
    table::TableName,
};
use backfill_pg::Client;

use super::{fit::fits, ledger, once::once, prepare::find, replace::refuse_references, types::HeldType};
use crate::{
    destination::{CopySpec, DestinationError},
    wire::Rendition,
};

fn refuse<T>(name: &TableName, reason: String) -> Result<T, DestinationError> {
    Err(DestinationError::Table { table: name.to_string(), reason })
}

/// The table with every column that is copied: those that it lacks are added, if the job was told so.
pub(super) fn fit_columns(
    client: &mut Client,
    name: &TableName,
    table: Table,
    spec: &CopySpec,
    types: &[Option<HeldType>],
) -> Result<Table, DestinationError> {
    let is_missing = |(column, _): &(&Column, _)| table.column(&column.name).is_none();
    let missing: Vec<_> = spec.table.columns.iter().zip(types).filter(is_missing).collect();
    let Some((first, _)) = missing.first() else { return Ok(table) };
    let add = |(column, known): &(&Column, &Option<HeldType>)| {
        let type_name = known.as_ref().map_or("text", |known| known.full.as_str());
        format!("ADD COLUMN IF NOT EXISTS {} {type_name}", identifier(&column.name))
    };
    let add: Vec<_> = missing.iter().map(add).collect();
    let add = format!("ALTER TABLE {} {}", name.to_sql(), add.join(", "));
    if spec.options.new_columns == NewColumns::Report {
        let (column, type_name) = (&first.name, &first.type_name);
        return refuse(
            name,
            format!(
                "it has no column {column}: add it, of type {type_name} ({add}), or set new_columns to add"
            ),
        );
    }
    once(client, &add)?;
    match find(client, name)? {
        Some(table) => Ok(table),
        None => refuse(name, "it was removed while the job altered it".to_owned()),
    }
}

/// Refuses a table that cannot take the rows as they are to be written.
pub(super) fn check_table(
    client: &mut Client,
    name: &TableName,
    table: &Table,
    spec: &CopySpec,
    renditions: &[Rendition],
) -> Result<(), DestinationError> {
    if name.table == ledger::LEDGER {
        return refuse(
            name,
            "this name belongs to the ledger of the jobs that write to the schema".to_owned(),
        );
    }
    if !matches!(table.kind, TableKind::Table | TableKind::PartitionedTable) {
        return refuse(name, "it is no table; rows can only be written to one".to_owned());
    }
    for (column, rendition) in spec.table.columns.iter().zip(renditions) {
        match table.column(&column.name) {
            Some(held) if !fits(&column.data_type, &held.data_type, *rendition) => {
                let (column, type_name) = (&column.name, &column.type_name);
                return refuse(
                    name,
                    format!(
                        "its column {column} of type {} cannot hold every value of type {type_name}: alter it",
                        held.type_name
                    ),
                );
            }
            _ => {}
        }
    }
    check_required(client, name, &spec.table)?;
    let key = &spec.table.primary_key;
    if spec.write_mode.needs_key() && !has_unique_index(table, key) {
        let (mode, key) = (spec.write_mode.as_ref(), key.join(", "));
        return refuse(name, format!("{mode} needs a unique index on ({key}): make one, or append"));
    }
    if spec.write_mode == WriteMode::Replace { refuse_references(client, name) } else { Ok(()) }
}

/// Refuses a table with a column that must have a value and would get none: one that is not copied and has neither a
/// default nor a trigger that may set it.
fn check_required(client: &mut Client, name: &TableName, copied: &Table) -> Result<(), DestinationError> {
    const BEFORE_ROW_INSERT: i16 = 7;
    let query = "SELECT attname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
                 WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND NOT attisdropped \
                   AND (attnotnull OR typnotnull) AND typdefault IS NULL \
                   AND NOT atthasdef AND attidentity = '' AND NOT attname = ANY ($2) \
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger \
                                   WHERE tgrelid = attrelid AND NOT tgisinternal AND tgtype & $3 = $3) \
                 ORDER BY attnum LIMIT 1";
    let names: Vec<_> = copied.columns.iter().map(|column| column.name.as_str()).collect();
    match client.query_opt(query, &[&name.to_sql(), &names, &BEFORE_ROW_INSERT])? {
        None => Ok(()),
        Some(row) => {
            let column: String = row.get(0);
            refuse(
                name,
                format!(
                    "its column {column} is NOT NULL without a default, and no column of that name is copied: \
                     give it a default, or take its NOT NULL away"
                ),
            )
        }
    }
}

/// Whether there is a unique index on exactly these columns.
pub(super) fn has_unique_index(table: &Table, key: &[String]) -> bool {
    let is_key =
        |columns: &[String]| columns.len() == key.len() && key.iter().all(|name| columns.contains(name));
    table.indexes.iter().any(|index| index.unique && is_key(&index.columns))
}
