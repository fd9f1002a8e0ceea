//! Rows are added where their keys are missing; what is there stays as it is.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::json;

use crate::harness::{ALL, Job, Place, Stack, orders};

const TABLES: &[Place] = &[Place::Postgres, Place::DuckDb];

fn insert_missing<'a>(stack: &'a Stack, places: &[Place], table: &str) -> Job<'a> {
    stack.backfill(places, &json!({"table_name": table, "write_mode": "insert_missing"}))
}

#[test]
fn rows_that_are_there_are_kept_and_the_missing_are_added() {
    let stack = Stack::with_batches(300, &orders(2000));
    let _daemon = stack.daemon();
    let first = insert_missing(&stack, ALL, "orders");
    assert_eq!(first.completes(), 2000);
    first.compare("orders").assert_equal();
    stack
        .destination
        .execute("UPDATE orders SET customer = 'live' WHERE id % 2 = 0; DELETE FROM orders WHERE id % 5 = 1");
    let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    file.execute_batch(
        "UPDATE orders SET customer = 'live' WHERE id % 2 = 0; DELETE FROM orders WHERE id % 5 = 1",
    )
    .unwrap();
    drop(file);
    let again = insert_missing(&stack, ALL, "orders");
    assert_eq!(again.completes(), 2000);
    again.compare("orders").among("id % 2 = 1 OR id % 5 = 1").assert_equal();
    assert_eq!(stack.destination.count("orders WHERE customer = 'live'"), 800);
    let live = "SELECT count(*)::VARCHAR FROM {} WHERE customer = 'live'";
    assert_eq!(again.select_in(Place::DuckDb, "orders", live), ["800"]);
    assert_eq!(
        (again.rows_in(Place::Postgres, "orders"), again.rows_in(Place::DuckDb, "orders")),
        (2000, 2000)
    );
}

#[test]
fn composite_keys_of_types_that_travel_as_text_are_found() {
    let stack = Stack::with_batches(
        50,
        "CREATE TYPE size AS ENUM ('s', 'm', 'l'); CREATE TABLE t (size size, at date, name text, note text, PRIMARY KEY (name, size, at));
         INSERT INTO t SELECT (ARRAY['s', 'm', 'l'])[1 + n % 3]::size, date '2024-01-01' + n / 10, 'n' || n % 10, 'source' FROM generate_series(1, 400) n",
    );
    stack.destination.execute(
        "CREATE TYPE size AS ENUM ('l', 's', 'm'); CREATE TABLE t (size size, at date, name text COLLATE \"C\", note text, PRIMARY KEY (at, name, size));
         INSERT INTO t VALUES ('m', '2024-01-02', 'n0', 'live'), ('s', '2024-01-02', 'n2', 'live'), ('l', '1999-01-01', 'x', 'live')",
    );
    let _daemon = stack.daemon();
    let job = insert_missing(&stack, &[Place::Postgres], "t");
    assert_eq!(job.completes(), 400);
    assert_eq!(stack.destination.count("t WHERE note = 'live'"), 3);
    assert_eq!(stack.destination.count("t"), 401);
}

#[test]
fn another_constraint_that_rows_break_still_fails() {
    let stack = Stack::with_batches(
        50,
        "CREATE TABLE t (id int PRIMARY KEY, mail text); INSERT INTO t SELECT n, 'mail ' || n FROM generate_series(1, 200) n",
    );
    stack.destination.execute(
        "CREATE TABLE t (id int PRIMARY KEY, mail text CONSTRAINT one_mail UNIQUE); INSERT INTO t VALUES (1, 'live'), (900, 'mail 120')",
    );
    let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    file.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, mail VARCHAR UNIQUE); INSERT INTO t VALUES (101, 'live'), (900, 'mail 120')").unwrap();
    drop(file);
    let _daemon = stack.daemon();
    insert_missing(&stack, &[Place::Postgres], "t").fails_naming(&["dwh", "one_mail"]);
    assert_eq!(stack.destination.count("t WHERE id <= 100"), 100, "the chunks before");
    let job = insert_missing(&stack, &[Place::DuckDb], "t");
    job.fails_naming(&["file", "mail 120"]);
    assert_eq!(job.rows_in(Place::DuckDb, "t"), 102);
}

