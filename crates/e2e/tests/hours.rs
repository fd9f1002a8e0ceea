//! Sources have hours in which they are not read.

use serde_json::{Value, json};

use crate::harness::{Place, Stack, eventually, orders};

/// All hours of the week, in a zone that is not the databases'.
fn always() -> Value {
    json!({"time_zone": "Asia/Kathmandu", "windows": [{"from": "00:00", "to": "24:00"}]})
}

/// A window that begins two hours from now, where it is now so late, and ends an hour later.
fn later(stack: &Stack) -> Value {
    let time = |hours: i32| {
        stack.metadata.value(&format!(
            "SELECT to_char(now() AT TIME ZONE 'Pacific/Auckland' + interval '{hours} hours', 'HH24:MI')"
        ))
    };
    json!({"time_zone": "Pacific/Auckland", "windows": [{"from": time(2), "to": time(3)}]})
}

#[test]
fn no_job_begins_in_quiet_hours() {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.limit_source(&json!({"quiet_hours": always()}));
    let quiet = stack.append(&[Place::Postgres], "orders");
    let other = stack.client.post("/sources", &crate::harness::source_request(&stack.source)).id();
    let request =
        json!({"name": "q", "source_id": other, "destination_ids": [stack.destination_id(Place::Parquet)]});
    let pipeline = stack.client.post("/pipelines", &request).id();
    let path = format!("/pipelines/{pipeline}/backfill");
    let loud = stack.client.post(&path, &json!({"table_name": "orders"})).id();
    let _daemon = stack.daemon();
    eventually("the other source's job", || {
        (stack.client.get(&format!("/backfill/{loud}")).json(200)["status"] == "COMPLETED").then_some(())
    });
    assert_eq!(quiet.status(), "PENDING");
    assert!(quiet.waits_for("quiet_hours").contains("source shop"));
    stack.limit_source(&json!({"quiet_hours": later(&stack)}));
    assert_eq!(quiet.completes(), 1000);
}

#[test]
fn a_job_that_runs_waits_at_a_chunks_end_outside_its_hours() {
    let stack = Stack::with_batches(10, &orders(1000));
    stack.slow_down("orders", 20);
    let daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.is_under_way();
    stack.limit_source(&json!({"run_hours": later(&stack)}));
    job.waits_for("quiet_hours");
    let sessions = stack.source.backfill_sessions();
    assert!(sessions.iter().all(|session| session.ends_with(": idle")), "{sessions:?}");
    // It has nothing to finish: its daemon stops without waiting for the hour.
    daemon.signal("TERM");
    job.becomes_status("PENDING");
    stack.limit_source(&json!({"run_hours": always()}));
    let _daemon = stack.daemon();
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_job_that_waits_for_its_hours_makes_room_for_others() {
    let stack = Stack::with_batches(10, &orders(1000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon_with(&[("BACKFILL_MAX_JOBS", "1")]);
    let job = stack.append(&[Place::Postgres], "orders");
    job.is_under_way();
    stack.limit_source(&json!({"quiet_hours": always()}));
    job.becomes_status("PENDING");
    job.waits_for("quiet_hours");
    stack.limit_source(&json!({}));
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_job_that_waits_for_its_hours_is_cancelled_at_once() {
    let stack = Stack::with_batches(10, &orders(1000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "orders");
    job.is_under_way();
    stack.limit_source(&json!({"quiet_hours": always()}));
    job.waits_for("quiet_hours");
    let cancelled = job.cancel();
    assert!(cancelled["waiting"].is_null() && cancelled["error_message"].is_null(), "{cancelled:#}");
}

#[test]
fn hours_that_cannot_be_are_refused() {
    let stack = Stack::new(&orders(1));
    let path = format!("/sources/{}", stack.source_id());
    let refusal = |hours: Value| {
        let mut request = crate::harness::source_request(&stack.source);
        request["limits"] = json!({"quiet_hours": hours});
        stack.client.put(&path, &request).json(422)["errors"][0]["field"].clone()
    };
    let window = json!({"from": "08:00", "to": "18:00", "days": ["mon"]});
    for (hours, field) in [
        (json!({"time_zone": "Mars/Olympus", "windows": [window]}), "limits.quiet_hours.time_zone"),
        (json!({"time_zone": "UTC\u{0}", "windows": [window]}), "limits.quiet_hours.time_zone"),
        (json!({"time_zone": "UTC", "windows": []}), "limits.quiet_hours.windows"),
        (
            json!({"time_zone": "UTC", "windows": [{"from": "8", "to": "18:00"}]}),
            "limits.quiet_hours.windows[0].from",
        ),
        (
            json!({"time_zone": "UTC", "windows": [{"from": "08:00", "to": "25:00"}]}),
            "limits.quiet_hours.windows[0].to",
        ),
    ] {
        assert_eq!(refusal(hours.clone()), field, "{hours}");
    }
}
