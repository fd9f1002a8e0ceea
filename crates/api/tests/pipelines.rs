//! Pipelines.

use serde_json::json;

use crate::harness::Scenario;

#[test]
fn a_pipeline_keeps_the_order_of_its_destinations() {
    let shop = Scenario::shop();
    shop.app
        .post("/destinations", json!({"name": "b", "type": "parquet", "config": {"path": "/b"}}))
        .json(201);
    let request = json!({"name": "both", "source_id": 1, "destination_ids": [2, 1]});
    let answer = shop.app.post("/pipelines", request);
    let pipeline = answer.json(201);
    assert_eq!(answer.header("location"), "/api/v1/pipelines/2");
    assert_eq!(pipeline["destination_ids"], json!([2, 1]));
    assert_eq!(shop.app.get("/pipelines/2").json(200), pipeline);
    let list = shop.app.get("/pipelines").json(200);
    assert_eq!((&list["total"], &list["items"][1]), (&json!(2), &pipeline));
    let replaced =
        shop.app.put("/pipelines/2", json!({"name": "one", "source_id": 1, "destination_ids": [1]}));
    assert_eq!(replaced.json(200)["destination_ids"], json!([1]));
    assert_eq!(shop.app.get("/pipelines/2").json(200), replaced.json(200));
}

#[test]
fn what_a_pipeline_names_must_exist() {
    let shop = Scenario::shop();
    let request = json!({"name": "x", "source_id": 8, "destination_ids": [1, 9, 9]});
    let expected = [
        "destination_ids[2]: names destination 9 twice",
        "source_id: there is no source 8",
        "destination_ids[1]: there is no destination 9",
        "destination_ids[2]: there is no destination 9",
    ];
    assert_eq!(shop.app.post("/pipelines", request.clone()).bad_fields(), expected);
    assert_eq!(shop.app.put("/pipelines/1", request.clone()).bad_fields(), expected);
    shop.app.put("/pipelines/7", request).problem(404);
    let none = shop.app.post("/pipelines", json!({"name": "x", "source_id": 1, "destination_ids": []}));
    assert_eq!(none.bad_field(), "destination_ids: must name at least one destination");
}

#[test]
fn a_pipeline_with_an_active_job_stays() {
    for state in ["PENDING", "PAUSED", "EXECUTING"] {
        let shop = Scenario::shop();
        let job = shop.job_in(state);
        let problem = shop.app.delete("/pipelines/1").problem(409);
        assert_eq!(problem["detail"], format!("pipeline 1 has active jobs: {job}; cancel them first"));
    }
}

#[test]
fn a_pipeline_takes_its_finished_jobs_along() {
    let shop = Scenario::shop();
    let job = shop.job_in("FAILED");
    shop.app.delete("/pipelines/1").json(204);
    shop.app.get("/pipelines/1").problem(404);
    shop.app.get(&format!("/backfill/{job}")).problem(404);
    shop.app.delete("/pipelines/1").problem(404);
}
