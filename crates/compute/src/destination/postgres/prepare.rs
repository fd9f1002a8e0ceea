//! Makes a PostgreSQL destination ready: table, ledger, staging table, and the statements that a chunk needs.

use backfill_domain::{
    catalog::{Column, DataType, Table, TableKind},
    id::DestinationId,
    job::WriteMode,
    sql::identifier,
    table::{TableName, TableReference},
};
use backfill_pg::find_table;
use postgres::{Client, Row, types::Type};

use super::fit::fits;
use crate::{
    destination::{CopySpec, DestinationError, Watermark},
    key::{Key, KeyColumns},
    wire::Rendition,
};

/// Name of the table, in each schema that is written to, that notes how far each job has come.
const LEDGER: &str = "_backfill_ledger";

/// How long a statement that makes tables waits for others who hold them.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '30s'";

/// While chunks are written, others are waited for as long as it takes. What a chunk reads back it finds by its keys;
/// for want of statistics, the planner might read the whole table for it. What is committed is durable.
const SESSION: &str = "SET enable_seqscan = off; SET jit = off; \
     SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN \
         ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'); \
     SELECT set_config(name, 'on', false) FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'";

/// What a chunk executes.
pub(super) struct Statements {
    /// Takes rows into the staging table.
    pub(super) stage: String,
    /// Moves them to the table and returns what it holds of them.
    pub(super) insert: String,
    /// For a table whose columns are just the source's: the way without the staging table.
    pub(super) direct: Option<Direct>,
    /// Notes the chunk: $1 number, $2 rows in all, $3 job, $4 destination, $5 attempt.
    pub(super) note: String,
}

/// What a chunk executes where rows go straight into the table.
pub(super) struct Direct {
    /// Takes rows into the table.
    pub(super) copy: String,
    /// Returns what the table holds of the rows that this transaction has added. Its condition is still open: with a
    /// key, the range of keys that keeps it from reading the whole table goes behind it.
    pub(super) read_back: String,
    /// The key, for that range.
    pub(super) key: KeyColumns,
}

impl Direct {
    /// What returns the rows that this transaction has added, whose keys are in `range`.
    pub(super) fn read_back_sql(&self, range: Option<&(Key, Key)>) -> String {
        let Some((first, last)) = range else { return self.read_back.clone() };
        let (from, to) = (self.key.compare("held", ">=", first), self.key.compare("held", "<=", last));
        format!("{} AND {from} AND {to}", self.read_back)
    }
}

/// A destination that is ready for its first chunk.
pub(super) struct Prepared {
    pub(super) renditions: Vec<Rendition>,
    pub(super) statements: Statements,
    pub(super) watermark: Watermark,
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
    end_earlier_attempts(client, spec)?;
    let types = column_types(client, &spec.table)?;
    let watermark = open_ledger(client, schema, id, spec)?;
    let table = match find(client, &name)? {
        Some(table) => table,
        None if watermark.chunk > 0 => return Err(removed(&name, watermark)),
        None => create_table(client, &name, &spec.table, &types)?,
    };
    let renditions: Vec<_> = spec.table.columns.iter().map(rendition).collect();
    check_table(&name, &table, spec, &renditions)?;
    create_stage(client, &spec.table, &renditions, &types)?;
    let generated = generated_columns(client, &name)?;
    let goes_direct = generated.is_empty()
        && has_same_columns(&table, &spec.table, &renditions)
        && finds_rows_again(client, &name, &table, &spec.table)?;
    let statements = Statements {
        direct: goes_direct.then(|| direct(&name, &spec.table)),
        stage: format!("COPY {STAGE} FROM STDIN (FORMAT binary)"),
        insert: insert_sql(&name, &table, spec, &renditions, &types, &generated),
        note: format!(
            "UPDATE {} SET chunk = $1::bigint, rows = $2, updated_at = pg_catalog.now() \
             WHERE job_uid = $3 AND destination_id = $4 AND attempt = $5 AND chunk = $1::bigint - 1",
            ledger(schema)
        ),
    };
    client.batch_execute(SESSION)?;
    Ok(Prepared { renditions, statements, watermark })
}

/// The temporary table that takes a chunk's rows as they came.
const STAGE: &str = "pg_temp._backfill_stage";

/// Types that come with PostgreSQL have the same binary form on every server; others may not even exist there.
fn rendition(column: &Column) -> Rendition {
    if is_portable(&column.data_type) { Rendition::Binary } else { Rendition::Text }
}

