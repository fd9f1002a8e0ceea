//! Jobs wait while their source is unwell, by the limits that its user has set.

use serde_json::{Value, json};

use crate::harness::{Place, Stack, eventually, orders};

fn back_off(stack: &Stack, limits: &Value) {
    stack.limit_source(&json!({"back_off": limits}));
}

#[test]
fn a_job_waits_while_sessions_of_its_source_wait_for_locks() {
    let stack = Stack::with_batches(100, &format!("{}CREATE TABLE busy ();", orders(1000)));
    back_off(&stack, &json!({"max_lock_waiters": 0}));
    let job = stack.append(&[Place::Postgres], "orders");
    let (lock, mut waiter) = (stack.source.lock("busy"), stack.source.connect());
    let waiting = std::thread::spawn(move || waiter.batch_execute("TABLE busy"));
    eventually("the waiter", || stack.source.has_waiters().then_some(()));
    let _daemon = stack.daemon();
    assert!(job.waits_for("source_unwell").contains("1 of its sessions wait for locks, more than 0"));
    assert_eq!(job.rows(), 0);
    lock.release();
    waiting.join().unwrap().unwrap();
    assert_eq!(job.completes(), 1000);
}

#[test]
fn a_job_waits_while_an_old_transaction_holds_back_its_sources_vacuum() {
    let stack = Stack::with_batches(100, &orders(1000));
    back_off(&stack, &json!({"max_xmin_age": 20}));
    let mut old = stack.source.connect();
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM orders LIMIT 1").unwrap();
    for _ in 0..30 {
        stack.source.execute("SELECT pg_current_xact_id()");
    }
    let job = stack.append(&[Place::Postgres], "orders");
    let _daemon = stack.daemon();
    assert!(job.waits_for("source_unwell").contains("transactions old, more than 20"));
    job.cancel();
    job.resume();
    job.waits_for("source_unwell");
    back_off(&stack, &json!({}));
    assert_eq!(job.completes(), 1000);
}

#[test]
fn a_job_waits_while_too_few_connections_are_free() {
    let stack = Stack::with_batches(100, &orders(1000));
    back_off(&stack, &json!({"min_free_connections": 1_000_000}));
    let job = stack.append(&[Place::Postgres], "orders");
    let daemon = stack.daemon();
    assert!(job.waits_for("source_unwell").contains("connections are free, fewer than 1000000"));
    // It holds nothing at the source meanwhile, and nothing to finish here.
    let idle = |session: &String| session.ends_with(": idle");
    assert!(stack.source.backfill_sessions().iter().all(idle), "{:?}", stack.source.backfill_sessions());
    daemon.signal("TERM");
    job.becomes_status("PENDING");
    let well =
        json!({"min_free_connections": 1, "max_replication_lag_seconds": 60, "max_xmin_age": 2_000_000_000});
    back_off(&stack, &well);
    let _daemon = stack.daemon();
    assert_eq!(job.completes(), 1000);
}

/// A limit that nobody can watch would be none.
#[test]
fn a_job_whose_user_cannot_look_says_so() {
    let stack = Stack::with_batches(100, &orders(1000));
    let role = format!("blind_{}", stack.source.name());
    let (create, drop) = (
        format!("CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON orders TO {role}"),
        format!("DROP OWNED BY {role}; DROP ROLE {role}"),
    );
    stack.source.execute(&create);
    let mut url = stack.source.url().clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("x")).unwrap();
    let path = format!("/sources/{}", stack.source_id());
    let limit = |limits: Value| {
        let request = json!({"name": "shop", "url": url.as_str(), "limits": {"back_off": limits}});
        stack.client.put(&path, &request).json(200);
    };
    limit(json!({"max_lock_waiters": 1000}));
    let tested = stack.client.post(&format!("{path}/test"), &json!({})).json(200);
    assert!(tested["missing"][0].as_str().unwrap().contains("GRANT pg_monitor"), "{tested:#}");
    let job = stack.append(&[Place::Postgres], "orders");
    let daemon = stack.daemon();
    assert!(job.waits_for("source_unwell").contains("GRANT pg_monitor"));
    // How many connections are free everybody may see.
    limit(json!({"min_free_connections": 1}));
    assert_eq!(job.completes(), 1000);
    std::mem::drop(daemon);
    eventually("the job's sessions to end", || stack.source.backfill_sessions().is_empty().then_some(()));
    stack.source.execute(&drop);
}

#[test]
fn the_sessions_of_a_job_are_bounded() {
    let stack = Stack::new(&orders(10));
    stack.source.execute(
        "CREATE VIEW settings AS SELECT name AS id, setting FROM pg_settings
         WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'application_name')",
    );
    let _daemon = stack.daemon();
    let seen = || {
        let job = stack.append(&[Place::Postgres], "settings");
        job.completes();
        let row = |setting: String| setting.replace(&format!("job {}", job.id), "job ID");
        let rows =
            stack.destination.column("SELECT id || ' ' || setting FROM settings ORDER BY id COLLATE \"C\"");
        stack.destination.execute("DROP TABLE settings");
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(
        seen(),
        [
            "application_name backfill job ID",
            "idle_in_transaction_session_timeout 18000000",
            "lock_timeout 0",
            "statement_timeout 86400000"
        ]
    );
    let timeouts = json!({"statement_timeout_seconds": 100, "lock_timeout_seconds": 20,
                          "idle_in_transaction_timeout_seconds": 30});
    stack.limit_source(&timeouts);
    let seen = seen();
    assert_eq!(
        seen[1..],
        ["idle_in_transaction_session_timeout 30000", "lock_timeout 20000", "statement_timeout 100000"]
    );
}

#[test]
fn a_job_waits_for_a_lock_no_longer_than_it_may() {
    let stack = Stack::new(&orders(10));
    stack.limit_source(&json!({"lock_timeout_seconds": 1}));
    let job = stack.append(&[Place::Postgres], "orders");
    let _lock = stack.source.lock("orders");
    let _daemon = stack.daemon();
    job.fails_naming(&["source shop", "lock timeout"]);
}
