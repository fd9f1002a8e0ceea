//! Jobs as those see them who follow their changes, and what the audit trail keeps of them.

use serde_json::Value;

use crate::harness::{ALL, Place, Stack, eventually, orders};

#[test]
fn a_job_is_followed_to_its_end() {
    let stack = Stack::with_batches(100, &orders(2000));
    stack.slow_down("orders", 50);
    let stream = stack.client.follow();
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    let lines = stream.map(Result::unwrap);
    let jobs = lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok());
    let mut told: Vec<Value> = Vec::new();
    for job in jobs {
        told.push(job);
        if told.last().unwrap()["status"] == "COMPLETED" {
            break;
        }
    }
    let rows: Vec<_> = told.iter().map(|job| job["count_record"].as_i64().unwrap()).collect();
    assert!(rows.is_sorted() && rows.iter().any(|rows| (1..2000).contains(rows)), "{rows:?}");
    assert_eq!(told.last(), Some(&job.get()));
    assert_eq!(job.completes(), 2000);
}

#[test]
fn streams_end_at_once_when_the_api_is_told_to_stop() {
    let mut stack = Stack::new("");
    let stream = stack.client.follow();
    stack.stop_api();
    for line in stream {
        line.unwrap();
    }
    assert_eq!(stack.client.get("/events").status, 503);
    stack.stop_api();
    assert!(stack.api_ends().success());
}

#[test]
fn the_trail_tells_what_daemons_did_with_a_job() {
    let stack = Stack::with_batches(100, &orders(2000));
    let job = stack.append(ALL, "orders");
    let events = || {
        let events = stack.client.get(&format!("/backfill/{}/events", job.id)).json(200);
        events["items"].as_array().unwrap().clone()
    };
    let _killed = stack.daemon_that("chunk-finished=kill@3");
    eventually("the daemon to be killed", || {
        (stack.client.get("/workers").json(200)["total"] == 1 && job.rows() == 300).then_some(())
    });
    let _daemon = stack.daemon_that("");
    assert_eq!(job.completes(), 2000);
    let told: Vec<_> = events().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ["created", "claimed", "planned", "lease_lost", "claimed", "completed"]);
    let by: Vec<_> = events().iter().map(|event| event["actor"].as_str().unwrap().to_owned()).collect();
    assert!(by[0] == "anonymous" && by[1..].iter().all(|actor| actor.starts_with("daemon:")), "{by:?}");
    assert!(by[1] == by[2] && by[1] != by[3] && by[4] == by[5], "{by:?}");
    assert_eq!(events()[4]["after"]["attempt"], 2);
}

#[test]
fn the_trail_tells_under_which_snapshot_a_job_has_read() {
    let stack = Stack::new("CREATE TABLE log AS SELECT n FROM generate_series(1, 1000) n");
    let _daemon = stack.daemon();
    let job = stack.backfill(
        &[Place::Parquet],
        &serde_json::json!({"table_name": "log", "write_mode": "append", "guarantee": "snapshot"}),
    );
    job.completes();
    let events =
        stack.client.get(&format!("/audit?target=job&target_id={}&action=planned", job.id)).json(200);
    let plan = &events["items"][0]["after"]["plan"];
    assert_eq!(plan["guarantee"], "snapshot", "{events:#}");
    assert!(plan["began_at_transaction"].is_string(), "{events:#}");
}