/// Whether a value's binary form means the same on another server. It does not where it holds the number of an object
/// of its own server, and access rights have no binary form.
fn is_portable(data_type: &DataType) -> bool {
    let refers_to_objects = [
        Type::REGPROC,
        Type::REGPROCEDURE,
        Type::REGOPER,
        Type::REGOPERATOR,
        Type::REGCLASS,
        Type::REGTYPE,
        Type::REGROLE,
        Type::REGNAMESPACE,
        Type::REGCONFIG,
        Type::REGDICTIONARY,
        Type::REGCOLLATION,
        Type::ACLITEM,
    ];
    let value = data_type.element_oid.unwrap_or(data_type.oid);
    data_type.is_builtin() && !refers_to_objects.iter().any(|of| of.oid() == value)
}

fn ledger(schema: &str) -> String {
    format!("{}.{LEDGER}", identifier(schema))
}

fn find(client: &mut Client, name: &TableName) -> Result<Option<Table>, DestinationError> {
    // A name that is quoted throughout refers to exactly itself.
    let reference: TableReference =
        name.to_sql().parse().map_err(|error: backfill_domain::table::TableReferenceError| {
            DestinationError::Table { table: name.to_string(), reason: error.to_string() }
        })?;
    Ok(find_table(client, &reference)?)
}

fn create_schema(client: &mut Client, schema: &str) -> Result<(), DestinationError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
    if !client.query_one(exists, &[&schema])?.get::<_, bool>(0) {
        once(client, &format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(schema)))?;
    }
    Ok(())
}

/// Runs a statement that makes something unless it is there. Two sessions that do so at the same moment can still
/// collide in the catalogue; whoever loses finds it made.
fn once(client: &mut Client, sql: &str) -> Result<(), DestinationError> {
    use postgres::error::SqlState;
    match client.batch_execute(sql) {
        Err(error)
            if error.code().is_some_and(|code| {
                [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT]
                    .contains(code)
            }) =>
        {
            Ok(client.batch_execute(sql)?)
        }
        result => Ok(result?),
    }
}

/// The name under which a server shows a connection of the job.
pub(super) fn session_name(spec: &CopySpec) -> String {
    format!("backfill job {}/{} {}", spec.job_id, spec.attempt, spec.job_uid)
}

/// An earlier attempt whose daemon hangs may still hold locks on the rows and the ledger that this one needs.
fn end_earlier_attempts(client: &mut Client, spec: &CopySpec) -> Result<(), DestinationError> {
    let end = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
               WHERE datname = pg_catalog.current_database() AND usename = current_user \
               AND CASE WHEN application_name ~ ('^backfill job [0-9]+/[0-9]+ ' || $1 || '$') \
                   THEN pg_catalog.split_part(pg_catalog.split_part(application_name, ' ', 3), '/', 2)::integer < $2 END";
    client.execute(end, &[&spec.job_uid.to_string(), &spec.attempt])?;
    Ok(())
}

/// Makes the ledger where it is absent and enters this attempt, unless a later one has been here.
fn open_ledger(
    client: &mut Client,
    schema: &str,
    id: DestinationId,
    spec: &CopySpec,
) -> Result<Watermark, DestinationError> {
    let ledger = ledger(schema);
    let exists = "SELECT pg_catalog.to_regclass($1) IS NOT NULL";
    if !client.query_one(exists, &[&ledger])?.get::<_, bool>(0) {
        once(
            client,
            &format!(
                "CREATE TABLE IF NOT EXISTS {ledger} (job_uid uuid, destination_id bigint, attempt integer NOT NULL, \
                 chunk bigint NOT NULL, rows bigint NOT NULL, updated_at timestamptz NOT NULL, \
                 PRIMARY KEY (job_uid, destination_id))"
            ),
        )?;
    }
    let enter = format!(
        "INSERT INTO {ledger} AS entry VALUES ($1, $2, $3, 0, 0, pg_catalog.now()) \
         ON CONFLICT (job_uid, destination_id) DO UPDATE SET attempt = excluded.attempt \
         WHERE entry.attempt <= excluded.attempt RETURNING chunk, rows"
    );
    let entry =
        client.query_opt(&enter, &[&spec.job_uid, &id.0, &spec.attempt])?.ok_or(DestinationError::Fenced)?;
    Ok(Watermark { chunk: entry.get(0), rows: entry.get(1) })
}

