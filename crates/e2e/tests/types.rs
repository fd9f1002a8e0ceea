//! Values of every type arrive as they were.

use serde_json::json;

use crate::harness::{ALL, Place, Stack};

/// What each row becomes where columns are DuckDB's: one text a row.
fn shown(job: &crate::harness::Job<'_>, place: Place, table: &str, expression: &str) -> Vec<String> {
    job.select_in(
        place,
        table,
        &format!("SELECT coalesce(({expression})::VARCHAR, 'NULL') FROM {{}} ORDER BY id"),
    )
}

#[test]
fn values_that_have_bitten_someone_arrive_as_they_were() {
    let stack = Stack::with_batches(
        2,
        r#"CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN percent AS numeric(5,2) CHECK (value >= 0);
          CREATE TABLE v (id int PRIMARY KEY, mood mood, share percent, tags text[], doc json, docb jsonb, exact numeric,
                          huge numeric(50,20), price numeric(38,10), blob bytea, txt text, day date, at timestamptz, span interval, ip inet, bits bit varying, small real);
          INSERT INTO v VALUES
            (1, 'sad', 1.50, '{a,NULL,"q\"x"}', '{"b": 1,  "a": "ü"}', '{"b": 1, "a": [null]}', 'NaN', 12345678901234567890.12345678901234567890, 1234567890123456789012345678.0123456789, '\x00ff00', '', '-infinity', 'infinity', '1 year 2 mons -3 days', '10.0.0.1/8', B'1011', 0.1),
            (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
            (3, 'ok', 0, '{}', 'null', 'null', 'Infinity', 0, -0.0000000001, '\x', ' ', 'infinity', '-infinity', '0', '::1', B'', 'NaN'),
            (4, 'ok', 999.99, '{"",NULL,''}', '[1.10]', '"x"', 1.10, -1, 0, '\x5c78', E'tab\tnew\nline \\ '' " 😀', '0044-03-15 BC', '1900-01-01 00:00:00.123456+00', '-00:00:00.000001', '10.0.0.0/8', NULL, '-Infinity')"#,
    );
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "v");
    assert_eq!(job.completes(), 4);
    let columns = "id, mood::text, share::text, tags, doc::text, docb, exact, huge, price, blob, txt, day, at, span, ip, bits, small";
    let digest = format!("SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM (SELECT {columns} FROM v) t");
    assert_eq!(stack.destination.value(&digest), stack.source.value(&digest));
    for place in [Place::DuckDb, Place::Parquet] {
        for (expression, expected) in [
            ("mood", ["sad", "NULL", "ok", "ok"]),
            ("exact", ["NaN", "NULL", "Infinity", "1.10"]),
            (
                "huge",
                [
                    "12345678901234567890.12345678901234567890",
                    "NULL",
                    "0.00000000000000000000",
                    "-1.00000000000000000000",
                ],
            ),
            ("price", ["1234567890123456789012345678.0123456789", "NULL", "-0.0000000001", "0.0000000000"]),
            ("hex(blob)", ["00FF00", "NULL", "", "5C78"]),
            ("'[' || txt || ']'", ["[]", "NULL", "[ ]", "[tab\tnew\nline \\ ' \" 😀]"]),
            ("day", ["-infinity", "NULL", "infinity", "0044-03-15 (BC)"]),
            (
                "epoch_us(CASE WHEN isfinite(\"at\") THEN \"at\" END)",
                ["NULL", "NULL", "NULL", "-2208988799876544"],
            ),
            ("isinf(\"at\")", ["true", "NULL", "true", "false"]),
            ("len(tags)", ["3", "NULL", "0", "3"]),
            ("tags[1]", ["a", "NULL", "NULL", ""]),
            ("doc::VARCHAR", [r#"{"b": 1,  "a": "ü"}"#, "NULL", "null", "[1.10]"]),
            ("small", ["0.1", "NULL", "nan", "-inf"]),
            ("span", ["1 year 2 mons -3 days", "NULL", "00:00:00", "-00:00:00.000001"]),
            ("ip", ["10.0.0.1/8", "NULL", "::1/128", "10.0.0.0/8"]),
        ] {
            assert_eq!(shown(&job, place, "v", expression), expected, "{expression} in {place:?}");
        }
    }
}

#[test]
fn identity_and_generated_columns_keep_the_sources_values() {
    let table = "CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY, name text, loud text GENERATED ALWAYS AS (upper(name)) STORED);";
    let stack = Stack::with_batches(
        50,
        &format!("{table} INSERT INTO people (name) SELECT 'n' || n FROM generate_series(1, 120) n"),
    );
    // One destination has the very same table already, the others have none.
    stack.destination.execute(table);
    let _daemon = stack.daemon();
    for mode in ["append", "upsert"] {
        let job = stack.backfill(ALL, &json!({"table_name": "people", "write_mode": mode}));
        assert_eq!(job.completes(), 120);
        job.compare("people").assert_equal();
    }
}

#[test]
fn the_destinations_own_types_are_used_where_it_has_them() {
    let types = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN percent AS int CHECK (value BETWEEN 0 AND 100);";
    let stack = Stack::new(&format!(
        "{types} CREATE TABLE t (id int PRIMARY KEY, mood mood, share percent, moods mood[]); INSERT INTO t VALUES (1, 'ok', 5, '{{sad,ok}}'), (2, NULL, NULL, NULL)"
    ));
    stack.destination.execute(types);
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "t");
    assert_eq!(job.completes(), 2);
    job.compare("t").assert_equal();
    assert_eq!(stack.destination.value("SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"), "integer, mood, percent, mood[]");
}

#[test]
fn arrays_of_several_dimensions_arrive_in_postgres_and_are_refused_elsewhere() {
    let stack = Stack::new(
        "CREATE TABLE m (id int PRIMARY KEY, matrix int[][]); INSERT INTO m VALUES (1, '{1,2}'), (2, '{{1,2},{3,4}}'), (3, '[0:1]={5,6}')",
    );
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "m");
    assert_eq!(job.completes(), 3);
    job.compare("m").assert_equal();
    for place in [Place::DuckDb, Place::Parquet] {
        stack.append(&[place], "m").fails_naming(&["public.m", "matrix", "id = 2"]);
    }
}

#[test]
fn wide_rows_arrive() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE wide (id int PRIMARY KEY, doc text, blob bytea); INSERT INTO wide SELECT n, repeat(md5(n::text), 20000), decode(repeat('00ff', 50000), 'hex') FROM generate_series(1, 60) n",
    );
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "wide");
    assert_eq!(job.completes(), 60);
    job.compare("wide").assert_equal();
}
