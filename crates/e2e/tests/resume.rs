//! Jobs that were stopped, or failed, go on where they were.

use serde_json::json;

use crate::harness::{ALL, Place, Stack, orders};

#[test]
fn a_cancelled_job_goes_on_behind_its_last_chunk() {
    let stack = Stack::with_batches(200, &orders(20_000));
    stack.slow_down("orders", 10);
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    for _ in 0..3 {
        job.is_under_way();
        let rows = job.cancel()["count_record"].as_i64().unwrap();
        job.resume();
        job.becomes("further", |now| now["count_record"].as_i64() > Some(rows));
    }
    assert_eq!(job.completes(), 20_000);
    assert_eq!(job.get()["attempt"], 4);
    job.compare("orders").assert_equal();
}

#[test]
fn a_failed_job_goes_on_once_its_cause_is_gone() {
    let stack = Stack::with_batches(100, &orders(2_000));
    stack.slow_down("orders", 0);
    stack.destination.execute("INSERT INTO orders (id, customer) VALUES (1500, 'in the way')");
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    job.fails_naming(&["1500"]);
    let done = job.rows();
    assert_eq!(done, 1_400);
    stack.destination.execute("DELETE FROM orders WHERE customer = 'in the way'");
    job.resume();
    assert_eq!(job.completes(), 2_000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_job_without_a_key_begins_anew() {
    let stack =
        Stack::new("CREATE TABLE log AS SELECT n % 1000 AS n, md5(n::text) FROM generate_series(1, 60000) n");
    stack.slow_down("log", 300);
    let _daemon = stack.daemon();
    let job =
        stack.backfill(&[Place::Postgres, Place::DuckDb, Place::Parquet], &json!({"table_name": "log"}));
    job.becomes_status("EXECUTING");
    job.cancel();
    job.resume();
    assert_eq!(job.completes(), 60_000);
    job.compare("log").assert_equal();
}
