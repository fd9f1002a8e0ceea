//! Listing and deleting jobs, and their chunks.

use serde_json::{Value, json};

use crate::harness::Scenario;

fn ids(list: &Value) -> Vec<i64> {
    list["items"].as_array().unwrap().iter().map(|job| job["id"].as_i64().unwrap()).collect()
}

#[test]
fn jobs_are_listed_newest_first_by_state_and_by_pipeline() {
    let shop = Scenario::shop();
    let jobs: Vec<_> = ["COMPLETED", "FAILED", "COMPLETED", "PENDING"].map(|state| shop.job_in(state)).into();
    shop.app.post("/pipelines", json!({"name": "b", "source_id": 1, "destination_ids": [1]})).json(201);
    let other = shop.app.post("/pipelines/2/backfill", json!({"table_name": "orders"})).json(201)["id"]
        .as_i64()
        .unwrap();
    let list = |path: &str| shop.app.get(path).json(200);
    assert_eq!(ids(&list("/backfill")), [other, jobs[3], jobs[2], jobs[1], jobs[0]]);
    assert_eq!(ids(&list("/backfill?status=COMPLETED")), [jobs[2], jobs[0]]);
    assert_eq!(ids(&list("/pipelines/2/backfill")), [other]);
    let page = list("/pipelines/1/backfill?skip=1&limit=2");
    assert_eq!((&page["total"], ids(&page)), (&json!(4), vec![jobs[2], jobs[1]]));
    assert_eq!(page["items"][0]["destinations"][0]["destination_id"], 1);
}

#[test]
fn a_job_is_deleted_unless_it_executes() {
    for state in ["PENDING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED"] {
        let shop = Scenario::shop();
        let path = format!("/backfill/{}", shop.job_in(state));
        let answer = shop.app.delete(&path);
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        shop.app.get(&path).problem(404);
        shop.app.delete(&path).problem(404);
    }
    for state in ["EXECUTING", "LAPSED"] {
        let shop = Scenario::shop();
        let job = shop.job_in(state);
        let problem = shop.app.delete(&format!("/backfill/{job}")).problem(409);
        assert_eq!(problem["detail"], format!("job {job} is EXECUTING; cancel it first"));
    }
}

#[test]
fn chunks_are_listed_by_number() {
    let shop = Scenario::shop();
    let job = shop.job_in("COMPLETED");
    assert_eq!(shop.app.get(&format!("/backfill/{job}/chunks")).json(200), json!({"total": 0, "items": []}));
    shop.app.database.execute(&format!(
        "INSERT INTO backfill_chunks (job_id, number, lower_key, status, row_count, byte_count, attempt)
         SELECT {job}, n, jsonb_build_array(n::text), 'DONE', 10, 100, 1 FROM generate_series(150, 1, -1) n"
    ));
    let chunks = shop.app.get(&format!("/backfill/{job}/chunks")).json(200);
    assert_eq!(chunks["items"].as_array().unwrap().len(), 150);
    let page = shop.app.get(&format!("/backfill/{job}/chunks?skip=1&limit=1")).json(200);
    assert_eq!((&page["total"], &page["items"][0]["number"]), (&json!(150), &json!(2)));
    assert_eq!(
        (&page["items"][0]["lower_key"], &page["items"][0]["status"]),
        (&json!(["2"]), &json!("DONE"))
    );
    shop.app.get("/backfill/99/chunks").problem(404);
}
