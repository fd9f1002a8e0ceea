//! Taking jobs up where they stopped.

use serde_json::{Value, json};

use crate::harness::Scenario;

#[test]
fn what_has_stopped_is_resumed_and_nothing_else() {
    for (state, status) in [
        ("PAUSED", 200),
        ("CANCELLED", 200),
        ("FAILED", 200),
        ("PENDING", 409),
        ("EXECUTING", 409),
        ("COMPLETED", 409),
    ] {
        let shop = Scenario::shop();
        let job = shop.job_in(state);
        shop.app.database.execute(
            "UPDATE queue_backfill_data SET error_message = 'it broke', cancel_requested_at = now(), finished_at = now()
             WHERE status IN ('FAILED', 'CANCELLED')",
        );
        let answer = shop.app.post(&format!("/backfill/{job}/resume"), json!({}));
        if status == 409 {
            answer.problem(409);
            continue;
        }
        let resumed = answer.json(200);
        assert_eq!(resumed["status"], "PENDING", "{state}");
        for gone in ["error_message", "cancel_requested_at", "finished_at"] {
            assert_eq!(resumed[gone], Value::Null, "{state}: {gone}");
        }
        assert_eq!(resumed["destinations"][0]["status"], "PENDING", "{state}");
    }
}

#[test]
fn a_job_whose_place_another_has_taken_is_not_resumed() {
    let shop = Scenario::shop();
    let job = shop.job_in("CANCELLED");
    shop.job_in("PENDING");
    shop.app.post(&format!("/backfill/{job}/resume"), json!({})).problem(409);
    shop.app.post("/backfill/999/resume", json!({})).problem(404);
}