#[test]
fn a_trigger_that_loses_or_changes_rows_does_not_go_unnoticed() {
    for spoil in ["CASE WHEN new.id <> 250 THEN new END", "(new.id, 'changed')::t"] {
        let stack = Stack::with_batches(
            100,
            "CREATE TABLE t (id int PRIMARY KEY, n text); INSERT INTO t SELECT n, 'n' || n FROM generate_series(1, 400) n",
        );
        stack.destination.execute(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, n text); INSERT INTO t VALUES (7, 'live'), (251, 'live');
             CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN IF new.id < 250 THEN RETURN new; END IF; RETURN {spoil}; END $$;
             CREATE TRIGGER spoil BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION spoil()"
        ));
        let _daemon = stack.daemon();
        insert_missing(&stack, &[Place::Postgres], "t").fails_naming(&["dwh", "verify"]);
        assert_eq!(stack.destination.count("t"), 201, "{spoil}: two chunks, and a row that was there");
    }
}

/// Live replication writes the same keys at the same time, and removes some.
#[test]
fn a_writer_at_the_same_time_is_neither_overwritten_nor_a_reason_to_fail() {
    let stack = Stack::with_batches(100, &orders(6000));
    stack.slow_down("orders", 3);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (mut client, done) = (stack.destination.connect(), &done);
        let writer = scope.spawn(move || {
            client.batch_execute("SET session_replication_role = replica").unwrap();
            let (mut written, mut turn) = (Vec::new(), 0_i64);
            while !done.load(Ordering::Relaxed) {
                // Multiples of 7 stay; other keys come and go.
                let (stays, goes) = (7 * (turn % 857 + 1), turn * 13 % 6000 + 1);
                client
                    .batch_execute(&format!(
                        "INSERT INTO orders (id, customer) VALUES ({stays}, 'live') ON CONFLICT (id) DO UPDATE SET customer = 'live';
                         INSERT INTO orders (id, customer) SELECT n, 'passing' FROM generate_series({goes}, {goes} + 20) n WHERE n % 7 <> 0 ON CONFLICT DO NOTHING;
                         DELETE FROM orders WHERE customer = 'passing'"
                    ))
                    .unwrap();
                written.push(stays);
                turn += 1;
            }
            written
        });
        let _daemon = stack.daemon();
        let job = insert_missing(&stack, &[Place::Postgres], "orders");
        let ended = job.becomes_end();
        done.store(true, Ordering::Relaxed);
        let mut written = writer.join().unwrap();
        assert_eq!(
            (&ended["status"], &ended["count_record"]),
            (&json!("COMPLETED"), &json!(6000)),
            "{ended:#}"
        );
        written.sort_unstable();
        written.dedup();
        let live = stack.destination.column("SELECT id FROM orders WHERE customer = 'live' ORDER BY id");
        assert_eq!(live, written.iter().map(i64::to_string).collect::<Vec<_>>());
        // Of the keys that only passed, each had its moment at the destination; all that is left is as at the source.
        job.compare("orders")
            .columns("*")
            .among(&format!("id % 7 = 0 AND id NOT IN ({})", live.join(", ")))
            .assert_equal();
    });
}

#[test]
fn a_key_is_needed() {
    let stack = Stack::new(
        "CREATE TABLE log (line text); CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",
    );
    let answer = stack.request(TABLES, &json!({"table_name": "log", "write_mode": "insert_missing"}));
    assert_eq!(answer.json(422)["errors"][0]["field"], "write_mode");
    stack.destination.execute("CREATE TABLE t (id int)");
    let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    file.execute_batch("CREATE TABLE t (id INTEGER)").unwrap();
    drop(file);
    let _daemon = stack.daemon();
    insert_missing(&stack, &[Place::Postgres], "t")
        .fails_naming(&["insert_missing needs a unique index on (id)"]);
    insert_missing(&stack, &[Place::DuckDb], "t")
        .fails_naming(&["insert_missing needs a PRIMARY KEY or UNIQUE constraint on (id)"]);
}
