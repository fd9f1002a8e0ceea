//! What happens to rows and tables that are there already.

use serde_json::json;

use crate::harness::{ALL, Job, Place, Stack, orders};

const TABLES: &[Place] = &[Place::Postgres, Place::DuckDb];

fn upsert<'a>(stack: &'a Stack, places: &[Place], table: &str) -> Job<'a> {
    stack.backfill(places, &json!({"table_name": table, "write_mode": "upsert"}))
}

#[test]
fn appending_twice_fails_and_leaves_the_first_copy_as_it_is() {
    let stack = Stack::with_batches(500, &orders(3000));
    let _daemon = stack.daemon();
    stack.append(TABLES, "orders").completes();
    for place in TABLES {
        let again = stack.append(&[*place], "orders");
        let message = again.fails().to_lowercase();
        assert!(message.contains("duplicate key") && message.contains("id"), "{message}");
        assert_eq!(again.rows(), 0);
        again.compare("orders").assert_equal();
    }
}

#[test]
fn an_append_that_meets_a_known_key_keeps_the_chunks_before_it_and_nothing_of_its_own() {
    let stack = Stack::with_batches(500, &orders(3000));
    stack.slow_down("orders", 0);
    stack.destination.execute("INSERT INTO orders (id, customer) VALUES (1250, 'mine')");
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres, Place::DuckDb], "orders");
    job.fails_naming(&["dwh", "orders", "1250"]);
    assert_eq!(job.rows(), 1000);
    assert_eq!(stack.destination.count("orders"), 1001);
    assert_eq!(stack.destination.value("SELECT customer FROM orders WHERE id = 1250"), "mine");
    assert_eq!(job.rows_in(Place::DuckDb, "orders"), 1000);
}

#[test]
fn upserting_twice_is_as_good_as_once_and_brings_changes() {
    let stack = Stack::with_batches(500, &orders(2000));
    let _daemon = stack.daemon();
    for _ in 0..2 {
        let job = upsert(&stack, ALL, "orders");
        assert_eq!(job.completes(), 2000);
        job.compare("orders").assert_equal();
    }
    stack.source.execute(
        "UPDATE orders SET customer = 'changed', amount = NULL WHERE id % 10 = 0;
         INSERT INTO orders (id, customer) VALUES (0, 'new'), (5000, 'new')",
    );
    let job = upsert(&stack, ALL, "orders");
    assert_eq!(job.completes(), 2002);
    job.compare("orders").assert_equal();
}

#[test]
fn an_upsert_of_a_part_leaves_other_rows_alone() {
    let stack = Stack::with_batches(100, &orders(1000));
    let _daemon = stack.daemon();
    upsert(&stack, TABLES, "orders").completes();
    stack.source.execute("UPDATE orders SET customer = 'changed'");
    let filters = json!([{"column": "id", "operator": ">", "value": 900}]);
    let job = stack.backfill(TABLES, &json!({"table_name": "orders", "filters": filters}));
    assert_eq!(job.completes(), 100);
    let changed = "SELECT count(*)::VARCHAR FROM {} WHERE customer = 'changed'";
    assert_eq!(job.select_in(Place::DuckDb, "orders", changed), ["100"]);
    assert_eq!(stack.destination.count("orders WHERE customer = 'changed'"), 100);
    assert_eq!((job.rows_in(Place::Postgres, "orders"), job.rows_in(Place::DuckDb, "orders")), (1000, 1000));
}

#[test]
fn appending_a_table_without_a_key_adds_its_rows_again() {
    let stack = Stack::new(
        "CREATE TABLE log (line text); INSERT INTO log SELECT 'line ' || n FROM generate_series(1, 700) n",
    );
    let _daemon = stack.daemon();
    for rows in [700, 1400] {
        let job = stack.append(TABLES, "log");
        assert_eq!(job.completes(), 700);
        assert_eq!((job.rows_in(Place::Postgres, "log"), job.rows_in(Place::DuckDb, "log")), (rows, rows));
    }
}

