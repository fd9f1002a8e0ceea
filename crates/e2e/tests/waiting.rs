//! A job that makes no progress says why.

use serde_json::{Value, json};

use crate::harness::{Place, Stack, orders};

#[test]
fn a_pending_job_says_what_it_waits_for() {
    let stack = Stack::with_batches(10, &orders(1000));
    stack.slow_down("orders", 100);
    let first = stack.append(&[Place::Postgres], "orders");
    assert!(first.waits_for("daemon").contains("no daemon is alive"));
    stack.limit_source(&json!({"max_jobs": 1}));
    let _daemon = stack.daemon();
    first.is_under_way();
    let second = stack.append(&[Place::Parquet], "orders");
    assert!(second.waits_for("source_slot").contains("1 jobs of source shop run"));
    assert_eq!(stack.client.get("/backfill").json(200)["items"][0]["waiting"]["reason"], "source_slot");
    first.cancel();
    second.completes();
    assert_eq!(second.get()["waiting"], Value::Null);
}

#[test]
fn a_job_that_waits_for_a_lock_at_its_source_says_so() {
    let stack = Stack::with_batches(100, &orders(1000));
    let job = stack.append(&[Place::Postgres], "orders");
    let lock = stack.source.lock("orders");
    let _daemon = stack.daemon();
    assert!(job.waits_for("lock").contains("public.orders"));
    lock.release();
    job.completes();
}

#[test]
fn a_job_that_waits_for_its_destination_says_so() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    let lock = stack.destination.lock_writers("orders");
    let job = stack.append(&[Place::Postgres], "orders");
    let _daemon = stack.daemon();
    assert!(job.waits_for("destination").contains("dwh"));
    lock.release();
    job.completes();
}

/// The daemon that took the job up next must not go by what the one before has noted.
#[test]
fn what_a_dead_daemon_has_noted_is_not_told_any_more() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    let lock = stack.destination.lock_writers("orders");
    let job = stack.append(&[Place::Postgres], "orders");
    let daemon = stack.daemon();
    job.waits_for("destination");
    drop(daemon);
    lock.release();
    stack.expire_leases();
    let _daemon = stack.daemon();
    job.completes();
    assert_eq!(job.get()["waiting"], Value::Null);
}
