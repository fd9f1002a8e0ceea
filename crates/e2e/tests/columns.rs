//! Some of the columns, under names of their own.

use serde_json::{Value, json};

use crate::harness::{ALL, Job, Place, Stack, orders};

const TABLES: &[Place] = &[Place::Postgres, Place::DuckDb];

const LINES: &str = "CREATE TABLE lines (qty int, day date, line text, note text, PRIMARY KEY (day, line));
     INSERT INTO lines SELECT n, date '2024-01-01' + n % 37, 'line ' || n, 'n' FROM generate_series(1, 1200) n;";

fn copy<'a>(stack: &'a Stack, places: &[Place], table: &str, mode: &str, columns: Value) -> Job<'a> {
    stack.backfill(places, &json!({"table_name": table, "write_mode": mode, "columns": columns}))
}

#[test]
fn chosen_columns_arrive_under_their_new_names_while_filters_look_at_others() {
    let stack = Stack::with_batches(200, &orders(2000));
    let _daemon = stack.daemon();
    let columns =
        json!([{"name": "amount", "as": "total"}, {"name": "id"}, {"name": "token", "as": "customer"}]);
    let filters = json!([{"column": "paid", "operator": "=", "value": true}, {"column": "customer", "operator": "LIKE", "value": "customer 1%"}]);
    for mode in ["upsert", "insert_missing", "replace"] {
        let request =
            json!({"table_name": "orders", "write_mode": mode, "columns": columns, "filters": filters});
        let job = stack.backfill(ALL, &request);
        let rows = job.completes();
        assert_eq!(rows, stack.source.count("orders WHERE paid AND customer LIKE 'customer 1%'"));
        job.compare("orders")
            .renamed("amount AS total, id, token AS customer", "*")
            .filtered("paid AND customer LIKE 'customer 1%'")
            .assert_equal();
        assert_eq!(
            job.get()["columns"],
            json!([{"name": "amount", "as": "total"}, {"name": "id", "as": null}, {"name": "token", "as": "customer"}])
        );
    }
    assert_eq!(
        stack.destination.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'p'"),
        "PRIMARY KEY (id)"
    );
}

#[test]
fn a_composite_key_keeps_its_order_under_new_names() {
    let stack = Stack::with_batches(70, LINES);
    let _daemon = stack.daemon();
    // Each column of the key takes the name of the other.
    let columns = json!([{"name": "line", "as": "day"}, {"name": "qty"}, {"name": "day", "as": "line"}]);
    let compare =
        |job: &Job<'_>| job.compare("lines").renamed("line AS day, qty, day AS line", "*").assert_equal();
    for mode in ["append", "upsert", "insert_missing"] {
        let places = if mode == "append" { ALL } else { TABLES };
        let job = copy(&stack, places, "lines", mode, columns.clone());
        assert_eq!(job.completes(), 1200, "{mode}");
        compare(&job);
        stack.source.execute("UPDATE lines SET qty = -qty WHERE qty % 5 = 0");
        if mode == "append" {
            copy(&stack, &[Place::Postgres], "lines", mode, columns.clone())
                .fails_naming(&["dwh", "duplicate key"]);
        } else {
            stack.source.execute("UPDATE lines SET qty = -qty WHERE qty % 5 = 0");
        }
    }
    assert_eq!(
        stack.destination.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'lines'::regclass AND contype = 'p'"),
        "PRIMARY KEY (line, day)"
    );
}

