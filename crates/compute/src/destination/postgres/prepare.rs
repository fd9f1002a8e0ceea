//! Makes a PostgreSQL destination ready: table, ledger, staging table, and the statements that a chunk needs.

use backfill_domain::{
    catalog::{Column, Table, TableKind},
    id::DestinationId,
    job::WriteMode,
    sql::identifier,
    table::{TableName, TableReference},
};
use backfill_pg::{
    Client, find_table,
    held::{HeldType, column_types, create_schema_sql, create_table_sql, has_unique_index, rendition},
};

use super::{
    Route,
    check::{check_table, fit_columns},
    lane::takes_two,
    ledger,
    once::once,
    own_types,
    replace::Replacement,
    statements::{CheckStatements, STAGE, Statements, Target, compare_sql, direct, insert_sql, known_sql},
};
use crate::{
    destination::{CopySpec, DestinationError, Watermark},
    wire::Rendition,
};

/// How long a statement that makes tables waits for others who hold them.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '30s'";

/// While chunks are written, others are waited for as long as it takes. What a chunk reads back it finds by its keys;
/// for want of statistics, the planner might read the whole table for it. What is committed is durable.
const SESSION: &str = "SET enable_seqscan = off; SET jit = off; \
     SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN \
         ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'); \
     SELECT set_config(name, 'on', false) FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'";

/// A destination that is ready for its first chunk.
pub(super) struct Prepared {
    pub(super) renditions: Vec<Rendition>,
    pub(super) statements: Statements,
    pub(super) watermark: Watermark,
    /// What happens to keys that exist already in the table that chunks are written to.
    pub(super) mode: WriteMode,
    pub(super) route: Route,
    /// What makes one more session ready, where two chunks may be written at the same time.
    pub(super) second_session: Option<String>,
    /// What is to be done when all rows are there.
    pub(super) replacement: Option<Replacement>,
}

/// Makes table, ledger and staging table ready for `spec`.
pub(super) fn prepare(
    client: &mut Client,
    schema: &str,
    id: DestinationId,
    spec: &CopySpec,
) -> Result<Prepared, DestinationError> {
    client.batch_execute(LOCK_TIMEOUT)?;
    let name = TableName { schema: schema.to_owned(), table: spec.table.name.clone() };
    create_schema(client, schema)?;
    ledger::end_earlier_attempts(client, spec)?;
    if find(client, &name)?.is_none() {
        own_types::make(client, &spec.own_types)?;
    }
    let types = column_types(client, &spec.table)?;
    let entry = ledger::open(client, schema, id, spec)?;
    let watermark = entry.watermark;
    let table = match find(client, &name)? {
        Some(table) => fit_columns(client, &name, table, spec, &types)?,
        None if watermark.chunk > 0 => return Err(DestinationError::removed(name.to_string(), watermark)),
        None => create_table(client, &name, &spec.table, &types)?,
    };
    let renditions: Vec<_> = spec.table.columns.iter().map(rendition).collect();
    check_table(client, &name, &table, spec)?;
    let stage = stage_sql(&spec.table, &renditions, &types);
    client.batch_execute(&stage)?;
    let replaces = spec.write_mode == WriteMode::Replace && !entry.replaced;
    let replacement = replaces.then(|| Replacement::open(client, &name, id, spec, watermark)).transpose()?;
    let (name, table) = match &replacement {
        Some(replacement) => (replacement.side().clone(), replacement.find_side(client, watermark)?),
        None => (name, table),
    };
    let mode = mode_of_chunks(spec, &table);
    let target = Target { generated: generated_columns(client, &name)?, name, table };
    let goes_direct = target.generated.is_empty()
        && has_same_columns(&target.table, &spec.table, &renditions)
        && finds_rows_again(client, &target, spec)?;
    let route = match target.table.kind {
        _ if !goes_direct => Route::Staged,
        // Its pages are its partitions'.
        TableKind::PartitionedTable if !spec.table.primary_key.is_empty() => Route::DirectByKey,
        _ => Route::Direct,
    };
    let (insert, returning) = insert_sql(&target, mode, &spec.table, &renditions, &types);
    let check = check_statements(&target, spec, &renditions, &types, ledger::note_mended_sql(schema));
    let statements = Statements {
        check,
        direct: goes_direct.then(|| direct(&target.name, &spec.table)),
        stage: format!("COPY {STAGE} FROM STDIN (FORMAT binary)"),
        insert,
        returning,
        known: (!spec.table.primary_key.is_empty()).then(|| known_sql(&target, &spec.table, &renditions)),
        note: ledger::note_sql(schema),
    };
    let takes_two = takes_two(client, &target, route, spec)?;
    let second_session = takes_two.then(|| format!("{stage}; {SESSION}"));
    client.batch_execute(SESSION)?;
    Ok(Prepared { renditions, statements, watermark, mode, route, second_session, replacement })
}

