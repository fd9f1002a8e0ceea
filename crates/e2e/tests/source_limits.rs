//! A source is spared as its user said, whatever the number of daemons.

use serde_json::{Value, json};

use crate::harness::{Job, Place, Stack, eventually, orders};

/// Jobs for the rows of `orders`, a hundred to each.
fn slices(stack: &Stack, jobs: i64) -> Vec<Job<'_>> {
    let slice = |at: i64| {
        let filters =
            json!([{"column": "id", "operator": "BETWEEN", "value": [at * 100 + 1, at * 100 + 100]}]);
        stack.backfill(&[Place::Postgres], &json!({"table_name": "orders", "filters": filters}))
    };
    (0..jobs).map(slice).collect()
}

/// The most jobs that were seen EXECUTING at the same time until none is active. They have no more connections to their
/// source than two each.
fn most_at_once(stack: &Stack) -> i64 {
    let (mut most, mut sessions) = (0, 0);
    eventually("the end of all jobs", || {
        let executing = stack.metadata.count("queue_backfill_data WHERE status = 'EXECUTING'");
        most = most.max(executing);
        sessions = sessions.max(stack.source.backfill_sessions().len() as i64);
        let active = stack.metadata.count("queue_backfill_data WHERE status IN ('PENDING', 'EXECUTING')");
        (active == 0).then_some(())
    });
    assert!(0 < sessions && sessions <= 2 * most, "{sessions} sessions of {most} jobs");
    most
}

#[test]
fn two_daemons_together_run_no_more_jobs_than_the_source_can_bear() {
    let stack = Stack::with_batches(25, &orders(2000));
    stack.slow_down("orders", 30);
    for (limits, most) in [(json!({"max_jobs": 3}), 3), (json!({"max_jobs": 9, "max_connections": 5}), 2)] {
        stack.limit_source(&limits);
        let jobs = slices(&stack, 20);
        let daemons = [stack.daemon(), stack.daemon(), stack.daemon()];
        assert_eq!(most_at_once(&stack), most, "{limits}");
        assert!(jobs.iter().all(|job| job.completes() == 100));
        drop(daemons);
    }
}

#[test]
fn jobs_of_other_sources_pass_those_that_wait_for_a_slot() {
    let stack = Stack::with_batches(25, &orders(2000));
    stack.slow_down("orders", 200);
    stack.limit_source(&json!({"max_jobs": 1}));
    let jobs = slices(&stack, 20);
    let other = stack.client.post("/sources", &crate::harness::source_request(&stack.source)).id();
    let request =
        json!({"name": "q", "source_id": other, "destination_ids": [stack.destination_id(Place::Parquet)]});
    let pipeline = stack.client.post("/pipelines", &request).id();
    let path = format!("/pipelines/{pipeline}/backfill");
    let passing = Job::new(&stack, stack.client.post(&path, &json!({"table_name": "orders"})).id(), &[]);
    let _daemon = stack.daemon();
    assert_eq!(passing.completes(), 2000);
    assert_eq!(jobs[19].status(), "PENDING");
}

/// Whoever set a limit while jobs run does not want more of them.
#[test]
fn jobs_that_run_when_a_limit_is_set_count_as_well() {
    let stack = Stack::with_batches(10, &orders(2000));
    stack.slow_down("orders", 100);
    let _daemons = [stack.daemon(), stack.daemon()];
    let jobs = slices(&stack, 3);
    jobs.iter().for_each(Job::is_under_way);
    stack.limit_source(&json!({"max_jobs": 3}));
    let late = stack.backfill(&[Place::Postgres], &json!({"table_name": "orders"}));
    assert_eq!(most_at_once(&stack), 3);
    late.completes();
}

/// A daemon's death must not cost a slot.
#[test]
fn a_slot_is_free_again_when_its_daemon_has_died() {
    let stack = Stack::with_batches(10, &orders(2000));
    stack.slow_down("orders", 100);
    stack.limit_source(&json!({"max_jobs": 1}));
    let jobs = slices(&stack, 2);
    let daemon = stack.daemon();
    jobs[0].is_under_way();
    drop(daemon);
    stack.expire_leases();
    let _daemon = stack.daemon();
    assert_eq!(most_at_once(&stack), 1);
    let ended: Vec<Value> = jobs.iter().map(Job::get).collect();
    assert!(ended.iter().all(|job| job["status"] == "COMPLETED"), "{ended:#?}");
}
