//! A destination's table that lacks a column, or wants one.

use serde_json::json;

use crate::harness::{Job, Place, Stack};

const TABLES: &[Place] = &[Place::Postgres, Place::DuckDb];

const SOURCE: &str = "CREATE TYPE mood AS ENUM ('sad', 'glad');
     CREATE TABLE t (id int PRIMARY KEY, name text, price numeric(8,2) NOT NULL, mood mood, \"Odd \"\"name\" timestamptz);
     INSERT INTO t SELECT n, 'n' || n, n * 0.5, 'glad', now() FROM generate_series(1, 350) n";

fn with_older_tables() -> Stack {
    let stack = Stack::with_batches(100, SOURCE);
    stack.destination.execute(
        "CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (7, 'old'), (1000, 'old')",
    );
    in_file(
        &stack,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR); CREATE INDEX names ON t (name); INSERT INTO t VALUES (7, 'old'), (1000, 'old')",
    );
    stack
}

fn in_file(stack: &Stack, sql: &str) {
    duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap().execute_batch(sql).unwrap();
}

fn copy<'a>(stack: &'a Stack, places: &[Place], mode: &str, new_columns: &str) -> Job<'a> {
    stack.backfill(places, &json!({"table_name": "t", "write_mode": mode, "new_columns": new_columns}))
}

#[test]
fn a_missing_column_is_reported_with_the_statement_that_adds_it() {
    let stack = with_older_tables();
    let _daemon = stack.daemon();
    let job = copy(&stack, &[Place::Postgres], "upsert", "report");
    job.fails_naming(&[
        "it has no column price",
        "numeric(8,2)",
        "ALTER TABLE \"public\".\"t\" ADD COLUMN",
        "\"Odd \"\"name\" timestamp with time zone",
        "new_columns",
    ]);
    assert_eq!(stack.destination.count("t"), 2);
    let job = stack.backfill(&[Place::DuckDb], &json!({"table_name": "t"}));
    job.fails_naming(&[
        "it has no column price",
        "DECIMAL(8,2)",
        "ALTER TABLE \"main\".\"t\" ADD COLUMN \"price\" DECIMAL(8,2)",
        "new_columns",
    ]);
    assert_eq!(job.rows_in(Place::DuckDb, "t"), 2);
    assert_eq!(job.get()["new_columns"], "report");
}

#[test]
fn missing_columns_are_added_where_the_job_says_so() {
    for mode in ["upsert", "replace"] {
        let stack = with_older_tables();
        let _daemon = stack.daemon();
        let job = copy(&stack, TABLES, mode, "add");
        assert_eq!(job.completes(), 350);
        job.compare("t")
            .columns("id, name, price, mood::text AS mood, \"Odd \"\"name\"")
            .among("id < 1000")
            .assert_equal();
        let rows = if mode == "upsert" { 351 } else { 350 };
        assert_eq!((job.rows_in(Place::Postgres, "t"), job.rows_in(Place::DuckDb, "t")), (rows, rows));
        let added = "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull, ', ' ORDER BY attnum)
                     FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 2";
        assert_eq!(
            stack.destination.value(added),
            "price numeric(8,2) false, mood text false, Odd \"name timestamp with time zone false"
        );
    }
}

#[test]
fn jobs_that_add_a_column_at_the_same_time_do_not_hinder_each_other() {
    let stack = with_older_tables();
    let _daemon = stack.daemon();
    let filter = |operator: &str| json!([{"column": "id", "operator": operator, "value": 100}]);
    let jobs = ["<", ">", "="].map(|operator| {
        stack.backfill(
            &[Place::Postgres],
            &json!({"table_name": "t", "new_columns": "add", "filters": filter(operator)}),
        )
    });
    assert_eq!(jobs.iter().map(Job::completes).sum::<i64>(), 350);
    assert_eq!(stack.destination.count("t WHERE price IS NOT NULL"), 350);
}

#[test]
fn a_column_that_must_have_a_value_and_gets_none_is_named_before_the_first_row() {
    let stack = Stack::new("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    stack.destination.execute(
        "CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), n int GENERATED ALWAYS AS IDENTITY, wanted int NOT NULL)",
    );
    in_file(
        &stack,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER NOT NULL DEFAULT 1, wanted INTEGER NOT NULL)",
    );
    let _daemon = stack.daemon();
    for place in TABLES {
        let job = copy(&stack, &[*place], "append", "add");
        job.fails_naming(&["its column wanted is NOT NULL without a default"]);
        assert_eq!(job.rows_in(*place, "t"), 0);
    }
    stack.destination.execute(
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.wanted = 1; RETURN new; END $$;
         CREATE TRIGGER fill BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION fill()",
    );
    assert_eq!(copy(&stack, &[Place::Postgres], "append", "report").completes(), 1);
}
