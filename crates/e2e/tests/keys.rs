//! Chunks are cut along keys of every type, at every value, and none is lost or doubled at a cut.

use serde_json::json;

use crate::harness::{ALL, Place, Stack};

/// Types of keys and values that have bitten someone, as rows of VALUES.
const KEYS: &[(&str, &str)] = &[
    ("smallint", "(-32768), (-1), (0), (1), (32767)"),
    ("bigint", "(-9223372036854775808), (-1), (0), (9223372036854775807)"),
    (
        "numeric",
        "('NaN'), (-1e30), (0), (0.1), (0.10000000000000000001), (12345678901234567890.123456789), ('Infinity'), ('-Infinity')",
    ),
    ("numeric(20,4)", "(-1.5), (0), (0.0001), (9999999999999999.9999)"),
    (
        "double precision",
        "('NaN'), ('-Infinity'), ('Infinity'), (-1e300), (0), (1e-300), (0.1), (0.30000000000000004)",
    ),
    ("real", "('NaN'), (0), (0.1), (16777216), (3.4e38)"),
    ("boolean", "(false), (true)"),
    ("date", "('-infinity'), ('0044-03-15 BC'), ('1999-12-31'), ('2024-02-29'), ('infinity')"),
    (
        "timestamp",
        "('-infinity'), ('1970-01-01'), ('2024-01-01 00:00:00.000001'), ('2024-01-01 00:00:00.000002'), ('infinity')",
    ),
    (
        "timestamptz",
        "('-infinity'), ('2024-03-31 01:59:59+01'), ('2024-03-31 03:00:00+02'), ('2024-10-27 02:30:00+02'), ('2024-10-27 02:30:00+01')",
    ),
    ("time", "('00:00'), ('12:34:56.789012'), ('24:00')"),
    ("interval", "('-1 mon'), ('0'), ('1 mon'), ('30 days 1 sec'), ('1 year 2 mons -3 days')"),
    (
        "uuid",
        "('00000000-0000-0000-0000-000000000000'), ('7fffffff-ffff-ffff-ffff-ffffffffffff'), ('80000000-0000-0000-0000-000000000000'), ('ffffffff-ffff-ffff-ffff-ffffffffffff')",
    ),
    ("bytea", "('\\x'), ('\\x00'), ('\\x0000'), ('\\x01'), ('\\x7f'), ('\\x80ff'), ('\\xff')"),
    ("inet", "('10.0.0.1'), ('10.0.0.0/8'), ('192.168.1.1/24'), ('::1'), ('fe80::/10')"),
    ("char(5)", "(''), ('a'), ('a b'), ('A'), ('zzzzz')"),
    ("\"char\"", "('a'), ('Z'), ('0')"),
    ("name", "('a'), ('Z'), ('_x')"),
    ("oid", "(0), (1), (4294967295)"),
    ("pg_lsn", "('0/0'), ('1/0'), ('FFFFFFFF/FFFFFFFF')"),
    ("money", "('-1'), ('0'), ('12345.67')"),
    ("int4range", "('empty'), ('[1,2)'), ('[1,)'), ('(,1)')"),
    ("jsonb", "('null'), ('1'), ('\"a\"'), ('[1, 2]'), ('{\"a\": {\"b\": null}}')"),
    ("mood", "('sad'), ('happy'), ('It''s \"odd\"')"),
    ("label", "('a'), ('b'), ('it''s')"),
    ("pair", "('(1,a)'), ('(1,b)'), ('(2,\"x, y\")')"),
];