#[test]
fn upsert_without_a_key_is_refused_at_once() {
    let stack = Stack::new("CREATE TABLE log (line text)");
    let answer = stack.request(TABLES, &json!({"table_name": "log", "write_mode": "upsert"}));
    assert_eq!(answer.json(422)["errors"][0]["field"], "write_mode");
}

#[test]
fn a_present_table_may_have_more_columns_and_wider_types_in_another_order() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE t (id int PRIMARY KEY, name varchar(10), small smallint, price numeric(8,2)); INSERT INTO t SELECT n, 'n' || n, n, n * 0.5 FROM generate_series(1, 350) n",
    );
    stack.destination.execute(
        "CREATE TABLE t (note text DEFAULT 'mine', price numeric(20,4), name text, at timestamptz DEFAULT now(), id bigint PRIMARY KEY, small int)",
    );
    let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    file.execute_batch("CREATE TABLE t (note VARCHAR DEFAULT 'mine', price DECIMAL(20,4), name VARCHAR, id BIGINT PRIMARY KEY, small INTEGER)").unwrap();
    drop(file);
    let _daemon = stack.daemon();
    for mode in ["append", "upsert"] {
        let job = stack.backfill(TABLES, &json!({"table_name": "t", "write_mode": mode}));
        assert_eq!(job.completes(), 350);
        job.compare("t").columns("id, name, small, price::numeric(20,4) AS price").assert_equal();
        assert_eq!(stack.destination.count("t WHERE note = 'mine' AND at IS NOT NULL"), 350);
        assert_eq!(job.select_in(Place::DuckDb, "t", "SELECT DISTINCT note FROM {}"), ["mine"]);
    }
}

#[test]
fn a_present_table_without_a_column_is_refused_untouched() {
    let stack = Stack::new("CREATE TABLE t (id int PRIMARY KEY, wanted text); INSERT INTO t VALUES (1, 'x')");
    stack.destination.execute("CREATE TABLE t (id int PRIMARY KEY)");
    let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    file.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)").unwrap();
    drop(file);
    let _daemon = stack.daemon();
    for place in TABLES {
        let job = stack.append(&[*place], "t");
        job.fails_naming(&["t", "wanted"]);
        assert_eq!(job.rows_in(*place, "t"), 0);
    }
}

#[test]
fn a_present_column_that_is_too_narrow_is_named_and_nothing_is_written() {
    for (wide, narrow, value) in [
        ("text", "varchar(5)", "'too long for it'"),
        ("bigint", "int", "5000000000"),
        ("numeric(20,4)", "numeric(20,2)", "1.2345"),
        ("double precision", "real", "0.1"),
        ("timestamptz", "date", "'2024-01-01 12:34:56+00'"),
        ("text", "int", "'12x'"),
    ] {
        let stack = Stack::new(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, squeezed {wide}); INSERT INTO t VALUES (1, NULL), (7, {value})"
        ));
        stack.destination.execute(&format!("CREATE TABLE t (id int PRIMARY KEY, squeezed {narrow})"));
        let _daemon = stack.daemon();
        let job = stack.append(&[Place::Postgres], "t");
        let message = job.fails();
        assert!(message.contains("squeezed"), "{wide} into {narrow}: the column is not named in: {message}");
        assert_eq!(job.rows_in(Place::Postgres, "t"), 0, "{wide} into {narrow}");
    }
}

#[test]
fn a_narrower_column_of_a_duckdb_file_is_named_and_nothing_is_written() {
    for (wide, narrow) in [
        ("bigint", "INTEGER"),
        ("numeric(20,4)", "DECIMAL(20,2)"),
        ("timestamptz", "DATE"),
        ("text", "INTEGER"),
    ] {
        let stack = Stack::new(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, squeezed {wide}); INSERT INTO t VALUES (1, NULL)"
        ));
        let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
        file.execute_batch(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, squeezed {narrow})")).unwrap();
        drop(file);
        let _daemon = stack.daemon();
        let job = stack.append(&[Place::DuckDb], "t");
        job.fails_naming(&["t", "squeezed", narrow]);
        assert_eq!(job.rows_in(Place::DuckDb, "t"), 0);
    }
}

