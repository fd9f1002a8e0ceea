//! Users stop jobs, at any moment, and nothing runs on unseen.

use std::{thread, time::Duration};

use serde_json::json;

use crate::harness::{ALL, Job, Place, Stack, eventually, orders, postgres_request};

/// Asserts that the job says of each place what that place holds, and that it stays so.
fn assert_at_rest(job: &Job<'_>, table: &str) {
    let held = || job.places.iter().map(|place| job.rows_in(*place, table)).collect::<Vec<_>>();
    let (first, rows) = (job.get(), held());
    for (part, rows) in first["destinations"].as_array().unwrap().iter().zip(&rows) {
        assert_eq!(
            (&part["count_record"], &part["status"]),
            (&json!(rows), &json!("CANCELLED")),
            "{first:#}"
        );
    }
    assert_eq!(first["count_record"].as_i64(), rows.iter().min().copied(), "{first:#}");
    thread::sleep(Duration::from_secs(1));
    assert_eq!((job.get(), held()), (first, rows), "it runs on");
}

#[test]
fn a_pending_job_is_cancelled_at_once_and_never_runs() {
    let stack = Stack::new(&orders(10));
    let job = stack.append(ALL, "orders");
    job.cancel();
    assert_eq!(stack.client.post(&format!("/backfill/{}/cancel", job.id), &json!({})).status, 409);
    let _daemon = stack.daemon();
    stack.append(&[Place::Parquet], "orders").completes();
    let cancelled = job.get();
    assert_eq!(
        (&cancelled["status"], &cancelled["attempt"]),
        (&json!("CANCELLED"), &json!(0)),
        "{cancelled:#}"
    );
}

#[test]
fn an_executing_job_stops_where_it_says() {
    let stack = Stack::with_batches(100, &orders(50_000));
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    job.is_under_way();
    let cancelled = job.cancel();
    let rows = cancelled["count_record"].as_i64().unwrap();
    assert!(0 < rows && rows < 50_000 && rows % 100 == 0, "{cancelled:#}");
    assert!(cancelled["error_message"].is_null() && cancelled["finished_at"].is_string(), "{cancelled:#}");
    assert_at_rest(&job, "orders");
}

#[test]
fn cancelling_reaches_a_query_that_the_source_is_busy_with() {
    let stack = Stack::new(
        "CREATE VIEW sleepy AS SELECT n AS id, pg_sleep(60)::text AS nap FROM generate_series(1, 10) n",
    );
    let _daemon = stack.daemon();
    let job = stack.backfill(ALL, &json!({"table_name": "sleepy"}));
    eventually("the query", || {
        stack.source.backfill_sessions().iter().any(|session| session.ends_with("active")).then_some(())
    });
    job.cancel();
    eventually("the query's end", || stack.source.backfill_sessions().is_empty().then_some(()));
}

#[test]
fn cancelling_reaches_a_job_that_waits_for_a_lock() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    let locks = [
        |stack: &Stack| stack.source.lock("orders"),
        |stack: &Stack| stack.destination.lock("orders"),
        |stack: &Stack| stack.destination.lock_writers("orders"),
    ];
    for lock in locks {
        let job = stack.append(&[Place::Postgres], "orders");
        let lock = lock(&stack);
        let daemon = stack.daemon();
        let has_waiters = || stack.source.has_waiters() || stack.destination.has_waiters();
        eventually("somebody to wait for the lock", || has_waiters().then_some(()));
        job.cancel();
        eventually("the end of waiting", || (!has_waiters()).then_some(()));
        lock.release();
        assert_eq!(stack.destination.count("orders"), 0);
        drop(daemon);
    }
}

/// The first destination has committed a chunk, the second has not yet.
#[test]
fn a_job_that_is_cancelled_between_two_commits_tells_each_destinations_rows() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    stack.destination.execute("CREATE SCHEMA second; CREATE TABLE second.orders (LIKE orders INCLUDING ALL)");
    let second = second_schema(&stack);
    let places = [stack.destination_id(Place::Postgres), second];
    let _daemon = stack.daemon();
    // A job without rows, which makes the ledgers.
    let none = json!([{"column": "id", "operator": "<", "value": 0}]);
    assert_eq!(stack.backfill_to(&places, &json!({"table_name": "orders", "filters": none})).completes(), 0);
    let rows = stack.destination.lock_writers("second.orders");
    let job = stack.backfill_to(&places, &json!({"table_name": "orders", "write_mode": "append"}));
    eventually("the first chunk", || stack.destination.has_waiters().then_some(()));
    let ledger = stack.destination.lock_writers("second._backfill_ledger");
    rows.release();
    eventually("the first destination's commit", || {
        (stack.destination.count("public.orders") == 100).then_some(())
    });
    let cancelled = job.cancel();
    ledger.release();
    let told = |at: usize| cancelled["destinations"][at]["count_record"].as_i64().unwrap();
    let held = ["public.orders", "second.orders"].map(|table| stack.destination.count(table));
    assert_eq!(
        ([told(0), told(1)], cancelled["count_record"].as_i64()),
        (held, held.into_iter().min()),
        "{cancelled:#}"
    );
}

/// A destination in another schema of the destination's database.
fn second_schema(stack: &Stack) -> i64 {
    let mut request = postgres_request("second", &stack.destination);
    request["config"]["schema"] = json!("second");
    stack.add_destination(&request)
}

#[test]
fn an_executing_job_is_not_deleted_and_has_no_double() {
    let stack = Stack::with_batches(100, &orders(30_000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.is_under_way();
    let path = format!("/backfill/{}", job.id);
    assert_eq!(stack.client.delete(&path).status, 409);
    let request = json!({"table_name": "public.orders", "write_mode": "append"});
    assert_eq!(stack.request(&[Place::Postgres], &request).status, 409);
    job.cancel();
    // Its rows stay, and so does the key; another job may bring the rest.
    let next = stack.backfill(&[Place::Postgres], &json!({"table_name": "orders", "write_mode": "upsert"}));
    assert_eq!(stack.client.delete(&path).status, 204);
    assert_eq!(stack.client.get(&path).status, 404);
    stack.destination.execute("DROP TRIGGER slow ON orders");
    assert_eq!(next.completes(), 30_000);
    next.compare("orders").assert_equal();
}

#[test]
fn cancelling_a_job_whose_daemon_died_takes_effect_without_it() {
    let stack = Stack::with_batches(100, &orders(30_000));
    stack.slow_down("orders", 20);
    let daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.is_under_way();
    drop(daemon);
    eventually("the last commit's end", || stack.destination.backfill_sessions().is_empty().then_some(()));
    stack.expire_leases();
    job.cancel();
    let held = || (job.get(), job.rows_in(Place::Postgres, "orders"));
    let (cancelled, rows) = held();
    let part = &cancelled["destinations"][0];
    assert_eq!(
        (&cancelled["status"], &part["status"]),
        (&json!("CANCELLED"), &json!("CANCELLED")),
        "{cancelled:#}"
    );
    // The daemon may have died between a chunk's commit and the note of it.
    let untold = rows - part["count_record"].as_i64().unwrap();
    assert!(untold == 0 || untold == 100, "{untold} rows more than {cancelled:#}");
    thread::sleep(Duration::from_secs(1));
    assert_eq!(held(), (cancelled, rows), "it runs on");
}
