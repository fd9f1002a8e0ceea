//! Whether a table that is there already can take the rows.

use backfill_domain::{catalog::Table, job::WriteMode, options::NewColumns, table::TableName};
use backfill_pg::{
    Client,
    held::{HeldType, add_columns_sql, misfits, missing_columns},
};

use super::{ledger, once::once, prepare::find, replace::refuse_references};
use crate::destination::{CopySpec, DestinationError};

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
    let missing = missing_columns(&table, &spec.table, types);
    let Some((first, _)) = missing.first() else { return Ok(table) };
    let add = add_columns_sql(name, &missing);
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
) -> Result<(), DestinationError> {
    if name.table == ledger::LEDGER {
        return refuse(
            name,
            "this name belongs to the ledger of the jobs that write to the schema".to_owned(),
        );
    }
    if let Some(reason) = misfits(table, &spec.table, spec.write_mode).into_iter().next() {
        return refuse(name, reason);
    }
    check_required(client, name, &spec.table)?;
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
