//! What the tests of the columnar destinations share: tables, rows on the wire, and chunks.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use backfill_domain::{
    catalog::{Column, DataType, Table, TableKind, TypeKind},
    id::JobId,
    job::{Task, WriteMode},
    options::CopyOptions,
    source::ConnectionSettings,
    sql::identifier,
};
use backfill_pg::Client;
use duckdb::Connection;
use postgres::types::Type;
use uuid::Uuid;

use super::folder::PrivateFolder;
use crate::{
    destination::{CopySpec, Destination, DestinationError},
    memory::DuckDbMemory,
    wire::{Batch, BatchReader, HEADER, Layout, TRAILER},
};

/// What the tests' DuckDBs may hold.
pub(crate) const MEMORY: DuckDbMemory = DuckDbMemory::DEFAULT;

/// A folder for a test, gone at its end.
pub(crate) struct Folder(PrivateFolder);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(PrivateFolder::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }
}

/// A column of a table of the source.
pub(crate) fn column(name: &str, data_type: &Type) -> Column {
    Column {
        name: name.to_owned(),
        type_name: data_type.name().to_owned(),
        nullable: true,
        data_type: DataType {
            oid: data_type.oid(),
            name: data_type.name().to_owned(),
            modifier: -1,
            kind: TypeKind::Base,
            element_oid: None,
        },
    }
}

/// The table `public.orders` of the source with these columns.
pub(crate) fn table(columns: Vec<Column>, key: &[&str]) -> Table {
    Table {
        schema: "public".to_owned(),
        name: "orders".to_owned(),
        kind: TableKind::Table,
        estimated_rows: None,
        bytes: None,
        columns,
        primary_key: key.iter().map(|name| (*name).to_owned()).collect(),
        indexes: Vec::new(),
    }
}

/// `public.orders (id bigint PRIMARY KEY, note text)`
pub(crate) fn orders() -> Table {
    table(vec![column("id", &Type::INT8), column("note", &Type::TEXT)], &["id"])
}

/// The same without a key.
pub(crate) fn keyless() -> Table {
    Table { primary_key: Vec::new(), ..orders() }
}

/// A job that copies `table`.
pub(crate) fn spec(table: Table) -> CopySpec {
    CopySpec {
        job_id: JobId(7),
        job_uid: Uuid::new_v4(),
        attempt: 1,
        source: table.clone(),
        table,
        own_types: Vec::new(),
        task: Task::Copy,
        write_mode: WriteMode::Upsert,
        options: CopyOptions::default(),
        first_chunk: 1,
    }
}

/// The same job's next attempt.
pub(crate) fn next_attempt(spec: &CopySpec) -> Arc<CopySpec> {
    let table = spec.table.clone();
    Arc::new(CopySpec { attempt: spec.attempt + 1, table, ..spec.clone() })
}

/// How rows of the spec's table come, for a single destination.
pub(crate) fn layout(destination: &dyn Destination, spec: &CopySpec) -> Arc<Layout> {
    Arc::new(Layout::new(&spec.table, &[destination.renditions()]))
}

/// Rows of [`orders`] or [`keyless`] as they come.
pub(crate) fn batches(rows: &[(i64, Option<&str>)]) -> Vec<Arc<Batch>> {
    let mut stream = HEADER.to_vec();
    for (id, note) in rows {
        let id = id.to_be_bytes();
        let fields = [Some(&id[..]), note.map(str::as_bytes)];
        stream.extend(i16::try_from(fields.len()).unwrap().to_be_bytes());
        for field in fields {
            let length = field.map_or(-1, |field| i32::try_from(field.len()).unwrap());
            stream.extend(length.to_be_bytes());
            stream.extend(field.unwrap_or_default());
        }
    }
    stream.extend(TRAILER);
    all(&mut BatchReader::new(&stream[..], 2, 10_000))
}