/// What compares a chunk once more and mends it; `None` where rows are not found again without a key.
fn check_statements(
    target: &Target,
    spec: &CopySpec,
    renditions: &[Rendition],
    types: &[Option<HeldType>],
    note: String,
) -> Option<CheckStatements> {
    if spec.table.primary_key.is_empty() {
        return None;
    }
    let (insert, returning) = insert_sql(target, WriteMode::Upsert, &spec.table, renditions, types);
    let is_unique = has_unique_index(&target.table, &spec.table.primary_key);
    let compare = compare_sql(target, &spec.table, renditions, &returning);
    Some(CheckStatements { compare, mend: is_unique.then_some(insert), note })
}

/// What replaces a table is gathered beside it, where a row may come once more, changed meanwhile; so may what comes
/// after the table was replaced.
fn mode_of_chunks(spec: &CopySpec, table: &Table) -> WriteMode {
    match spec.write_mode {
        WriteMode::Replace if has_unique_index(table, &spec.table.primary_key) => WriteMode::Upsert,
        WriteMode::Replace => WriteMode::Append,
        mode => mode,
    }
}

pub(super) fn find(client: &mut Client, name: &TableName) -> Result<Option<Table>, DestinationError> {
    Ok(find_table(client, &TableReference::from(name))?)
}

pub(super) fn create_schema(client: &mut Client, schema: &str) -> Result<(), DestinationError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
    if !client.query_one(exists, &[&schema])?.get::<_, bool>(0) {
        once(client, &create_schema_sql(schema))?;
    }
    Ok(())
}

fn create_table(
    client: &mut Client,
    name: &TableName,
    source: &Table,
    types: &[Option<HeldType>],
) -> Result<Table, DestinationError> {
    once(client, &create_table_sql(name, source, types))?;
    find(client, name)?.ok_or_else(|| DestinationError::Table {
        table: name.to_string(),
        reason: "it was removed while the job made it".to_owned(),
    })
}

/// The staging table holds the values as they travel, without the lengths and checks of either side's table.
fn stage_sql(source: &Table, renditions: &[Rendition], types: &[Option<HeldType>]) -> String {
    let columns = source.columns.iter().zip(renditions).zip(types).map(|((column, rendition), known)| {
        let travels_as = match (rendition, known) {
            (Rendition::Binary, Some(known)) => known.bare.as_str(),
            _ => "text",
        };
        format!("{} {travels_as}", identifier(&column.name))
    });
    let columns: Vec<_> = columns.collect();
    format!("CREATE TEMPORARY TABLE _backfill_stage ({}) ON COMMIT DELETE ROWS", columns.join(", "))
}

/// Columns that the destination computes itself.
pub(super) fn generated_columns(
    client: &mut Client,
    name: &TableName,
) -> Result<Vec<String>, DestinationError> {
    let query = "SELECT attname::text FROM pg_catalog.pg_attribute \
                 WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND attgenerated <> ''";
    let rows = client.query(query, &[&name.to_sql()])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Whether each column of the source has a column of the very same type, which takes its binary form as it is.
fn has_same_columns(table: &Table, source: &Table, renditions: &[Rendition]) -> bool {
    let is_same =
        |column: &Column| table.column(&column.name).is_some_and(|held| held.data_type == column.data_type);
    renditions.iter().all(|rendition| *rendition == Rendition::Binary) && source.columns.iter().all(is_same)
}

/// Whether reading back what was added costs no more than the rows themselves: the key's index finds them, or there is
/// nothing else in the table, nor will be, because all rows come as one chunk.
fn finds_rows_again(client: &mut Client, target: &Target, spec: &CopySpec) -> Result<bool, DestinationError> {
    let key = &spec.table.primary_key;
    if !key.is_empty() {
        return Ok(target.table.indexes.iter().any(|index| index.unique && index.columns == *key));
    }
    if !spec.source.primary_key.is_empty() {
        return Ok(false);
    }
    let name = target.name.to_sql();
    let is_empty =
        format!("SELECT NOT EXISTS (SELECT FROM {name}) AND NOT row_security_active($1::text::regclass)");
    Ok(client.query_one(&is_empty, &[&name])?.get(0))
}