fn removed(name: &TableName, watermark: Watermark) -> DestinationError {
    DestinationError::Table {
        table: name.to_string(),
        reason: format!("it was removed after {} rows of this job; start a new job", watermark.rows),
    }
}

fn create_table(
    client: &mut Client,
    name: &TableName,
    source: &Table,
    types: &[Option<HeldType>],
) -> Result<Table, DestinationError> {
    let mut definitions = Vec::with_capacity(source.columns.len() + 1);
    for (column, known) in source.columns.iter().zip(types) {
        let not_null = if column.nullable { "" } else { " NOT NULL" };
        // The values of a type that the destination does not know are kept as text.
        let type_name = known.as_ref().map_or("text", |known| known.full.as_str());
        definitions.push(format!("{} {type_name}{not_null}", identifier(&column.name)));
    }
    if !source.primary_key.is_empty() {
        definitions.push(format!("PRIMARY KEY ({})", list(&source.primary_key)));
    }
    once(client, &format!("CREATE TABLE IF NOT EXISTS {} ({})", name.to_sql(), definitions.join(", ")))?;
    find(client, name)?.ok_or_else(|| DestinationError::Table {
        table: name.to_string(),
        reason: "it was removed while the job made it".to_owned(),
    })
}

/// A type of the source's in this server's words; the source's own are never part of a statement here.
struct HeldType {
    /// With length or precision.
    full: String,
    /// Without.
    bare: String,
}

/// The types of the source's columns; `None` for a
/// type that this server has not, or whose values mean nothing to it.
fn column_types(client: &mut Client, source: &Table) -> Result<Vec<Option<HeldType>>, DestinationError> {
    let query = "SELECT known.type IS NOT NULL, pg_catalog.format_type(known.type, wanted.modifier), \
                        pg_catalog.format_type(known.type, -1) \
                 FROM unnest($1::oid[], $2::text[], $3::int[]) \
                      WITH ORDINALITY AS wanted (oid, name, modifier, place) \
                 CROSS JOIN LATERAL (SELECT COALESCE(wanted.oid, pg_catalog.to_regtype(wanted.name)::oid) AS type) known \
                 ORDER BY wanted.place";
    let types = source.columns.iter().map(|column| &column.data_type);
    let oids: Vec<_> =
        types.clone().map(|data_type| is_portable(data_type).then_some(data_type.oid)).collect();
    let names: Vec<_> =
        types.clone().map(|data_type| (!data_type.is_builtin()).then_some(data_type.name.as_str())).collect();
    let modifiers: Vec<_> = types.map(|data_type| data_type.modifier).collect();
    let rows = client.query(query, &[&oids, &names, &modifiers])?;
    let held = |row: &Row| row.get::<_, bool>(0).then(|| HeldType { full: row.get(1), bare: row.get(2) });
    Ok(rows.iter().map(held).collect())
}

fn check_table(
    name: &TableName,
    table: &Table,
    spec: &CopySpec,
    renditions: &[Rendition],
) -> Result<(), DestinationError> {
    let refuse = |reason: String| Err(DestinationError::Table { table: name.to_string(), reason });
    if name.table == LEDGER {
        return refuse("this name belongs to the ledger of the jobs that write to the schema".to_owned());
    }
    if !matches!(table.kind, TableKind::Table | TableKind::PartitionedTable) {
        return refuse("it is no table; rows can only be written to one".to_owned());
    }
    for (column, rendition) in spec.table.columns.iter().zip(renditions) {
        let (column_name, type_name) = (&column.name, &column.type_name);
        match table.column(column_name) {
            None => return refuse(format!("it has no column {column_name}: add it, of type {type_name}")),
            Some(held) if !fits(&column.data_type, &held.data_type, *rendition) => {
                return refuse(format!(
                    "its column {column_name} of type {} cannot hold every value of type {type_name}: alter it",
                    held.type_name
                ));
            }
            Some(_) => {}
        }
    }
    let key = &spec.table.primary_key;
    let is_key =
        |columns: &[String]| columns.len() == key.len() && key.iter().all(|name| columns.contains(name));
    if spec.write_mode == WriteMode::Upsert
        && !table.indexes.iter().any(|index| index.unique && is_key(&index.columns))
    {
        return refuse(format!("upsert needs a unique index on ({}): make one, or append", key.join(", ")));
    }
    Ok(())
}

