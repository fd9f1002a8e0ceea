//! A value of every type that PostgreSQL brings along, its extremes and its specials, at every destination.

use std::fmt::Write as _;

use postgres::Client;
use serde_json::Value;

use crate::harness::{ALL, Database, Job, Place, Stack};

/// Every base type, range and multirange of PostgreSQL's own, with values of it. One without values takes no input.
const SAMPLES: &[(&str, &[&str])] = &[
    ("aclitem", &["postgres=r/postgres", "=UC/postgres"]),
    (r#""bit""#, &["", "1", "01011"]),
    ("bit varying", &["", "0", "10110011100"]),
    ("boolean", &["true", "false"]),
    ("box", &["(1,2),(3,4)", "(-Infinity,1e300),(Infinity,NaN)"]),
    ("bpchar", &["", " x  ", "ü 😀"]),
    ("bytea", &["\\x", "\\x00", "\\x00ff5c275c78", "\\x275c0a0d09"]),
    (r#""char""#, &["", "x", "\\200", "\\377"]),
    ("cid", &["0", "4294967295"]),
    ("cidr", &["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32"]),
    ("circle", &["<(1,2),3>", "<(0,0),0>"]),
    ("date", &["4713-01-01 BC", "0001-12-31 BC", "0001-01-01", "5874897-12-31", "infinity", "-infinity"]),
    (
        "real",
        &[
            "0",
            "-0",
            "1.1754944e-38",
            "1e-45",
            "3.4028235e38",
            "-3.4028235e38",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    (
        "double precision",
        &[
            "0",
            "-0",
            "4.9e-324",
            "1e15",
            "123456789012345.6",
            "1.7976931348623157e308",
            "0.1",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    ("gtsvector", &[]),
    ("inet", &["192.168.0.1", "192.168.0.1/24", "::1", "2001:db8::1/64"]),
    ("smallint", &["-32768", "0", "32767"]),
    ("int2vector", &["", "1 -2 3"]),
    ("integer", &["-2147483648", "0", "2147483647"]),
    ("bigint", &["-9223372036854775808", "0", "9223372036854775807"]),
    (
        "interval",
        &[
            "0",
            "1 year 2 mons -3 days 04:05:06.000007",
            "-178000000 years",
            "-00:00:00.000001",
            "2147483647 days",
            "infinity",
            "-infinity",
        ],
    ),
    ("json", &["null", r#"{"b": 1,  "a": "ü\u00e4", "a": 1e999}"#, r#"[1.10, "\u0000", -0, []]"#, r#""\"""#]),
    ("jsonb", &["null", r#"{"a": [1.10, 12345678901234567890.123]}"#, r#""😀\\\"\n""#, "{}", "[]", "true"]),
    ("jsonpath", &["$", "strict $.\"a\"[*] ? (@ > 1)"]),
    ("line", &["{1,2,3}"]),
    ("lseg", &["[(1,2),(3,4)]"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("money", &["-92233720368547758.08", "0", "92233720368547758.07"]),
    ("name", &["", "pg_class", "ü"]),
    (
        "numeric",
        &[
            "0",
            "0.00",
            "-1.10",
            "1e131071",
            "1e-16383",
            "12345678901234567890.123456789012345678901234567890",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    ("oid", &["0", "4294967295"]),
    ("oidvector", &["", "1 4294967295"]),
    ("path", &["[(1,2),(3,4)]", "((1,2),(3,4))"]),
    ("pg_brin_bloom_summary", &[]),
    ("pg_brin_minmax_multi_summary", &[]),
    ("pg_dependencies", &[]),
    ("pg_lsn", &["0/0", "FFFFFFFF/FFFFFFFF"]),
    ("pg_mcv_list", &[]),
    ("pg_ndistinct", &[]),
    ("pg_node_tree", &[]),
    ("pg_snapshot", &["10:20:10,14,15"]),
    ("point", &["(1,2)", "(-0,4.9e-324)", "(NaN,Infinity)"]),
    ("polygon", &["((0,0),(1,0),(1,1))"]),
    ("refcursor", &["", "c 1"]),
    ("regclass", &["pg_class"]),
    ("regcollation", &["\"C\""]),
    ("regconfig", &["english"]),
    ("regdictionary", &["simple"]),
    ("regnamespace", &["pg_catalog"]),
    ("regoper", &["pg_catalog.||/"]),
    ("regoperator", &["+(integer,integer)"]),
    ("regproc", &["pg_catalog.now"]),
    ("regprocedure", &["lower(text)"]),
    ("regrole", &["postgres"]),
    ("regtype", &["integer[]"]),
    (
        "text",
        &["", " ", "NULL", "\\N", "a\tb\nc\rd\u{1}\u{7f}", "'\"\\;--{}", "ü😀\u{feff}\u{10ffff}\u{fffd}"],
    ),
    ("tid", &["(0,1)", "(4294967295,65535)"]),
    ("time", &["00:00:00", "24:00:00", "12:34:56.789012"]),
    (
        "timestamp",
        &[
            "4713-11-24 00:00:00 BC",
            "0001-01-01 00:00:00.000001 BC",
            "1969-12-31 23:59:59.999999",
            "294247-01-10 04:00:54.775806",
            "infinity",
            "-infinity",
        ],
    ),
    (
        "timestamptz",
        &[
            "4713-11-24 00:00:00+00 BC",
            "2024-02-29 12:34:56.789012+05:30",
            "294247-01-10 04:00:54.775806+00",
            "infinity",
            "-infinity",
        ],
    ),
    ("timetz", &["00:00:00+15:59:59", "24:00:00-15:59", "12:00:00.000001+05:30"]),
    ("tsquery", &["", "'a b' & !'c':*A | 'd' <2> 'e'"]),
    ("tsvector", &["", "'a b':1A,2 'c'"]),
    ("txid_snapshot", &["10:20:10,14,15"]),
    ("uuid", &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"]),
    ("varchar", &["", "ü"]),
    ("xid8", &["0", "18446744073709551615"]),
    ("xid", &["0", "4294967295"]),
    ("xml", &["", "<a b=\"1\">ü&amp;</a>", "text <b/>"]),
    ("datemultirange", &["{}", "{[2024-01-01,2024-02-01),[2025-01-01,)}"]),
    ("int4multirange", &["{}", "{[1,3),[5,9)}"]),
    ("int8multirange", &["{(,)}"]),
    ("nummultirange", &["{[1.10,2),(3,4]}"]),
    ("tsmultirange", &["{[\"2024-01-01 00:00:00\",infinity]}"]),
    ("tstzmultirange", &["{[\"2024-01-01 00:00:00+00\",\"2024-01-02 00:00:00+00\")}"]),
    ("daterange", &["empty", "[-infinity,2024-01-01)"]),
    ("int4range", &["empty", "(,)", "[-2147483648,5)"]),
    ("int8range", &["[1,)"]),
    ("numrange", &["(1.10,NaN]", "[,5)"]),
    ("tsrange", &["[\"2024-01-01 00:00:00\",)"]),
    ("tstzrange", &["(,\"2024-01-01 00:00:00+00\"]"]),
];

/// Types with a length, precision or scale, and values of them.
const LIMITED: &[(&str, &[&str])] = &[
    ("varchar(3)", &["", "äöü"]),
    ("char(5)", &["", "ab", "ü"]),
    ("bit(4)", &["1010"]),
    ("varbit(9)", &["", "101010101"]),
    ("numeric(38,10)", &["-9999999999999999999999999999.9999999999", "0.0000000001", "0"]),
    ("numeric(38,38)", &["-0.99999999999999999999999999999999999999"]),
    ("numeric(4)", &["9999", "-1"]),
    ("numeric(39)", &["999999999999999999999999999999999999999"]),
    ("numeric(1000,500)", &["1.5", "NaN"]),
    ("numeric(5,-2)", &["9999900"]),
    ("numeric(3,5)", &["0.00999"]),
    ("time(0)", &["23:59:59"]),
    ("timetz(3)", &["12:00:00.123-08"]),
    ("timestamp(3)", &["2024-01-01 00:00:00.123"]),
    ("timestamptz(0)", &["2024-01-01 00:00:00+00"]),
    ("interval day to second(2)", &["3 days 04:05:06.78"]),
    ("interval year to month", &["3 years 4 mons"]),
];

/// Types of the source's own, and extensions'.
const OWN: &[(&str, &[&str])] = &[
    ("mood", &["sad", "so \"so\", {}", "ü"]),
    ("share", &["0.00", "99.99"]),
    ("\"Odd Name\"", &["12"]),
    ("pair", &["(1,x)", "(,)", "(,\"\"\"q\"\", \\\\ (x)\")"]),
    ("pair_range", &["[a,b)", "empty", "(,\"a,b\"]"]),
    ("deep", &["(\"{\"\"(1,x)\"\",\"\"(,)\"\"}\",sad)", "(,)"]),
    ("hstore", &["", "\"a\"=>\"1\", \"b\"=>NULL, \"c d\"=>\"\\\"\""]),
    ("citext", &["", "MiXed"]),
    ("ltree", &["a.b.c"]),
    ("cube", &["(1, 2),(3, 4)"]),
    ("isbn", &["978-0-393-04002-9"]),
];

const OWN_TYPES: &str = r#"
    CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube; CREATE EXTENSION isn;
    CREATE TYPE mood AS ENUM ('sad', 'so "so", {}', 'ü');
    CREATE DOMAIN percent AS numeric(5,2) CHECK (value >= 0); CREATE DOMAIN share AS percent NOT NULL DEFAULT 0 CHECK (value < 100);
    CREATE DOMAIN "Odd Name" AS smallint;
    CREATE TYPE pair AS (a integer, b text);
    CREATE TYPE pair_range AS RANGE (subtype = text, collation = "C");
    CREATE TYPE deep AS (pairs pair[], mood mood);"#;

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The columns of a torture table: name, type, and an expression for each row.
struct Torture {
    columns: Vec<(String, String, Vec<String>)>,
}

impl Torture {
    /// Each type as a column, and as an array of all its values, of none, and of NULL.
    fn of(samples: &[&[(&str, &[&str])]]) -> Self {
        let mut columns = Vec::new();
        for (at, (sql_type, values)) in samples.iter().copied().flatten().enumerate() {
            let literals: Vec<_> =
                values.iter().map(|value| format!("{}::{sql_type}", quoted(value))).collect();
            let array = format!("ARRAY[{}]::{sql_type}[]", literals.join(", "));
            let with_null =
                format!("ARRAY[NULL, {}]::{sql_type}[]", literals.first().map_or("NULL", String::as_str));
            let has_arrays = !values.is_empty();
            // A domain that is NOT NULL goes into no row without a value.
            let nulls = *sql_type == "share";
            let arrays = if nulls {
                vec![array, "'{}'".into()]
            } else {
                vec![array, "'{}'".into(), with_null, "'{NULL}'".into()]
            };
            let values = if nulls { literals } else { [literals, vec!["NULL".into()]].concat() };
            columns.push((format!("v{at}"), (*sql_type).to_owned(), values));
            // Some that take no input have no arrays either.
            if has_arrays {
                columns.push((format!("a{at}"), format!("{sql_type}[]"), arrays));
            }
        }
        Self { columns }
    }

    /// Makes the table with as many rows as the longest list of values, and fills it.
    fn create(&self, client: &mut Client, table: &str) {
        let mut sql = format!("CREATE TABLE {table} (id integer PRIMARY KEY");
        self.columns.iter().for_each(|(name, sql_type, _)| write!(sql, ", {name} {sql_type}").unwrap());
        sql.push(')');
        client.batch_execute(&sql).unwrap_or_else(|error| panic!("{:?}", error.as_db_error()));
        let rows = self.columns.iter().map(|(.., values)| values.len()).max().unwrap();
        for row in 0..rows {
            let values: Vec<_> =
                self.columns.iter().map(|(.., values)| values[row % values.len()].as_str()).collect();
            let sql = format!("INSERT INTO {table} VALUES ({row}, {})", values.join(", "));
            client.batch_execute(&sql).unwrap_or_else(|error| panic!("{:?}", error.as_db_error()));
        }
    }
}

/// What a query gives by COPY.
fn copied(database: &Database, query: &str, format: &str) -> Vec<u8> {
    let mut client = database.connect();
    client.batch_execute("SET TimeZone = 'UTC'; SET extra_float_digits = 3").unwrap();
    let mut bytes = Vec::new();
    let mut stream = client.copy_out(&format!("COPY ({query}) TO STDOUT (FORMAT {format})")).unwrap();
    std::io::Read::read_to_end(&mut stream, &mut bytes).unwrap();
    bytes
}

/// Every column, by name, as both PostgreSQL servers write it: what `pg_dump` dumps.
#[track_caller]
fn assert_dumps_equal(stack: &Stack, table: &str, binary: &[&str]) {
    let columns = stack.source.column(&format!(
        "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum"
    ));
    for column in columns {
        let formats: &[&str] =
            if binary.contains(&column.as_str()) { &["text", "binary"] } else { &["text"] };
        for format in formats {
            let query = format!("SELECT \"{column}\" FROM {table} ORDER BY id");
            let (held, wanted) =
                (copied(&stack.destination, &query, format), copied(&stack.source, &query, format));
            assert!(
                held == wanted,
                "column {column} as {format}:\n{}\n{}",
                String::from_utf8_lossy(&held),
                String::from_utf8_lossy(&wanted)
            );
        }
    }
}

/// How a value of one of DuckDB's types is written on both sides, so that equal values are equal texts: for DuckDB, and
/// for PostgreSQL. Everything else is text on both sides.
fn canonical(duckdb_type: &str) -> (&'static str, &'static str) {
    match duckdb_type {
        "DATE" => (
            "CASE WHEN isinf({}) THEN {}::VARCHAR ELSE ({} - DATE '1970-01-01')::VARCHAR END",
            "CASE WHEN isfinite({}) THEN ({} - date '1970-01-01')::text ELSE {}::text END",
        ),
        "TIMESTAMP" | "TIMESTAMP WITH TIME ZONE" => (
            "CASE WHEN isinf({}) THEN {}::VARCHAR ELSE epoch_us({})::VARCHAR END",
            "CASE WHEN isfinite({}) THEN (extract(epoch FROM {}) * 1000000)::bigint::text ELSE {}::text END",
        ),
        "BLOB" => ("lower(hex({}))", "encode({}, 'hex')"),
        _ => ("{}::VARCHAR", "{}::text"),
    }
}

/// A query that gives a column's values as JSON, one a row: text, array of texts, or null.
fn as_json(template: &str, column: &str, is_list: bool, in_duckdb: bool) -> String {
    match (is_list, in_duckdb) {
        (false, true) => format!("to_json({})", template.replace("{}", column)),
        (true, true) => {
            format!("to_json(list_transform({column}, lambda x: {}))", template.replace("{}", "x"))
        }
        (false, false) => format!(
            "to_json(CASE WHEN num_nonnulls({column}) = 1 THEN {} END)",
            template.replace("{}", column)
        ),
        (true, false) => format!(
            "to_json(CASE WHEN num_nonnulls({column}) = 1 THEN ARRAY(SELECT CASE WHEN num_nonnulls(x) = 1 THEN {} END \
             FROM unnest({column}) WITH ORDINALITY AS e (x, place) ORDER BY place) END)",
            template.replace("{}", "x")
        ),
    }
}

/// A value that both sides write each in their own way, as one that is equal where the values are.
fn normal(value: Value, duckdb_type: &str) -> Value {
    match (value, duckdb_type.trim_end_matches("[]")) {
        (Value::String(text), "FLOAT") => text.parse::<f32>().unwrap().to_bits().into(),
        (Value::String(text), "DOUBLE") => text.parse::<f64>().unwrap().to_bits().into(),
        (Value::String(text), held_as) if held_as.starts_with("DECIMAL") => {
            // DuckDB leaves the zero before the point away where the type has no digit there.
            let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
            let zero = if digits.starts_with('.') { "0" } else { "" };
            format!("{sign}{zero}{digits}").into()
        }
        (Value::Array(values), _) => values.into_iter().map(|value| normal(value, duckdb_type)).collect(),
        (value, _) => value,
    }
}

/// Compares a table in a columnar destination with the source's, column by column, each by its type there.
#[track_caller]
fn assert_held(job: &Job<'_>, place: Place, table: &str, columns: &[(String, String, Vec<String>)]) {
    let types: Vec<_> = columns.iter().map(|(name, ..)| format!("typeof({name})")).collect();
    let types =
        job.select_in(place, table, &format!("SELECT to_json([{}]) FROM {{}} LIMIT 1", types.join(", ")));
    let types: Vec<String> = serde_json::from_str(&types[0]).unwrap();
    let (mut held, mut wanted) = (Vec::new(), Vec::new());
    for ((name, sql_type, _), held_as) in columns.iter().zip(&types) {
        let is_list = held_as.ends_with("[]");
        let (in_duckdb, mut in_postgres) = canonical(held_as.trim_end_matches("[]"));
        if sql_type.starts_with("bpchar") || sql_type.starts_with("char(") {
            // PostgreSQL's cast takes the blanks away.
            in_postgres = "concat({})";
        }
        held.push(format!("coalesce({}::VARCHAR, 'null')", as_json(in_duckdb, name, is_list, true)));
        wanted.push(format!("coalesce({}::text, 'null')", as_json(in_postgres, name, is_list, false)));
    }
    let held =
        job.select_in(place, table, &format!("SELECT to_json([{}]) FROM {{}} ORDER BY id", held.join(", ")));
    let session =
        "SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET search_path = ''; SET bytea_output = 'hex'";
    let wanted = job.stack.source.column(&format!(
        "{session}; SELECT to_json(ARRAY[{}]) FROM public.{table} ORDER BY id",
        wanted.join(", ")
    ));
    let read = |row: &String| -> Vec<Value> {
        let texts: Vec<String> = serde_json::from_str(row).unwrap();
        texts
            .iter()
            .zip(&types)
            .map(|(text, held_as)| normal(serde_json::from_str(text).unwrap(), held_as))
            .collect()
    };
    assert_eq!(held.len(), wanted.len());
    for (held, wanted) in held.iter().map(read).zip(wanted.iter().map(read)) {
        for (((name, sql_type, _), held_as), (held, wanted)) in
            columns.iter().zip(&types).zip(held.iter().zip(&wanted))
        {
            assert_eq!(held, wanted, "{name} {sql_type}, held as {held_as} in {place:?}");
        }
    }
}

#[test]
fn no_type_of_postgresqls_own_is_forgotten() {
    let database = Database::create();
    let mut known: Vec<_> = SAMPLES
        .iter()
        .map(|(name, _)| database.value(&format!("SELECT format_type('{name}'::regtype, -1)")))
        .collect();
    known.sort();
    let all = database.column(
        "SELECT format_type(oid, -1) FROM pg_type t WHERE typnamespace = 'pg_catalog'::regnamespace \
         AND typtype IN ('b', 'r', 'm') AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) ORDER BY format_type(oid, -1) COLLATE \"C\"",
    );
    assert_eq!(known, all);
}

#[test]
fn every_type_arrives_in_postgres_as_pg_dump_would_dump_it() {
    let stack = Stack::new(OWN_TYPES);
    let torture = Torture::of(&[SAMPLES, LIMITED, OWN]);
    torture.create(&mut stack.source.connect(), "torture");
    // Values that only PostgreSQL makes, and those that no columnar destination holds.
    stack.source.execute(
        "CREATE TABLE made (id int PRIMARY KEY, tree pg_node_tree, class pg_class, dims int[][], at timestamp, numbers numeric(5,1)[],
                            yes information_schema.yes_or_no, catalog information_schema.sql_identifier);
         INSERT INTO made SELECT 1, (SELECT ev_action FROM pg_rewrite LIMIT 1), (SELECT c FROM pg_class c WHERE relname = 'pg_class'), '{{1,2},{3,NULL}}', '294276-12-31 23:59:59.999999', '{NaN}', 'YES', 'x';
         INSERT INTO made VALUES (2, NULL, NULL, '[-1:0]={5,6}', NULL, NULL, NULL, NULL), (3, NULL, NULL, '[2:2][0:1]={{7,8}}', NULL, NULL, NULL, NULL)",
    );
    let _daemon = stack.daemon();
    for table in ["torture", "made"] {
        stack.append(&[Place::Postgres], table).completes();
    }
    let same = stack.destination.column(
        "SELECT attname FROM pg_attribute WHERE attrelid IN ('torture'::regclass, 'made'::regclass) AND attnum > 0 AND atttypid < 10000 AND atttypid <> 'text'::regtype",
    );
    let same: Vec<_> = same.iter().map(String::as_str).collect();
    assert!(same.len() > 150, "{same:?}");
    assert_dumps_equal(&stack, "torture", &same);
    assert_dumps_equal(&stack, "made", &same);
}

#[test]
fn types_of_the_sources_own_are_made_where_the_destination_lacks_them() {
    let stack = Stack::new(OWN_TYPES);
    let (made, extensions) = OWN.split_at(6);
    let torture = Torture::of(&[made, extensions]);
    torture.create(&mut stack.source.connect(), "torture");
    stack.source.execute(
        "CREATE SCHEMA app; CREATE TYPE app.\"State's\" AS ENUM ('b', 'a''s', 'c'); ALTER TYPE app.\"State's\" ADD VALUE 'a0' BEFORE 'b';
         CREATE TABLE states (id int PRIMARY KEY, state app.\"State's\" NOT NULL, states app.\"State's\"[], row torture);
         INSERT INTO states VALUES (1, 'a0', '{b,c}', NULL), (2, 'a''s', NULL, NULL)",
    );
    let _daemon = stack.daemon();
    for table in ["torture", "states"] {
        stack.append(&[Place::Postgres], table).completes();
        assert_dumps_equal(&stack, table, &[]);
    }
    let of_extensions: Vec<_> =
        torture.columns[made.len() * 2..].iter().map(|(name, ..)| format!("'{name}'")).collect();
    let types = format!(
        "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attrelid::regclass::text, attnum) FROM pg_attribute
         WHERE attrelid IN ('torture'::regclass, 'states'::regclass) AND attnum > 0 AND attname NOT IN ('row', {})",
        of_extensions.join(", ")
    );
    assert_eq!(stack.destination.value(&types), stack.source.value(&types));
    let labels =
        "SELECT string_agg(enumlabel, ', ' ORDER BY enumtypid::regtype::text, enumsortorder) FROM pg_enum";
    assert_eq!(stack.destination.value(labels), stack.source.value(labels));
    let checks = "SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY conname) FROM pg_constraint WHERE contypid = ANY (ARRAY['share'::regtype, 'percent'::regtype])";
    assert_eq!(stack.destination.value(checks), stack.source.value(checks));
}

#[test]
fn what_cannot_be_made_is_kept_as_what_it_is_made_of() {
    let stack = Stack::new(
        "CREATE SCHEMA app; CREATE FUNCTION app.is_fine(int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
         CREATE DOMAIN app.fine AS int CHECK (app.is_fine(value)); CREATE TYPE app.pair AS (fine app.fine, n int);
         CREATE TABLE t (id int PRIMARY KEY, fine app.fine, several app.fine[], pair app.pair);
         INSERT INTO t VALUES (1, 2, '{3,NULL}', '(4,5)')",
    );
    let _daemon = stack.daemon();
    stack.append(&[Place::Postgres], "t").completes();
    assert_dumps_equal(&stack, "t", &[]);
    let types = "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0";
    assert_eq!(stack.destination.value(types), "integer, integer, text, text");
    assert!(stack.daemon_logs().contains("type app.fine cannot be made at the destination: "));
}

#[test]
fn types_of_the_sources_own_are_kept_where_the_destination_has_them() {
    let stack = Stack::new(OWN_TYPES);
    stack.destination.execute(OWN_TYPES);
    Torture::of(&[OWN]).create(&mut stack.source.connect(), "torture");
    let _daemon = stack.daemon();
    stack.append(&[Place::Postgres], "torture").completes();
    let types = "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'torture'::regclass AND attnum > 0";
    assert_eq!(stack.destination.value(types), stack.source.value(types));
    assert_dumps_equal(&stack, "torture", &[]);
}

#[test]
fn every_type_arrives_in_duckdb_and_parquet_as_documented() {
    let stack = Stack::new(OWN_TYPES);
    let torture = Torture::of(&[SAMPLES, LIMITED, OWN]);
    torture.create(&mut stack.source.connect(), "torture");
    let _daemon = stack.daemon();
    let job = stack.append(&ALL[1..], "torture");
    job.completes();
    for place in [Place::DuckDb, Place::Parquet] {
        assert_held(&job, place, "torture", &torture.columns);
    }
}
