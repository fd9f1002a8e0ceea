//! What a preview says that a job would make is what the job makes.

use serde_json::{Value, json};

use crate::harness::{ALL, Place, Stack};

/// Types of its own, a type that has no binary form elsewhere, lengths, NOT NULL, names that need quotes, a key of two.
const LINES: &str = r#"
    CREATE SCHEMA "Shop"; CREATE SCHEMA kinds;
    CREATE TYPE kinds.mood AS ENUM ('sad', 'ok');
    CREATE DOMAIN kinds.percent AS numeric(5,2) CHECK (value >= 0);
    CREATE TABLE "Shop"."Lines" (
        line int NOT NULL, "order" bigint, mood kinds.mood, moods kinds.mood[], share kinds.percent NOT NULL,
        note varchar(20), code char(3) NOT NULL, price numeric(10,2), doc jsonb, at timestamptz(3), part regclass,
        PRIMARY KEY ("order", line)
    );
    INSERT INTO "Shop"."Lines" VALUES (1, 7, 'ok', '{sad}', 5, 'n', 'abc', 1.5, '{}', now(), 'pg_class')"#;

const REQUEST: &str = r#"{"table_name": "\"Shop\".\"Lines\""}"#;

fn preview(stack: &Stack, places: &[Place], request: &Value) -> Value {
    let ids: Vec<_> = places.iter().map(|place| stack.destination_id(*place)).collect();
    let pipeline = stack.pipeline(&ids);
    stack.client.post(&format!("/pipelines/{pipeline}/backfill/preview"), request).json(200)
}

