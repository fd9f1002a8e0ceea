//! A job that is paused stops behind the chunk at hand, and goes on from there.

use serde_json::json;

use crate::harness::{ALL, Stack, eventually, orders};

#[test]
fn an_executing_job_stops_behind_its_chunk_and_goes_on_from_there() {
    let stack = Stack::with_batches(100, &orders(3000));
    stack.slow_down("orders", 10);
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    for attempt in 1..=3 {
        job.is_under_way();
        let paused = job.pause();
        assert_eq!(paused["attempt"], attempt, "{paused:#}");
        assert!(paused["pause_requested_at"].is_null() && paused["error_message"].is_null(), "{paused:#}");
        assert!(paused["finished_at"].is_null(), "{paused:#}");
        for part in paused["destinations"].as_array().unwrap() {
            assert_eq!(
                (&part["status"], &part["count_record"]),
                (&json!("PAUSED"), &paused["count_record"]),
                "{paused:#}"
            );
        }
        assert_eq!(stack.destination.count("orders"), job.rows());
        assert_eq!(stack.request(ALL, &json!({"table_name": "orders"})).status, 409, "it keeps its place");
        job.resume();
    }
    stack.destination.execute("DROP TRIGGER slow ON orders");
    assert_eq!(job.completes(), 3000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_pending_job_is_paused_at_once_and_not_taken_up() {
    let stack = Stack::new(&orders(10));
    let job = stack.append(ALL, "orders");
    job.pause();
    let _daemon = stack.daemon();
    stack
        .backfill(
            ALL,
            &json!({"table_name": "orders", "filters": [{"column": "id", "operator": "<", "value": 0}]}),
        )
        .completes();
    assert_eq!((job.status().as_str(), &job.get()["attempt"]), ("PAUSED", &json!(0)));
    job.resume();
    assert_eq!(job.completes(), 10);
}

#[test]
fn a_job_whose_daemon_died_is_paused_without_it() {
    let stack = Stack::with_batches(100, &orders(3000));
    stack.slow_down("orders", 20);
    let daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    job.is_under_way();
    daemon.signal("STOP");
    let asked = stack.client.post(&format!("/backfill/{}/pause", job.id), &json!({})).json(200);
    assert!(asked["status"] == "EXECUTING" && asked["pause_requested_at"].is_string(), "{asked:#}");
    drop(daemon);
    stack.expire_leases();
    let _next = stack.daemon();
    let paused = job.becomes_status("PAUSED");
    assert!(paused["error_message"].as_str().unwrap().contains("ended without a word"), "{paused:#}");
    eventually("the last commit's end", || stack.destination.backfill_sessions().is_empty().then_some(()));
    stack.destination.execute("DROP TRIGGER slow ON orders");
    job.resume();
    assert_eq!(job.completes(), 3000);
    job.compare("orders").assert_equal();
}

/// Its one chunk would be the whole table.
#[test]
fn a_table_without_a_key_is_interrupted_and_begun_anew() {
    let stack = Stack::new("CREATE TABLE log AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n");
    stack.slow_down("log", 0);
    let _daemon = stack.daemon();
    let lock = stack.destination.lock_writers("log");
    let job = stack.append(ALL, "log");
    eventually("the copy to wait for the lock", || stack.destination.has_waiters().then_some(()));
    job.pause();
    lock.release();
    job.resume();
    assert_eq!(job.completes(), 20_000);
    job.compare("log").assert_equal();
}

#[test]
fn a_paused_job_that_is_being_cancelled_is_cancelled() {
    let stack = Stack::with_batches(100, &orders(3000));
    stack.slow_down("orders", 20);
    let daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    job.is_under_way();
    daemon.signal("STOP");
    for action in ["pause", "cancel"] {
        stack.client.post(&format!("/backfill/{}/{action}", job.id), &json!({})).json(200);
    }
    daemon.signal("CONT");
    let cancelled = job.becomes_status("CANCELLED");
    assert!(cancelled["pause_requested_at"].is_null(), "{cancelled:#}");
    assert_eq!(stack.destination.count("orders"), job.rows());
}