#[test]
fn without_all_of_the_key_rows_are_added_or_replaced_along_it() {
    let stack = Stack::with_batches(100, LINES);
    let _daemon = stack.daemon();
    let columns = json!([{"name": "qty"}, {"name": "line", "as": "text"}]);
    let appended = stack.backfill(ALL, &json!({"table_name": "lines", "columns": columns}));
    assert_eq!(appended.completes(), 1200);
    assert_eq!(appended.get()["write_mode"], "append");
    let chunks = stack.client.get(&format!("/backfill/{}/chunks", appended.id)).json(200);
    assert!(chunks["total"].as_i64() > Some(10), "cut along the source's key: {chunks:#}");
    appended.compare("lines").renamed("qty, line AS text", "*").assert_equal();
    copy(&stack, TABLES, "lines", "append", columns.clone()).completes();
    assert_eq!(
        (appended.rows_in(Place::Postgres, "lines"), appended.rows_in(Place::DuckDb, "lines")),
        (2400, 2400)
    );
    let replaced = copy(&stack, ALL, "lines", "replace", columns.clone());
    assert_eq!(replaced.completes(), 1200);
    replaced.compare("lines").renamed("qty, line AS text", "*").assert_equal();
    for mode in ["upsert", "insert_missing"] {
        let answer =
            stack.request(TABLES, &json!({"table_name": "lines", "write_mode": mode, "columns": columns}));
        let error = answer.json(422)["errors"][0].clone();
        assert_eq!(error["field"], "columns");
        assert!(error["message"].as_str().unwrap().contains("day"), "{error}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_named_as_the_source_names_it() {
    let stack = Stack::new(
        "CREATE TABLE t (id int PRIMARY KEY, price numeric(5,2), doc json);
         INSERT INTO t VALUES (1, 1, NULL), (2, 'NaN', NULL), (3, 1, '\"\\ud800\"')",
    );
    let _daemon = stack.daemon();
    let columns = |name: &str| json!([{"name": name, "as": "x"}, {"name": "id", "as": "key"}]);
    copy(&stack, &[Place::DuckDb], "t", "append", columns("price")).fails_naming(&[
        "public.t",
        "column price",
        "id = 2",
        "NaN",
    ]);
    copy(&stack, &[Place::Parquet], "t", "append", columns("doc")).fails_naming(&[
        "public.t",
        "column doc",
        "id = 3",
    ]);
}

#[test]
fn columns_that_are_not_copied_may_come_and_go() {
    let stack = Stack::with_batches(100, &orders(4000));
    let columns = json!([{"name": "id"}, {"name": "customer"}]);
    stack.slow_down("orders", 20);
    let daemon = stack.daemon();
    let job = copy(&stack, TABLES, "orders", "upsert", columns);
    job.is_under_way();
    stack.source.execute("ALTER TABLE orders ADD COLUMN more int, DROP COLUMN weight");
    let rows = job.rows();
    job.becomes("further", |now| now["count_record"].as_i64() > Some(rows + 200));
    drop(daemon);
    stack.expire_leases();
    let _next = stack.daemon();
    assert_eq!(job.completes(), 4000);
    job.compare("orders").columns("id, customer").assert_equal();
}

#[test]
fn a_copied_column_that_goes_stops_the_job() {
    let stack = Stack::with_batches(100, &orders(4000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let job = copy(
        &stack,
        &[Place::Postgres],
        "orders",
        "upsert",
        json!([{"name": "id"}, {"name": "customer", "as": "who"}]),
    );
    job.fails_naming(&["orders", "it has no column who"]);
    let job =
        copy(&stack, &[Place::Postgres], "orders", "upsert", json!([{"name": "id"}, {"name": "customer"}]));
    job.is_under_way();
    stack.source.execute("ALTER TABLE orders DROP COLUMN customer");
    job.fails_naming(&["shop", "other columns"]);
}

#[test]
fn names_that_differ_by_case_alone_are_for_postgresql() {
    let stack = Stack::new("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 2)");
    let _daemon = stack.daemon();
    let columns = json!([{"name": "id"}, {"name": "n", "as": "ID"}]);
    assert_eq!(copy(&stack, &[Place::Postgres], "t", "upsert", columns.clone()).completes(), 1);
    copy(&stack, &[Place::DuckDb], "t", "upsert", columns).fails_naming(&["id and ID"]);
}