fn texts(values: &Value) -> Vec<String> {
    values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// Columns with their types and NOT NULLs, and constraints, as the destination's catalogue has them.
fn definition(stack: &Stack) -> Vec<String> {
    stack.destination.column(
        r#"SELECT format('%I %s %s', attname, format_type(atttypid, atttypmod), attnotnull) FROM pg_attribute
           WHERE attrelid = 'public."Lines"'::regclass AND attnum > 0
           UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint
           WHERE conrelid = 'public."Lines"'::regclass AND contype = 'p'"#,
    )
}

#[test]
fn the_previewed_statements_make_the_table_that_the_job_makes() {
    let stack = Stack::new(LINES);
    let request: Value = serde_json::from_str(REQUEST).unwrap();
    let seen = preview(&stack, ALL, &request);
    let [postgres, duckdb, parquet] = seen["destinations"].as_array().unwrap().as_slice() else {
        panic!("{seen:#}")
    };
    assert_eq!((&postgres["exists"], &postgres["target"]), (&json!(false), &json!(r#"public."Lines""#)));
    assert_eq!((&duckdb["exists"], &parquet["exists"]), (&Value::Null, &json!(false)));

    let _daemon = stack.daemon();
    let job = stack.backfill(ALL, &request);
    assert_eq!(job.completes(), 1);

    let made = definition(&stack);
    stack.destination.execute(r#"DROP TABLE public."Lines"; DROP SCHEMA kinds CASCADE"#);
    stack.destination.execute(&texts(&postgres["statements"]).join(";"));
    assert_eq!(definition(&stack), made);

    let query = "SELECT sql FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = 'Lines'";
    let made = job.select_in(Place::DuckDb, "Lines", query);
    let mine = duckdb::Connection::open_in_memory().unwrap();
    mine.execute_batch(&texts(&duckdb["statements"]).join(";")).unwrap();
    let mine: String = mine.query_row(query, [], |row| row.get(0)).unwrap();
    assert_eq!(made, [mine]);

    let file = parquet["target"].as_str().unwrap().replace("job-ID", &format!("job-{}", job.id));
    assert!(std::path::Path::new(&file).is_file(), "{file}");
    let query = format!("SELECT column_name || ' ' || column_type FROM (DESCRIBE FROM '{file}')");
    let named = |column: &Value| {
        let text = |field: &str| column[field].as_str().unwrap().to_owned();
        format!("{} {}", text("name"), text("type"))
    };
    let columns: Vec<_> = parquet["columns"].as_array().unwrap().iter().map(named).collect();
    assert_eq!(job.select_in(Place::Parquet, "Lines", &query), columns);
}

#[test]
fn a_table_that_is_there_is_compared_and_what_the_preview_finds_stops_the_job() {
    let stack = Stack::new(
        "CREATE TABLE t (id bigint PRIMARY KEY, note text, price numeric(10,2)); INSERT INTO t VALUES (1)",
    );
    stack.destination.execute("CREATE TABLE t (id int, note text)");
    let _daemon = stack.daemon();
    let places = &[Place::Postgres];
    let seen = preview(&stack, places, &json!({"table_name": "t"}));
    let target = &seen["destinations"][0];
    assert_eq!((&target["exists"], &target["statements"]), (&json!(true), &json!([])), "{seen:#}");
    let differences = texts(&target["differences"]);
    assert_eq!(differences.len(), 3, "{differences:?}");
    for (difference, names) in differences.iter().zip([
        "has no column price: add what is missing (ALTER TABLE \"public\".\"t\" ADD COLUMN IF NOT EXISTS \"price\" numeric(10,2))",
        "column id of type integer cannot hold every value of type bigint",
        "upsert needs a unique index on (id)",
    ]) {
        assert!(difference.contains(names), "{difference}");
    }
    stack.backfill(places, &json!({"table_name": "t"})).fails_naming(&["price", "new_columns"]);

    stack.destination.execute("ALTER TABLE t ALTER id TYPE bigint, ADD PRIMARY KEY (id)");
    let request = json!({"table_name": "t", "new_columns": "add"});
    let seen = preview(&stack, places, &request);
    let target = &seen["destinations"][0];
    assert_eq!(target["differences"], json!([]), "{seen:#}");
    assert_eq!(
        texts(&target["statements"]),
        [r#"ALTER TABLE "public"."t" ADD COLUMN IF NOT EXISTS "price" numeric(10,2)"#]
    );
    assert_eq!(stack.backfill(places, &request).completes(), 1);
}

#[test]
fn the_estimate_of_chunks_is_about_what_they_become() {
    let stack = Stack::with_batches(
        100_000,
        "CREATE TABLE t (id int PRIMARY KEY, v text);
         INSERT INTO t SELECT n, repeat(md5(n::text), 32) FROM generate_series(1, 30000) n; ANALYZE t",
    );
    let _daemon = stack.daemon();
    for (name, option, size) in [("few", "batch_rows", 2000), ("small", "batch_bytes", 2 << 20)] {
        let config = json!({"path": stack.folder.path_of(name), option: size});
        let lake = stack.add_destination(&json!({"name": name, "type": "parquet", "config": config}));
        let request = json!({"table_name": "t"});
        let path = format!("/pipelines/{}/backfill/preview", stack.pipeline(&[lake]));
        let expected = stack.client.post(&path, &request).json(200)["estimated_chunks"].as_i64().unwrap();
        let job = stack.backfill_to(&[lake], &request);
        assert_eq!(job.completes(), 30_000);
        let chunks = stack.client.get(&format!("/backfill/{}/chunks", job.id)).json(200)["total"].as_i64();
        assert!((13..18).contains(&expected), "{expected}");
        assert!((expected - chunks.unwrap()).abs() <= 2, "{option}: {expected} expected, {chunks:?} made");
    }
}

#[test]
fn a_destination_that_cannot_be_reached_is_a_warning() {
    let stack = Stack::new("CREATE TABLE t (id int PRIMARY KEY)");
    let gone = stack.add_destination(&json!({"name": "gone", "type": "postgres", "config": {
        "host": "127.0.0.1", "port": 1, "database": "d", "username": "u", "password": "secret"
    }}));
    let pipeline = stack.pipeline(&[gone, stack.destination_id(Place::Parquet)]);
    let path = format!("/pipelines/{pipeline}/backfill/preview");
    let seen = stack.client.post(&path, &json!({"table_name": "t"})).json(200);
    assert_eq!(seen["destinations"].as_array().unwrap().len(), 1, "{seen:#}");
    let warnings = texts(&seen["warnings"]);
    assert!(
        warnings.iter().any(|warning| warning.contains("destination gone") && !warning.contains("secret")),
        "{warnings:?}"
    );
}
