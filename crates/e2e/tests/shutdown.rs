//! A daemon that is told to stop finishes its chunk and hands its jobs back; another one completes them.

use serde_json::json;

use crate::harness::{ALL, Place, Stack, eventually, orders};

fn stops_and_goes_on(signal: &str) {
    let stack = Stack::with_batches(100, &orders(6000));
    stack.slow_down("orders", 20);
    let mut daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    for _ in 0..2 {
        job.becomes("under way", |now| {
            now["status"] == "EXECUTING" && now["count_record"].as_i64() > Some(0)
        });
        let before = job.rows();
        job.becomes("further", |now| now["count_record"].as_i64() > Some(before));
        daemon.signal(signal);
        assert!(daemon.ends().success());
        let job = job.get();
        assert_eq!(job["status"], "PENDING", "{job:#}");
        let rows = job["count_record"].as_i64().unwrap();
        assert!(0 < rows && rows < 6000, "{job:#}");
        assert_eq!(stack.destination.count("orders"), rows);
        assert_eq!(stack.client.get("/workers").json(200)["total"], 0, "it signed off");
        daemon = stack.daemon();
    }
    stack.destination.execute("DROP TRIGGER slow ON orders");
    assert_eq!(job.completes(), 6000);
    job.compare("orders").assert_equal();
    assert_eq!(job.get()["attempt"], 3);
}

#[test]
fn sigterm_hands_the_job_back() {
    stops_and_goes_on("TERM");
}

#[test]
fn sigint_hands_the_job_back() {
    stops_and_goes_on("INT");
}

#[test]
fn a_table_without_a_key_is_begun_anew() {
    let stack = Stack::new("CREATE TABLE log AS SELECT n, md5(n::text) FROM generate_series(1, 100000) n");
    let mut daemon = stack.daemon();
    stack.destination.execute("CREATE TABLE log (n int, md5 text)");
    let lock = stack.destination.lock_writers("log");
    let job = stack.append(ALL, "log");
    eventually("the copy to wait for the lock", || stack.destination.has_waiters().then_some(()));
    daemon.signal("TERM");
    assert!(daemon.ends().success());
    assert_eq!(job.status(), "PENDING");
    lock.release();
    let _daemon = stack.daemon();
    assert_eq!(job.completes(), 100_000);
    job.compare("log").assert_equal();
}

#[test]
fn an_idle_daemon_stops_at_once() {
    let stack = Stack::new(&orders(100));
    let mut daemon = stack.daemon();
    stack.backfill(&[Place::Parquet], &json!({"table_name": "orders"})).completes();
    daemon.signal("TERM");
    assert!(daemon.ends().success());
    let pending = stack.append(&[Place::Parquet], "orders");
    assert_eq!(pending.status(), "PENDING");
}

#[test]
fn a_job_that_is_cancelled_while_its_daemon_stops_is_not_handed_back() {
    let stack = Stack::with_batches(100, &orders(6000));
    stack.slow_down("orders", 50);
    let mut daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    job.is_under_way();
    daemon.signal("STOP");
    stack.metadata.execute("UPDATE queue_backfill_data SET cancel_requested_at = now()");
    daemon.signal("TERM");
    daemon.signal("CONT");
    assert!(daemon.ends().success());
    let cancelled = job.get();
    assert_eq!(cancelled["status"], "CANCELLED", "{cancelled:#}");
    assert!(cancelled["finished_at"].is_string() && cancelled["error_message"].is_null(), "{cancelled:#}");
    assert_eq!(stack.destination.count("orders"), cancelled["count_record"].as_i64().unwrap());
}

/// The chunk at hand waits for a lock that nobody releases.
fn stuck(more: &[(&str, &str)], signals: usize) {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.slow_down("orders", 0);
    let lock = stack.destination.lock_writers("orders");
    let mut daemon = stack.daemon_with(more);
    let job = stack.append(&[Place::Postgres], "orders");
    eventually("the copy to wait for the lock", || stack.destination.has_waiters().then_some(()));
    for _ in 0..signals {
        daemon.signal("TERM");
        eventually("the daemon to stop", || daemon.log().contains("stopping").then_some(()));
    }
    assert!(daemon.ends().success());
    let waits = job.get();
    assert_eq!((&waits["status"], &waits["failures"]), (&json!("PENDING"), &json!(0)), "{waits:#}");
    lock.release();
    let _next = stack.daemon();
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_chunk_that_takes_too_long_is_interrupted() {
    stuck(&[("BACKFILL_SHUTDOWN_GRACE", "1")], 1);
}

#[test]
fn a_second_signal_waits_for_no_chunk() {
    stuck(&[("BACKFILL_SHUTDOWN_GRACE", "3600")], 2);
}

#[test]
fn a_rolling_restart_under_load_loses_nothing() {
    let tables: Vec<_> = (0..6).map(|at| format!("t{at}")).collect();
    let create = |table: &String| {
        format!(
            "CREATE TABLE {table} (id int PRIMARY KEY, note text);
             INSERT INTO {table} SELECT n, 'row ' || n FROM generate_series(1, 1000) n; ANALYZE {table};"
        )
    };
    let stack = Stack::with_batches(50, &tables.iter().map(create).collect::<String>());
    let places = [Place::Postgres, Place::Parquet];
    let mut daemons = [stack.daemon(), stack.daemon(), stack.daemon()];
    let jobs: Vec<_> = tables.iter().map(|table| stack.append(&places, table)).collect();
    jobs[0].is_under_way();
    for daemon in &mut daemons {
        daemon.signal("TERM");
        assert!(daemon.ends().success(), "{}", daemon.log());
        *daemon = stack.daemon();
    }
    for (job, table) in jobs.iter().zip(&tables) {
        assert_eq!(job.completes(), 1000);
        job.compare(table).assert_equal();
    }
}

#[test]
fn an_api_that_is_told_to_stop_says_first_that_it_is_not_ready() {
    let mut stack = Stack::new(&orders(1));
    stack.stop_api();
    eventually("the API not to be ready", || (stack.client.get("/health/ready").status == 503).then_some(()));
    assert!(stack.client.get("/health/ready").text.contains("the service is stopping"));
    assert_eq!(stack.client.get("/health/live").status, 200);
    stack.client.get("/backfill").json(200);
    stack.stop_api();
    assert!(stack.api_ends().success());
}
