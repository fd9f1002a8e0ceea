//! What fails for a reason that passes is tried again, what stays as it is fails at once, and neither for ever.

use serde_json::{Value, json};

use crate::harness::{ALL, Job, Place, Stack, eventually, orders, source_request};

/// Has the source be where nothing answers, or where it is.
fn move_source(stack: &Stack, is_away: bool) {
    let mut url = stack.source.url().clone();
    if is_away {
        url.set_port(Some(1)).unwrap();
    }
    let mut request = source_request(&stack.source);
    request["url"] = json!(url.as_str());
    stack.client.put(&format!("/sources/{}", stack.source_id()), &request).json(200);
}

fn tried(stack: &Stack, max_attempts: i32) -> Job<'_> {
    let request = json!({"table_name": "orders", "write_mode": "append", "max_attempts": max_attempts});
    stack.backfill(ALL, &request)
}

fn completes(job: &Job<'_>, rows: i64) {
    assert_eq!(job.completes(), rows);
    assert_eq!(job.get()["failures"], 0);
    job.compare("orders").assert_equal();
}

#[test]
fn a_source_that_comes_back_is_read() {
    let stack = Stack::with_batches(100, &orders(300));
    let job = tried(&stack, 1000);
    move_source(&stack, true);
    let _daemon = stack.daemon_with(&[("BACKFILL_RETRY_BASE", "1")]);
    let waits = job.becomes("waiting for another attempt", |now| {
        now["status"] == "PENDING" && now["failures"].as_i64() > Some(1)
    });
    let why = waits["error_message"].as_str().unwrap();
    assert!(why.contains("source shop") && why.contains("127.0.0.1:1"), "{waits:#}");
    assert!(waits["run_after"].as_str() > waits["created_at"].as_str(), "{waits:#}");
    assert!(waits["finished_at"].is_null(), "{waits:#}");
    move_source(&stack, false);
    completes(&job, 300);
}

#[test]
fn a_job_that_does_not_get_on_fails_after_its_attempts() {
    let stack = Stack::new(&orders(10));
    let job = tried(&stack, 3);
    move_source(&stack, true);
    let _daemon = stack.daemon();
    job.fails_naming(&["source shop", "127.0.0.1:1", "failure 3 in a row"]);
    let failed = job.get();
    assert_eq!((&failed["attempt"], &failed["failures"]), (&json!(3), &json!(3)), "{failed:#}");
    move_source(&stack, false);
    job.resume();
    completes(&job, 10);
}

#[test]
fn what_stays_as_it_is_fails_at_once() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    stack.destination.execute("INSERT INTO orders (id) VALUES (950)");
    let _daemon = stack.daemon();
    let job = tried(&stack, 1000);
    job.fails_naming(&["destination dwh", "950"]);
    assert_eq!(job.get()["attempt"], 1);
}

/// Each daemon dies of the job before it gets on by a chunk.
#[test]
fn a_job_that_kills_its_daemons_is_not_claimed_for_ever() {
    let stack = Stack::with_batches(100, &orders(1000));
    let job = tried(&stack, 3);
    for _ in 0..3 {
        stack.daemon_that("chunk-sealed=kill").ends();
    }
    let _healthy = stack.daemon_that("");
    job.fails_naming(&["attempt 3 ended without a word", "failure 3 in a row", "resume"]);
    assert_eq!(job.get()["attempt"], 3);
    job.resume();
    completes(&job, 1000);
}

#[test]
fn failures_are_counted_since_the_job_last_got_on() {
    let stack = Stack::with_batches(100, &orders(1000));
    let job = tried(&stack, 2);
    for _ in 0..5 {
        stack.daemon_that("chunk-finished=kill").ends();
    }
    let _last = stack.daemon_that("");
    completes(&job, 1000);
}

#[test]
fn a_daemon_that_is_stopped_costs_no_attempt() {
    let stack = Stack::with_batches(100, &orders(3000));
    stack.slow_down("orders", 20);
    let job = tried(&stack, 1);
    for _ in 0..3 {
        let mut daemon = stack.daemon();
        job.becomes("taken up", |now| now["status"] == "EXECUTING");
        daemon.signal("TERM");
        assert!(daemon.ends().success());
        let waits = job.get();
        assert_eq!((&waits["status"], &waits["failures"]), (&json!("PENDING"), &json!(0)), "{waits:#}");
    }
    let _last = stack.daemon();
    completes(&job, 3000);
}

/// No daemon looks by itself here: a job that is put forward is announced.
#[test]
fn a_job_waits_for_its_time_and_its_rank() {
    let stack = Stack::new(&orders(10));
    let request = |later: Value, id: i64| {
        let filters = json!([{"column": "id", "operator": ">", "value": id}]);
        let mut request = json!({"table_name": "orders", "write_mode": "upsert", "filters": filters});
        request.as_object_mut().unwrap().extend(later.as_object().unwrap().clone());
        stack.backfill(&[Place::Parquet], &request)
    };
    let later = request(json!({"run_after": "2040-01-01T00:00:00Z"}), 0);
    let (low, high) = (request(json!({"priority": -1}), 1), request(json!({"priority": 5}), 2));
    let _daemon = stack.daemon_with(&[("BACKFILL_POLL_INTERVAL", "3600"), ("BACKFILL_MAX_JOBS", "1")]);
    let (low, high) = (low.becomes_status("COMPLETED"), high.becomes_status("COMPLETED"));
    assert!(high["started_at"].as_str() < low["started_at"].as_str(), "{high:#}{low:#}");
    assert_eq!(later.status(), "PENDING");
    let path = format!("/backfill/{}", later.id);
    stack.client.patch(&path, &json!({"run_after": "2000-01-01T00:00:00Z"})).json(200);
    later.becomes_status("COMPLETED");
}

#[test]
fn a_file_that_another_program_has_open_is_waited_for() {
    let stack = Stack::new(&orders(10));
    let other = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    let job = stack.append(&[Place::DuckDb], "orders");
    let daemon = stack.daemon();
    eventually("the attempt's failure", || {
        daemon.log().lines().any(|line| line.contains("failed: destination file")).then_some(())
    });
    drop(other);
    completes(&job, 10);
}
