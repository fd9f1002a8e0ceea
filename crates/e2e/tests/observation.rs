//! What operators see: daemons, their jobs, and the queue's figures.

use crate::harness::{Place, Stack, orders};

#[test]
fn daemons_and_their_jobs_are_listed_while_they_live() {
    let stack = Stack::with_batches(100, &orders(20_000));
    stack.slow_down("orders", 20);
    let mut daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.is_under_way();
    let workers = stack.client.get("/workers").json(200);
    let worker = &workers["items"][0];
    assert_eq!(
        (&workers["total"], worker["pid"].as_u64()),
        (&1.into(), Some(daemon.id().into())),
        "{workers:#}"
    );
    assert!(
        worker["alive"] == true && worker["jobs"][0]["job_id"] == job.id && worker["jobs"][0]["attempt"] == 1,
        "{workers:#}"
    );
    daemon.signal("TERM");
    daemon.ends();
    assert_eq!(stack.client.get("/workers").json(200)["total"], 0);
}

#[test]
fn the_queue_is_counted_by_state() {
    let stack = Stack::with_batches(
        100,
        &(orders(20_000)
            + "CREATE TABLE small (id int PRIMARY KEY); CREATE TABLE gone (id int PRIMARY KEY);"),
    );
    stack.slow_down("orders", 20);
    let stats = || stack.client.get("/stats").json(200);
    let waiting = stack.append(&[Place::Parquet], "small");
    let missing = stack.append(&[Place::Parquet], "gone");
    stack.source.execute("DROP TABLE gone");
    let cancelled = stack.append(&[Place::Postgres], "small");
    cancelled.cancel();
    let pending = stats();
    assert!(pending["jobs"]["PENDING"] == 2 && pending["jobs"]["CANCELLED"] == 1, "{pending:#}");
    assert!(
        pending["oldest_pending_at"].is_string() && pending["oldest_pending_seconds"].as_f64() >= Some(0.0),
        "{pending:#}"
    );
    let _daemon = stack.daemon();
    waiting.completes();
    missing.fails();
    let running = stack.append(&[Place::Postgres], "orders");
    running.is_under_way();
    let busy = stats();
    let jobs = &busy["jobs"];
    assert!(
        jobs["EXECUTING"] == 1 && jobs["COMPLETED"] == 1 && jobs["FAILED"] == 1 && jobs["PENDING"] == 0,
        "{busy:#}"
    );
    assert!(
        busy["rows_per_second"].as_f64() > Some(0.0) && busy["bytes_per_second"].as_f64() > Some(0.0),
        "{busy:#}"
    );
    assert!(busy["oldest_pending_at"].is_null(), "{busy:#}");
}