#[test]
fn a_trigger_that_drops_rows_does_not_go_unnoticed() {
    let stack = Stack::with_batches(100, &orders(500));
    stack.slow_down("orders", 0);
    stack.destination.execute(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN new.id <> 250 THEN new END; END $$;
         CREATE TRIGGER lose BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION lose()",
    );
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.fails_naming(&["dwh", "verify"]);
    assert_eq!(stack.destination.count("orders"), 200, "the chunks before the bad one");
}

#[test]
fn an_upsert_that_meets_known_keys_half_way_replaces_their_rows() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    stack
        .destination
        .execute("INSERT INTO orders (id, customer) SELECT n, 'old' FROM generate_series(500, 600) n");
    let _daemon = stack.daemon();
    let job = upsert(&stack, &[Place::Postgres], "orders");
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn appending_to_a_table_without_a_key_leaves_its_rows_alone() {
    let stack = Stack::with_batches(100, "CREATE TABLE log AS SELECT n FROM generate_series(1, 700) n");
    stack.destination.execute("CREATE TABLE log AS SELECT -n AS n FROM generate_series(1, 50) n");
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "log");
    assert_eq!(job.completes(), 700);
    job.compare("log").among("n > 0").assert_equal();
    assert_eq!(job.rows_in(Place::Postgres, "log"), 750);
}

#[test]
fn a_trigger_that_changes_a_value_does_not_go_unnoticed() {
    for key in ["PRIMARY KEY", ""] {
        let stack = Stack::with_batches(
            100,
            &format!(
                "CREATE TABLE t (id int {key}, n int); INSERT INTO t SELECT n, n FROM generate_series(1, 500) n"
            ),
        );
        stack.destination.execute(&format!(
            "CREATE TABLE t (id int {key}, n int);
             CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.n = 250 THEN new.n = 0; END IF; RETURN new; END $$;
             CREATE TRIGGER change BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION change()"
        ));
        let _daemon = stack.daemon();
        let job = stack.append(&[Place::Postgres, Place::Parquet], "t");
        job.fails_naming(&["dwh", "does not verify"]);
        assert_eq!(job.get()["destinations"][0]["verified"], false, "{:#}", job.get());
        assert_eq!(job.rows_in(Place::Postgres, "t"), if key.is_empty() { 0 } else { 200 });
    }
}

/// PostgreSQL does not let such a key decide a conflict, and checks it late.
#[test]
fn a_deferrable_key_takes_new_rows_and_never_doubles_one() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    let _daemon = stack.daemon();
    let mut unclear = Vec::new();
    for deferral in ["DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"] {
        stack.destination.execute(&format!(
            "TRUNCATE orders; ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id) {deferral}"
        ));
        let job = stack.append(&[Place::Postgres], "orders");
        assert_eq!(job.completes(), 1000, "{deferral}");
        for mode in ["append", "upsert"] {
            let request = json!({"table_name": "orders", "write_mode": mode});
            let message = stack.backfill(&[Place::Postgres], &request).fails();
            job.compare("orders").assert_equal();
            if !message.contains("duplicate key") && !message.contains("unique index") {
                unclear.push(format!("{deferral}, {mode}: {message}"));
            }
        }
    }
    assert!(unclear.is_empty(), "{unclear:#?}");
}

/// PostgreSQL checks such a key when the rows are in. Where one is there already, they have gone by way of the stage.
#[test]
fn a_foreign_key_that_rows_break_is_named() {
    for present in ["", "INSERT INTO t VALUES (5, 1)"] {
        let stack = Stack::with_batches(
            10,
            "CREATE TABLE t (id int PRIMARY KEY, parent int); INSERT INTO t SELECT n, n % 7 FROM generate_series(1, 50) n",
        );
        stack.destination.execute(&format!(
            "CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1), (2), (3);
             CREATE TABLE t (id int PRIMARY KEY, parent int CONSTRAINT known_parent REFERENCES parents); {present}"
        ));
        let _daemon = stack.daemon();
        upsert(&stack, &[Place::Postgres], "t").fails_naming(&["dwh", "known_parent"]);
    }
}
