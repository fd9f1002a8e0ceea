//! When a job runs, and how often it is tried.

use serde_json::json;

use crate::harness::Scenario;

#[test]
fn a_job_runs_when_it_is_told_to() {
    let shop = Scenario::shop();
    let told = json!({"priority": -7, "run_after": "2040-05-06T07:08:09Z", "max_attempts": 3});
    let mut request = told.clone();
    request["table_name"] = json!("orders");
    let job = shop.request(request).json(201);
    for (field, value) in told.as_object().unwrap() {
        assert_eq!(job[field], *value, "{job:#}");
    }
    let usual = shop
        .request(json!({"table_name": "orders", "filters": [{"column": "id", "operator": ">", "value": 1}]}));
    let usual = usual.json(201);
    assert_eq!(
        (&usual["priority"], &usual["max_attempts"], &usual["failures"]),
        (&json!(0), &json!(10), &json!(0))
    );
    assert_eq!(usual["run_after"], usual["created_at"]);
}

#[test]
fn what_cannot_be_is_refused() {
    let shop = Scenario::shop();
    let job = shop.job_in("PENDING");
    for (field, value) in [
        ("priority", json!(1001)),
        ("priority", json!(-1001)),
        ("max_attempts", json!(0)),
        ("max_attempts", json!(1001)),
        ("run_after", json!("-009999-01-01T00:00:00Z")),
    ] {
        let mut request = json!({"table_name": "orders"});
        request[field] = value.clone();
        assert!(shop.request(request).bad_field().starts_with(field), "{field}: {value}");
        let answer = shop.app.patch(&format!("/backfill/{job}"), json!({field: value}));
        assert!(answer.bad_field().starts_with(field), "{field}: {value}");
    }
    shop.app.patch(&format!("/backfill/{job}"), json!({"status": "COMPLETED"})).problem(422);
}

#[test]
fn a_job_is_changed_in_any_state() {
    let change = json!({"priority": 9, "run_after": "2040-01-01T00:00:00Z", "max_attempts": 2});
    for state in ["PENDING", "EXECUTING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED"] {
        let shop = Scenario::shop();
        let job = shop.job_in(state);
        let path = format!("/backfill/{job}");
        let before = shop.app.get(&path).json(200);
        let unchanged = shop.app.patch(&path, json!({})).json(200);
        let changed = shop.app.patch(&path, change.clone()).json(200);
        for (field, value) in change.as_object().unwrap() {
            assert_eq!((&unchanged[field], &changed[field]), (&before[field], value), "{state}: {field}");
        }
        assert_eq!(changed["status"], before["status"]);
        shop.app.patch(&format!("/backfill/{}", job + 1), json!({})).problem(404);
    }
}
