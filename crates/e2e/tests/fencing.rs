//! A daemon that was believed dead comes back, and can do no harm.

use std::{thread, time::Duration};

use serde_json::json;

use crate::harness::{Place, Process, Stack, eventually, orders, postgres_request};

const PLACES: &[Place] = &[Place::Postgres, Place::Parquet];

#[test]
fn a_daemon_that_comes_back_changes_nothing() {
    let stack = Stack::with_batches(100, &orders(8000));
    stack.slow_down("orders", 10);
    let stopped = stack.daemon();
    let job = stack.append(PLACES, "orders");
    job.is_under_way();
    stopped.signal("STOP");
    stack.expire_leases();
    let _next = stack.daemon();
    assert_eq!(job.completes(), 8000);
    job.compare("orders").assert_equal();
    let ended = job.get();
    stopped.signal("CONT");
    eventually("the first daemon to notice", || stopped.log().contains("lease was lost").then_some(()));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(job.get(), ended);
    job.compare("orders").assert_equal();
}

#[test]
fn a_daemon_that_comes_back_during_the_next_attempt_does_not_disturb_it() {
    let stack = Stack::with_batches(100, &orders(8000));
    stack.slow_down("orders", 10);
    let stopped = stack.daemon();
    let job = stack.append(PLACES, "orders");
    job.is_under_way();
    stopped.signal("STOP");
    stack.expire_leases();
    let _next = stack.daemon();
    job.becomes("in its second attempt", |now| now["attempt"] == 2 && now["status"] == "EXECUTING");
    stopped.signal("CONT");
    assert_eq!(job.completes(), 8000);
    job.compare("orders").assert_equal();
    assert_eq!(job.get()["attempt"], 2);
}

/// The stopped daemon has a chunk's rows in a destination's transaction, which its server holds open as long as the
/// connection lives.
#[test]
fn rows_that_a_stopped_daemon_has_not_committed_do_not_block_the_next() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.destination.execute("CREATE SCHEMA second; CREATE TABLE second.orders (id bigint PRIMARY KEY, customer text, amount numeric(12,2), paid boolean, placed timestamptz, weight double precision, token uuid)");
    let mut second = postgres_request("second", &stack.destination);
    second["config"]["schema"] = json!("second");
    let second = stack.add_destination(&second);
    let lock = stack.destination.lock_writers("second.orders");
    let stopped = stack.daemon();
    let job = stack.backfill_to(
        &[stack.destination_id(Place::Postgres), second],
        &json!({"table_name": "orders", "write_mode": "append"}),
    );
    let first_holds_rows =
        "pg_locks WHERE relation = to_regclass('public.orders') AND mode = 'RowExclusiveLock' AND granted";
    let second_waits = "pg_locks WHERE relation = 'second.orders'::regclass AND NOT granted";
    eventually("a chunk at the first destination", || {
        (stack.destination.count(first_holds_rows) > 0).then_some(())
    });
    eventually("the second destination to wait", || {
        (stack.destination.count(second_waits) > 0).then_some(())
    });
    stopped.signal("STOP");
    lock.release();
    stack.expire_leases();
    let _next = stack.daemon();
    assert_eq!(job.completes(), 1000);
    stopped.signal("CONT");
    for table in ["public.orders", "second.orders"] {
        assert_eq!(stack.destination.count(table), 1000, "{table}");
    }
}

/// Waits until a daemon knows that it has lost its job.
#[track_caller]
fn notices(stopped: &Process) {
    eventually("the first daemon to notice", || {
        let log = stopped.log();
        ["lease was lost", "the lease on the job was lost"]
            .iter()
            .any(|words| log.contains(words))
            .then_some(())
    });
}

/// The stopped daemon is about to note a chunk in a folder's ledger, in which the next one gets further.
#[test]
fn a_note_that_comes_too_late_is_not_taken() {
    let stack = Stack::with_batches(100, &orders(1000));
    let job = stack.append(&[Place::Parquet], "orders");
    let stopped = stack.daemon_that("parquet-published=stop@2");
    stopped.stops();
    stack.daemon_that("chunk-finished=kill@3").ends();
    stopped.signal("CONT");
    notices(&stopped);
    drop(stopped);
    let _last = stack.daemon_that("");
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

/// The stopped daemon is about to rename a part, just when the next one clears the folder. That one finds fewer rows,
/// and no part of its own takes the place of the other.
#[test]
fn a_part_that_comes_too_late_does_not_stay() {
    let stack = Stack::new(
        "CREATE TABLE t AS SELECT n % 5 AS n, repeat('x', 400000) AS wide FROM generate_series(1, 50) n",
    );
    let job = stack.append(&[Place::Parquet], "t");
    let stopped = stack.daemon_that("parquet-part-renamed=stop");
    stopped.stops();
    let next = stack.daemon_that("parquet-leftover-seen=stop");
    next.stops();
    stack.source.execute("DELETE FROM t WHERE n > 0");
    stopped.signal("CONT");
    notices(&stopped);
    next.signal("CONT");
    assert_eq!(job.completes(), 10);
    job.compare("t").assert_equal();
}
