//! Sources are read no faster than their users allow.

use serde_json::{Value, json};

use crate::harness::{Job, Place, Stack, orders};

/// How many seconds there are between the first and the last chunk of all jobs.
fn seconds_of_chunks(stack: &Stack) -> f64 {
    let query = "SELECT extract(epoch FROM max(created_at) - min(created_at)) FROM backfill_chunks";
    stack.metadata.value(query).parse().unwrap()
}

/// A reader is up to two chunks ahead of what is noted, and the first one is free.
const CHUNKS_AHEAD: f64 = 3.0;

fn two_halves(stack: &Stack) -> [Job<'_>; 2] {
    let half = |bounds: [i64; 2]| {
        let filters = json!([{"column": "id", "operator": "BETWEEN", "value": bounds}]);
        let request = json!({"table_name": "orders", "filters": filters, "write_mode": "append"});
        stack.backfill(&[Place::Postgres], &request)
    };
    [half([1, 2000]), half([2001, 4000])]
}

#[test]
fn all_jobs_of_a_source_share_its_rows_a_second() {
    let stack = Stack::with_batches(100, &orders(4000));
    stack.limit_source(&json!({"rows_per_second": 1000}));
    let jobs = two_halves(&stack);
    let one_each = [("BACKFILL_MAX_JOBS", "1")];
    let _daemons = [stack.daemon_with(&one_each), stack.daemon_with(&one_each)];
    assert!(jobs.iter().all(|job| job.completes() == 2000));
    let (seconds, least) = (seconds_of_chunks(&stack), (4000.0 - 2.0 * CHUNKS_AHEAD * 100.0) / 1000.0);
    assert!(seconds >= least, "4000 rows took {seconds} seconds, at 1000 a second");
}

#[test]
fn all_jobs_of_a_source_share_its_bytes_a_second() {
    let stack = Stack::with_batches(100, &orders(4000));
    stack.limit_source(&json!({"bytes_per_second": 100_000}));
    let jobs = two_halves(&stack);
    let _daemon = stack.daemon();
    assert!(jobs.iter().all(|job| job.completes() == 2000));
    let bytes: f64 = stack.metadata.value("SELECT sum(byte_count) FROM backfill_chunks").parse().unwrap();
    let chunk: f64 = stack.metadata.value("SELECT max(byte_count) FROM backfill_chunks").parse().unwrap();
    let (seconds, least) = (seconds_of_chunks(&stack), (bytes - 2.0 * CHUNKS_AHEAD * chunk) / 100_000.0);
    assert!(least > 1.0 && seconds >= least, "{bytes} bytes took {seconds} seconds, at 100,000 a second");
}

#[test]
fn a_jobs_own_rate_makes_its_chunks_small_and_is_changed_while_it_runs() {
    let stack = Stack::new(&orders(30_000));
    let _daemon = stack.daemon();
    let job = stack.backfill(&[Place::Postgres], &json!({"table_name": "orders", "rows_per_second": 50}));
    assert!(job.waits_for("rate").contains("50 rows a second for the job"));
    job.is_under_way();
    assert_eq!(job.get()["limits"], json!({"rows_per_second": 50, "bytes_per_second": null}));
    let largest =
        || stack.metadata.value("SELECT max(row_count) FROM backfill_chunks").parse::<i64>().unwrap();
    assert!(largest() <= 50);
    assert_eq!(job.change(&json!({}))["limits"]["rows_per_second"], 50);
    let changed = job.change(&json!({"rows_per_second": null, "bytes_per_second": 1_000_000_000}));
    assert_eq!(changed["limits"], json!({"rows_per_second": null, "bytes_per_second": 1_000_000_000}));
    assert_eq!(job.completes(), 30_000);
    assert!(largest() > 50);
    assert_eq!(job.get()["waiting"], Value::Null);
    job.compare("orders").assert_equal();
}

/// A rate that is set for a moment must not be paid for longer than it holds.
#[test]
fn a_debt_ends_with_its_limit() {
    let stack = Stack::new(&orders(5000));
    stack.limit_source(&json!({"rows_per_second": 1}));
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.is_under_way();
    assert!(job.waits_for("rate").contains("1 rows a second for all jobs of the source"));
    stack.limit_source(&json!({}));
    assert_eq!(job.completes(), 5000);
}

/// Such a table is a single chunk: what it waits for lies within.
#[test]
fn a_table_without_key_keeps_to_the_rate_as_well() {
    let stack = Stack::new(
        "CREATE TABLE lines AS SELECT n, repeat('x', 100) AS text FROM generate_series(1, 3000) AS n",
    );
    stack.limit_source(&json!({"rows_per_second": 1000}));
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "lines");
    assert_eq!(job.completes(), 3000);
    let query = "SELECT extract(epoch FROM finished_at - started_at) FROM queue_backfill_data";
    let seconds: f64 = stack.metadata.value(query).parse().unwrap();
    assert!(seconds >= 2.0, "3000 rows took {seconds} seconds, at 1000 a second");
}

#[test]
fn a_later_look_keeps_to_the_rate_as_well() {
    let stack = Stack::with_batches(500, &orders(3000));
    let daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.completes();
    drop(daemon);
    job.change(&json!({"rows_per_second": 1000}));
    stack.client.post(&format!("/backfill/{}/verify", job.id), &json!({})).json(200);
    let _daemon = stack.daemon();
    job.waits_for("rate");
    job.completes();
}

#[test]
fn a_job_that_waits_for_its_rate_is_cancelled_at_once() {
    let stack = Stack::new(&orders(1000));
    let _daemon = stack.daemon();
    let job = stack.backfill(&[Place::Postgres], &json!({"table_name": "orders", "rows_per_second": 1}));
    job.waits_for("rate");
    job.cancel();
    assert_eq!(job.get()["waiting"], Value::Null);
}

#[test]
fn a_rate_must_be_one() {
    let stack = Stack::new(&orders(1));
    let request = json!({"table_name": "orders", "rows_per_second": 0});
    assert_eq!(
        stack.request(&[Place::Postgres], &request).json(422)["errors"][0]["field"],
        "rows_per_second"
    );
    let job = stack.append(&[Place::Postgres], "orders");
    let change = |body: Value| stack.client.patch(&format!("/backfill/{}", job.id), &body);
    assert_eq!(change(json!({"bytes_per_second": -1})).json(422)["errors"][0]["field"], "bytes_per_second");
    assert_eq!(change(json!({"speed": 1})).status, 422);
    assert_eq!(stack.client.patch("/backfill/999", &json!({})).status, 404);
}
