//! Cancelling, from each state.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::harness::{Answer, Scenario};

fn cancel(shop: &Scenario, job: i64) -> Answer {
    shop.app.post(&format!("/backfill/{job}/cancel"), json!({}))
}

#[test]
fn a_job_that_waits_is_cancelled_at_once() {
    for state in ["PENDING", "PAUSED"] {
        let shop = Scenario::shop();
        let job = cancel(&shop, shop.job_in(state)).json(200);
        assert_eq!(
            (&job["status"], &job["destinations"][0]["status"]),
            (&json!("CANCELLED"), &json!("CANCELLED"))
        );
        assert!(job["finished_at"].is_string());
        assert_eq!(job["cancel_requested_at"], Value::Null);
    }
}

#[test]
fn an_executing_job_is_cancelled_by_its_daemon() {
    let shop = Scenario::shop();
    let job = shop.job_in("EXECUTING");
    let cancelled = thread::scope(|scope| {
        scope.spawn(|| {
            let asked = format!("SELECT cancel_requested_at FROM queue_backfill_data WHERE id = {job}");
            while shop.app.database.value(&asked).is_none() {
                thread::sleep(Duration::from_millis(10));
            }
            shop.app.database.execute(
                "UPDATE queue_backfill_data SET status = 'CANCELLED', claimed_by = NULL, lease_expires_at = NULL, count_record = 7",
            );
        });
        cancel(&shop, job).json(200)
    });
    assert_eq!((&cancelled["status"], &cancelled["count_record"]), (&json!("CANCELLED"), &json!(7)));
}

#[test]
fn a_daemon_that_does_not_stop_is_not_overridden() {
    let shop = Scenario::shop();
    let job = cancel(&shop, shop.job_in("EXECUTING")).json(200);
    assert_eq!(job["status"], "EXECUTING");
    assert!(job["cancel_requested_at"].is_string());
}

#[test]
fn a_job_whose_lease_has_lapsed_is_cancelled_at_once() {
    let shop = Scenario::shop();
    let job = cancel(&shop, shop.job_in("LAPSED")).json(200);
    assert_eq!(job["status"], "CANCELLED");
    let fenced = "SELECT claimed_by IS NULL AND lease_expires_at IS NULL FROM queue_backfill_data";
    assert_eq!(shop.app.database.value(fenced), Some("true".to_owned()));
}

#[test]
fn a_part_that_has_ended_keeps_its_end() {
    let shop = Scenario::shop();
    let job = shop.job_in("PAUSED");
    shop.app.database.execute("UPDATE backfill_job_destinations SET status = 'COMPLETED'");
    assert_eq!(cancel(&shop, job).json(200)["destinations"][0]["status"], "COMPLETED");
}

#[test]
fn a_job_that_has_ended_cannot_be_cancelled() {
    for state in ["COMPLETED", "FAILED", "CANCELLED"] {
        let shop = Scenario::shop();
        let job = shop.job_in(state);
        assert_eq!(cancel(&shop, job).problem(409)["detail"], format!("job {job} is {state} already"));
        cancel(&shop, job + 1).problem(404);
    }
}