fn all<R: std::io::BufRead>(reader: &mut BatchReader<R>) -> Vec<Arc<Batch>> {
    std::iter::from_fn(|| reader.next().unwrap()).map(Arc::new).collect()
}

/// Writes a chunk, and proves it, without committing it.
pub(crate) fn write_chunk(
    destination: &mut dyn Destination,
    spec: &CopySpec,
    number: i64,
    batches: &[Arc<Batch>],
) -> Result<(), DestinationError> {
    let layout = layout(destination, spec);
    destination.begin(number, &layout)?;
    batches.iter().try_for_each(|batch| destination.write(batch))?;
    destination.verify()
}

/// Copies rows of [`orders`] or [`keyless`] as a chunk.
pub(crate) fn copy(
    destination: &mut dyn Destination,
    spec: &CopySpec,
    number: i64,
    rows: &[(i64, Option<&str>)],
) -> Result<(), DestinationError> {
    write_chunk(destination, spec, number, &batches(rows))?;
    destination.commit()
}

/// All values of a query's single column.
pub(crate) fn values(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// How PostgreSQL's types are held: type, value, the type that DuckDB holds it in, and the value as it shows it.
pub(crate) const TYPES: &[(&str, &str, &str, &str)] = &[
    ("boolean", "true", "BOOLEAN", "true"),
    ("smallint", "-32768", "SMALLINT", "-32768"),
    ("integer", "-2147483648", "INTEGER", "-2147483648"),
    ("bigint", "-9223372036854775808", "BIGINT", "-9223372036854775808"),
    ("bigint", "9223372036854775807", "BIGINT", "9223372036854775807"),
    ("oid", "4294967295", "UINTEGER", "4294967295"),
    ("real", "3.4028235e38", "FLOAT", "3.4028235e+38"),
    ("real", "NaN", "FLOAT", "nan"),
    ("double precision", "0.1", "DOUBLE", "0.1"),
    ("double precision", "-Infinity", "DOUBLE", "-inf"),
    ("numeric(4,2)", "-99.99", "DECIMAL(4,2)", "-99.99"),
    ("numeric(9,0)", "999999999", "DECIMAL(9,0)", "999999999"),
    ("numeric(18,4)", "0.0001", "DECIMAL(18,4)", "0.0001"),
    (
        "numeric(38,37)",
        "9.9999999999999999999999999999999999999",
        "DECIMAL(38,37)",
        "9.9999999999999999999999999999999999999",
    ),
    (
        "numeric(38)",
        "-99999999999999999999999999999999999999",
        "DECIMAL(38,0)",
        "-99999999999999999999999999999999999999",
    ),
    (
        "numeric",
        "12345678901234567890.12345678901234567890",
        "VARCHAR",
        "12345678901234567890.12345678901234567890",
    ),
    ("numeric", "NaN", "VARCHAR", "NaN"),
    ("numeric(50,20)", "1.50000000000000000000", "VARCHAR", "1.50000000000000000000"),
    ("text", "it's \\ \"ü\" 🦆\n;--", "VARCHAR", "it's \\ \"ü\" 🦆\n;--"),
    ("text", "", "VARCHAR", ""),
    ("varchar(3)", "äöü", "VARCHAR", "äöü"),
    ("char(5)", "ab", "VARCHAR", "ab   "),
    ("name", "pg_class", "VARCHAR", "pg_class"),
    ("\"char\"", "x", "VARCHAR", "x"),
    ("bytea", "\\x00ff61", "BLOB", "\\x00\\xFFa"),
    ("uuid", "ffffffff-0000-4000-8000-00000000000a", "UUID", "ffffffff-0000-4000-8000-00000000000a"),
    ("date", "4713-01-01 BC", "DATE", "4713-01-01 (BC)"),
    ("date", "5874897-12-31", "DATE", "5874897-12-31"),
    ("date", "infinity", "DATE", "infinity"),
    ("date", "-infinity", "DATE", "-infinity"),
    ("time", "24:00:00", "TIME", "24:00:00"),
    ("time(3)", "12:34:56.789", "TIME", "12:34:56.789"),
    ("timestamp", "4713-11-24 00:00:00 BC", "TIMESTAMP", "4713-11-24 (BC) 00:00:00"),
    ("timestamp", "294247-01-10 04:00:54.775806", "TIMESTAMP", "294247-01-10 04:00:54.775806"),
    ("timestamp", "infinity", "TIMESTAMP", "infinity"),
    ("timestamp", "-infinity", "TIMESTAMP", "-infinity"),
    (
        "timestamptz",
        "2024-02-29 12:34:56.789012+02",
        "TIMESTAMP WITH TIME ZONE",
        "2024-02-29 10:34:56.789012+00",
    ),
    ("timestamptz", "infinity", "TIMESTAMP WITH TIME ZONE", "infinity"),
    ("timestamptz", "-infinity", "TIMESTAMP WITH TIME ZONE", "-infinity"),
    ("json", "{\"a\": 1,  \"a\":2}", "JSON", "{\"a\": 1,  \"a\":2}"),
    ("jsonb", "{\"n\": 12345678901234567890.123}", "JSON", "{\"n\": 12345678901234567890.123}"),
    ("mood", "so \"so\"", "VARCHAR", "so \"so\""),
    ("positive", "5", "INTEGER", "5"),
    ("integer[]", "{}", "INTEGER[]", "[]"),
    ("integer[]", "{NULL}", "INTEGER[]", "[NULL]"),
    ("integer[]", "{1,NULL,3}", "INTEGER[]", "[1, NULL, 3]"),
    ("text[]", "{a,\"b,c\",NULL}", "VARCHAR[]", "[a, 'b,c', NULL]"),
    ("numeric(5,1)[]", "{1.5,-9999.9}", "DECIMAL(5,1)[]", "[1.5, -9999.9]"),
    ("uuid[]", "{ffffffff-0000-4000-8000-00000000000a}", "UUID[]", "[ffffffff-0000-4000-8000-00000000000a]"),
    ("timestamptz[]", "{2024-01-01 00:00:00+00}", "TIMESTAMP WITH TIME ZONE[]", "['2024-01-01 00:00:00+00']"),
    ("bytea[]", "{\"\\\\x01\"}", "BLOB[]", "[\\x01]"),
    ("mood[]", "{sad}", "VARCHAR", "{sad}"),
    ("interval[]", "{\"1 day\"}", "VARCHAR", "{\"1 day\"}"),
    ("interval", "1 year 2 mons 3 days 04:05:06.789", "VARCHAR", "1 year 2 mons 3 days 04:05:06.789"),
    ("timetz", "12:00:00+05:30", "VARCHAR", "12:00:00+05:30"),
    ("money", "12.50", "VARCHAR", "$12.50"),
    ("bit(4)", "1010", "VARCHAR", "1010"),
    ("varbit", "101", "VARCHAR", "101"),
    ("inet", "192.168.0.1/24", "VARCHAR", "192.168.0.1/24"),
    ("cidr", "10.0.0.0/8", "VARCHAR", "10.0.0.0/8"),
    ("macaddr", "08:00:2b:01:02:03", "VARCHAR", "08:00:2b:01:02:03"),
    ("int4range", "[1,5)", "VARCHAR", "[1,5)"),
    ("tsvector", "'a':1 'b':2", "VARCHAR", "'a':1 'b':2"),
    ("xml", "<a>1</a>", "VARCHAR", "<a>1</a>"),
    ("pg_lsn", "16/B374D848", "VARCHAR", "16/B374D848"),
    ("point", "(1,2)", "VARCHAR", "(1,2)"),
    ("int2vector", "1 2", "VARCHAR", "1 2"),
    ("pair", "(1,x)", "VARCHAR", "(1,x)"),
];

const HOW_TO_RUN: &str = "BACKFILL_TEST_POSTGRES_URL is not set. This test needs a PostgreSQL and a superuser's URL \
     to it: run `make test`, or `node deploy/dev/with-postgres.mjs cargo test -p backfill-compute`.";

/// A schema of a real PostgreSQL with a table of every type: row 1 holds the values, row 2 NULLs.
pub(crate) struct RealTable {
    client: Client,
    schema: String,
    pub(crate) table: Table,
}

impl RealTable {
    pub(crate) fn of_all_types() -> Self {
        let columns: Vec<_> =
            TYPES.iter().enumerate().map(|(at, (sql_type, ..))| format!("v{at} {sql_type}")).collect();
        let nulls = vec!["NULL"; TYPES.len()].join(", ");
        let values: Vec<_> =
            TYPES.iter().map(|(_, value, ..)| backfill_domain::sql::literal(value)).collect();
        Self::with(&format!(
            "CREATE TYPE mood AS ENUM ('sad', 'so \"so\"'); CREATE TYPE pair AS (a integer, b text); \
             CREATE DOMAIN positive AS integer CHECK (value > 0); \
             CREATE TABLE real (id integer PRIMARY KEY, {}); INSERT INTO real VALUES (1, {}), (2, {nulls})",
            columns.join(", "),
            values.join(", "),
        ))
    }

    /// A table `real` that `sql` makes.
    pub(crate) fn with(sql: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("BACKFILL_TEST_POSTGRES_URL").expect(HOW_TO_RUN);
        let settings = ConnectionSettings::from_url(&url).unwrap();
        let mut client = backfill_pg::connect(&settings, "backfill compute tests").unwrap();
        let schema = format!("columnar_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        client.batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {sql}")).unwrap();
        client.batch_execute("SET search_path = ''").unwrap();
        let reference = format!("{schema}.real").parse().unwrap();
        let table = backfill_pg::find_table(&mut client, &reference).unwrap().unwrap();
        Self { client, schema, table }
    }

    /// What puts rows in the order of the key, where there is one.
    fn order(&self) -> String {
        let key: Vec<_> =
            self.table.primary_key.iter().map(|name| format!("source.{}", identifier(name))).collect();
        if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) }
    }

    /// What an expression over each row is, in the order of the key where there is one.
    pub(crate) fn texts(&mut self, expression: &str) -> Vec<Option<String>> {
        let table = self.table.table_name().to_sql();
        let order = self.order();
        let rows =
            self.client.query(&format!("SELECT {expression} FROM {table} AS source{order}"), &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// All its rows.
    pub(crate) fn batches(&mut self, layout: &Layout) -> Vec<Arc<Batch>> {
        let table = self.table.table_name().to_sql();
        let order = self.order();
        let sql = format!(
            "COPY (SELECT {} FROM {table} AS source{order}) TO STDOUT (FORMAT binary)",
            layout.select_list()
        );
        all(&mut BatchReader::new(self.client.copy_out(&sql).unwrap(), layout.width(), 10_000))
    }

    /// Compares what `from` holds with [`TYPES`].
    pub(crate) fn assert_held(connection: &Connection, from: &str) {
        connection.execute_batch("SET TimeZone = 'UTC'").unwrap();
        for (at, (sql_type, value, duckdb_type, shown)) in TYPES.iter().enumerate() {
            let sql = format!("SELECT typeof(v{at}) || ' ' || v{at}::VARCHAR FROM {from} WHERE id = 1");
            assert_eq!(values(connection, &sql), [format!("{duckdb_type} {shown}")], "{sql_type} {value}");
            let nulls = format!("SELECT (v{at} IS NULL)::VARCHAR FROM {from} WHERE id = 2");
            assert_eq!(values(connection, &nulls), ["true"], "{sql_type} NULL");
        }
    }
}

impl Drop for RealTable {
    fn drop(&mut self) {
        let _ = self.client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.schema));
    }
}

/// The files in a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
