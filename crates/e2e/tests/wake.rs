//! The queue calls its daemons, and they keep it in order.

use serde_json::json;

use crate::harness::{Place, Stack, eventually, orders};

/// A daemon that hardly ever looks by itself.
const DEAF: [(&str, &str); 1] = [("BACKFILL_POLL_INTERVAL", "3600")];

const LISTENERS: &str =
    "pg_stat_activity WHERE application_name = 'backfill listener' AND datname = current_database()";

#[test]
fn a_listener_that_lost_its_connection_comes_back() {
    let stack = Stack::new(&orders(10));
    let _daemon = stack.daemon_with(&DEAF);
    let listener =
        || stack.metadata.column(&format!("SELECT pid FROM {LISTENERS} AND query LIKE 'LISTEN%'")).pop();
    for _ in 0..2 {
        let lost = eventually("the listener", listener);
        stack.metadata.column(&format!("SELECT pg_terminate_backend({lost})"));
        eventually("another listener", || listener().filter(|pid| *pid != lost));
        stack.backfill(&[Place::Parquet], &json!({"table_name": "orders"})).completes();
    }
}

/// What is printed is of this machine and build; there is nothing to hold it against.
#[test]
fn an_idle_daemon_takes_a_job_up_as_it_comes() {
    let stack = Stack::new(&orders(10));
    let _daemon = stack.daemon_with(&DEAF);
    for _ in 0..15 {
        stack.backfill(&[Place::Parquet], &json!({"table_name": "orders"})).completes();
    }
    let median = "SELECT round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - created_at)))
                  FROM queue_backfill_data";
    println!("from POST to EXECUTING: {} ms at the median", stack.metadata.value(median));
}

#[test]
fn jobs_that_ended_long_ago_are_removed_where_that_is_wanted() {
    let stack = Stack::new(&orders(10));
    let job = || stack.backfill(&[Place::Parquet], &json!({"table_name": "orders"}));
    let daemon = stack.daemon();
    let jobs: Vec<_> = (0..30)
        .map(|_| {
            let job = job();
            job.completes();
            job
        })
        .collect();
    let age = |days: u32, condition: &str| {
        stack.metadata.execute(&format!(
            "UPDATE queue_backfill_data SET finished_at = now() - interval '{days} days' WHERE {condition}"
        ));
    };
    age(31, &format!("id < {}", jobs[25].id));
    age(29, &format!("id >= {}", jobs[25].id));
    drop(daemon);
    let waiting = job();
    stack.metadata.execute(
        "UPDATE queue_backfill_data SET run_after = now() + interval '1 day' WHERE finished_at IS NULL",
    );
    let _daemon = stack.daemon_with(&[("BACKFILL_RETENTION_DAYS", "30")]);
    eventually("old jobs to be removed", || (stack.metadata.count("queue_backfill_data") == 6).then_some(()));
    assert_eq!(waiting.status(), "PENDING");
    assert_eq!(stack.metadata.count("backfill_chunks"), 5);
}