#[test]
fn keys_of_every_type_are_walked_to_their_end() {
    let mut sql = "CREATE TYPE mood AS ENUM ('sad', 'It''s \"odd\"', 'happy');
                   CREATE DOMAIN label AS text CHECK (value <> '');
                   CREATE TYPE pair AS (number int, text text);"
        .to_owned();
    for (at, (key, values)) in KEYS.iter().enumerate() {
        sql += &format!(
            "CREATE TABLE k{at} (key {key} PRIMARY KEY, n int); INSERT INTO k{at} SELECT v::{key}, row_number() OVER () FROM (VALUES {values}) AS t (v);",
            values = as_text(values)
        );
    }
    let stack = Stack::with_batches(1, &sql);
    let _daemon = stack.daemon();
    let jobs: Vec<_> = (0..KEYS.len())
        .map(|at| stack.append(&[Place::Postgres, Place::DuckDb], &format!("k{at}")))
        .collect();
    let mut wrong = Vec::new();
    for (at, job) in jobs.iter().enumerate() {
        let ended = job.becomes_end();
        let table = format!("k{at}");
        let rows = stack.source.count(&table);
        let held = |place| job.rows_in(place, &table);
        if ended["status"] != "COMPLETED" || held(Place::Postgres) != rows || held(Place::DuckDb) != rows {
            wrong.push(format!(
                "{}: {} of {rows}: {}",
                KEYS[at].0, ended["count_record"], ended["error_message"]
            ));
            continue;
        }
        let digest = format!("SELECT md5(string_agg(t::text, '|' ORDER BY n)) FROM {table} t");
        assert_eq!(stack.destination.value(&digest), stack.source.value(&digest), "{}", KEYS[at].0);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Each value in quotes, so that VALUES does not guess a type.
fn as_text(values: &str) -> String {
    let quoted = values.split("), (").map(|value| value.trim_matches(['(', ')']));
    let quoted = quoted
        .map(|value| if value.starts_with('\'') { format!("({value})") } else { format!("('{value}')") });
    quoted.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_key_that_duckdb_cannot_index_is_refused_there_alone() {
    let stack = Stack::with_batches(
        1,
        "CREATE TABLE t (key int[] PRIMARY KEY); INSERT INTO t VALUES ('{}'), ('{1}'), ('{1,2}'), ('{2}'), ('{NULL,1}')",
    );
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres, Place::Parquet], "t");
    assert_eq!(job.completes(), 5);
    job.compare("t").assert_equal();
    stack.append(&[Place::DuckDb], "t").fails_naming(&["destination file", "key"]);
}

#[test]
fn text_keys_are_walked_in_their_own_collation() {
    let keys = "(''), (' '), ('a'), ('A'), ('á'), ('Ä'), ('ab'), ('a b'), ('a-b'), ('aB'), ('z'), ('Z'), ('_'), ('%'), ('\\'), ('\"'), (''''),
                ('it''s'), ('a;b--c'), ('1'), ('10'), ('2'), ('ß'), ('ss'), ('İ'), ('日本'), ('😀'), (E'\\t'), (E'new\\nline'), (E'e\\u0301'), ('é'), (repeat('long', 500))";
    let collations = ["\"C\"", "\"en-x-icu\"", "\"sv-x-icu\"", "loose"];
    let mut sql =
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
            .to_owned();
    for (at, collation) in collations.iter().enumerate() {
        sql += &format!("CREATE TABLE t{at} (key text COLLATE {collation} PRIMARY KEY, n int);
                         INSERT INTO t{at} SELECT v, row_number() OVER () FROM (VALUES {keys}) AS t (v) ON CONFLICT DO NOTHING;");
    }
    let stack = Stack::with_batches(2, &sql);
    let _daemon = stack.daemon();
    let jobs: Vec<_> = (0..collations.len()).map(|at| stack.append(ALL, &format!("t{at}"))).collect();
    for (at, job) in jobs.iter().enumerate() {
        assert_eq!(job.completes(), stack.source.count(&format!("t{at}")), "{}", collations[at]);
        job.compare(&format!("t{at}")).assert_equal();
    }
}

#[test]
fn composite_keys_are_walked_row_by_row() {
    let stack = Stack::with_batches(
        7,
        "CREATE TABLE lines (note text, line smallint, \"order\" text, day date, PRIMARY KEY (day, \"order\", line));
         INSERT INTO lines SELECT 'n' || d || o || l, l, 'o' || o, date '2024-01-01' + d
         FROM generate_series(1, 5) d, generate_series(1, 12) o, generate_series(1, 9) l",
    );
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "lines");
    assert_eq!(job.completes(), 540);
    job.compare("lines").assert_equal();
}

#[test]
fn a_table_of_nothing_but_its_key_can_be_copied_twice() {
    let stack = Stack::with_batches(
        10,
        "CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b)); INSERT INTO pairs SELECT n % 5, n FROM generate_series(1, 95) n",
    );
    let _daemon = stack.daemon();
    for _ in 0..2 {
        let job = stack.backfill(ALL, &json!({"table_name": "pairs", "write_mode": "upsert"}));
        assert_eq!(job.completes(), 95);
        job.compare("pairs").assert_equal();
    }
}

/// The operators of such a key are an extension's, in whichever schema that is, and do not order as bytes do.
#[test]
fn keys_of_an_extensions_type_are_walked_in_its_order() {
    for schema in ["public", r#""My ""Types""#] {
        let stack = Stack::with_batches(
            7,
            &format!(
                "CREATE SCHEMA IF NOT EXISTS {schema}; CREATE EXTENSION citext SCHEMA {schema};
                 CREATE TABLE single (key {schema}.citext PRIMARY KEY, n int);
                 INSERT INTO single SELECT chr(CASE WHEN n % 3 = 0 THEN 65 ELSE 97 END + n % 26) || n, n FROM generate_series(1, 300) n;
                 CREATE TABLE double (n int, key {schema}.citext, PRIMARY KEY (key, n));
                 INSERT INTO double SELECT n, chr(CASE WHEN n % 3 = 0 THEN 65 ELSE 97 END + n % 5) FROM generate_series(1, 300) n;"
            ),
        );
        let _daemon = stack.daemon();
        for table in ["single", "double"] {
            let job = stack.append(&[Place::Postgres, Place::Parquet], table);
            assert_eq!(job.completes(), 300, "{table} with citext in {schema}");
            job.compare(table).columns("key::varchar AS key, n").assert_equal();
        }
    }
}
