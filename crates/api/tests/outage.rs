//! A metadata database that is down.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::TestApp;

#[test]
fn requests_are_answered_503_in_time_and_without_details() {
    let app = TestApp::start();
    app.get("/sources").json(200);
    app.database.shut();
    let start = Instant::now();
    let problem = app.get("/sources").problem(503);
    assert!(start.elapsed() < Duration::from_secs(8), "took {:?}", start.elapsed());
    assert_eq!(problem["detail"], "The metadata database cannot be reached; try again later.");
    app.post("/sources", json!({"name": "x", "url": "postgres://u@h/d"})).problem(503);
    app.get("//health/ready").problem(503);
    app.get("//health/live").json(200);
    let metrics = app.get("//metrics").text;
    assert!(metrics.contains("backfill_database_up 0") && !metrics.contains("backfill_jobs{"), "{metrics}");
}