/// The staging table holds the values as they travel, without the lengths and checks of either side's table.
fn create_stage(
    client: &mut Client,
    source: &Table,
    renditions: &[Rendition],
    types: &[Option<HeldType>],
) -> Result<(), DestinationError> {
    let columns = source.columns.iter().zip(renditions).zip(types).map(|((column, rendition), known)| {
        let travels_as = match (rendition, known) {
            (Rendition::Binary, Some(known)) => known.bare.as_str(),
            _ => "text",
        };
        format!("{} {travels_as}", identifier(&column.name))
    });
    let columns: Vec<_> = columns.collect();
    Ok(client.batch_execute(&format!(
        "CREATE TEMPORARY TABLE _backfill_stage ({}) ON COMMIT DELETE ROWS",
        columns.join(", ")
    ))?)
}

/// Columns that the destination computes itself; what it computes is compared all the same.
fn generated_columns(client: &mut Client, name: &TableName) -> Result<Vec<String>, DestinationError> {
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
/// nothing else in the table.
fn finds_rows_again(
    client: &mut Client,
    name: &TableName,
    table: &Table,
    source: &Table,
) -> Result<bool, DestinationError> {
    if !source.primary_key.is_empty() {
        return Ok(table.indexes.iter().any(|index| index.unique && index.columns == source.primary_key));
    }
    let is_empty = format!(
        "SELECT NOT EXISTS (SELECT FROM {table}) AND NOT row_security_active($1::text::regclass)",
        table = name.to_sql()
    );
    Ok(client.query_one(&is_empty, &[&name.to_sql()])?.get(0))
}

fn direct(name: &TableName, source: &Table) -> Direct {
    let names: Vec<_> = source.columns.iter().map(|column| identifier(&column.name)).collect();
    let (to, columns) = (name.to_sql(), names.join(", "));
    Direct {
        copy: format!("COPY {to} ({columns}) FROM STDIN (FORMAT binary)"),
        read_back: format!(
            "SELECT {columns} FROM {to} AS held WHERE xmin = pg_catalog.pg_current_xact_id()::xid"
        ),
        key: KeyColumns::of(source),
    }
}

/// One statement moves the staged rows to the table and returns each row as the table holds it now, after its types,
/// defaults and triggers, in the form in which it was given.
fn insert_sql(
    name: &TableName,
    table: &Table,
    spec: &CopySpec,
    renditions: &[Rendition],
    types: &[Option<HeldType>],
    generated: &[String],
) -> String {
    let mut targets = Vec::new();
    let mut values = Vec::new();
    let mut returned = Vec::new();
    for ((column, rendition), known) in spec.table.columns.iter().zip(renditions).zip(types) {
        let quoted = identifier(&column.name);
        let held_as = table.column(&column.name).map(|held| &held.data_type);
        returned.push(match rendition {
            Rendition::Text => format!("held.{quoted}::text"),
            Rendition::Binary if held_as == Some(&column.data_type) => format!("held.{quoted}"),
            Rendition::Binary => {
                format!("held.{quoted}::{}", known.as_ref().map_or("text", |known| known.full.as_str()))
            }
        });
        if generated.contains(&column.name) {
            continue;
        }
        values.push(match (rendition, held_as) {
            (Rendition::Text, Some(held_as)) => format!("{quoted}::{}", held_as.name),
            _ => quoted.clone(),
        });
        targets.push(column.name.clone());
    }
    let on_conflict = match spec.write_mode {
        WriteMode::Append => String::new(),
        WriteMode::Upsert => on_conflict(&spec.table.primary_key, &targets),
    };
    format!(
        "INSERT INTO {} AS held ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {STAGE}{on_conflict} RETURNING {}",
        name.to_sql(),
        list(&targets),
        values.join(", "),
        returned.join(", "),
    )
}

/// An upsert sets every column. Where the key is all there is, a column of it is set to itself, so that the row is
/// returned.
fn on_conflict(key: &[String], targets: &[String]) -> String {
    let mut set: Vec<_> = targets.iter().filter(|name| !key.contains(name)).collect();
    if set.is_empty() {
        set.extend(key.first());
    }
    let set: Vec<_> =
        set.iter().map(|name| identifier(name)).map(|name| format!("{name} = excluded.{name}")).collect();
    format!(" ON CONFLICT ({}) DO UPDATE SET {}", list(key), set.join(", "))
}

fn list(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| identifier(name)).collect();
    names.join(", ")
}
