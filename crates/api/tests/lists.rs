//! Finding records among many.

use serde_json::{Value, json};

use crate::harness::{Scenario, TestApp, lake};

fn ids(list: &Value) -> Vec<i64> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

/// A pipeline of the scenario's source with this name.
fn pipeline(shop: &Scenario, name: &str) -> i64 {
    let request =
        json!({"name": name, "source_id": shop.source_id, "destination_ids": [shop.destination_id]});
    shop.app.post("/pipelines", request).json(201)["id"].as_i64().unwrap()
}

#[test]
fn jobs_are_found_by_what_they_are_about() {
    let shop = Scenario::shop();
    shop.source.execute("CREATE TABLE \"Items_100%\" (id bigint PRIMARY KEY)");
    let other = pipeline(&shop, "Nightly LOAD");
    let job = |pipeline: i64, table: &str| {
        let answer = shop.app.post(&format!("/pipelines/{pipeline}/backfill"), json!({"table_name": table}));
        answer.json(201)["id"].as_i64().unwrap()
    };
    let (orders, items) = (job(shop.pipeline_id, "orders"), job(shop.pipeline_id, "\"Items_100%\""));
    let nightly = job(other, "orders");
    shop.app.post(&format!("/backfill/{items}/cancel"), json!({})).json(200);
    shop.app.post(&format!("/backfill/{nightly}/pause"), json!({})).json(200);
    let found = |query: &str| ids(&shop.app.get(&format!("/backfill?{query}")).json(200));
    assert_eq!(found("status=CANCELLED,PAUSED"), [nightly, items]);
    assert_eq!(found("status=PENDING"), [orders]);
    assert_eq!(found("status="), [nightly, items, orders]);
    assert_eq!(found(&format!("pipeline_id={other}")), [nightly]);
    assert_eq!(found(&format!("source_id={}", shop.source_id)), [nightly, items, orders]);
    assert_eq!(found("source_id=99"), [0; 0]);
    assert_eq!(found("table=public.orders"), [nightly, orders]);
    assert_eq!(found("search=items"), [items]);
    assert_eq!(found("search=%25"), [items]);
    assert_eq!(found("search=_"), [items]);
    assert_eq!(found("search=%5C"), [0; 0]);
    assert_eq!(found("search=load"), [nightly]);
    assert_eq!(found(&format!("search=%23{orders}")), [orders]);
    assert_eq!(found("search=orders&status=PENDING&limit=1"), [orders]);
    assert_eq!(found("search=%20"), [nightly, items, orders]);
    let total = &shop.app.get("/backfill?search=orders&limit=1").json(200)["total"];
    assert_eq!(total, 2);
    assert_eq!(
        shop.app.get("/backfill?status=PENDING,DONE").bad_field(),
        "status: unknown variant `DONE`, expected one of `PENDING`, `EXECUTING`, `PAUSED`, `COMPLETED`, `FAILED`, `CANCELLED`"
    );
}

#[test]
fn jobs_are_sorted() {
    let shop = Scenario::shop();
    shop.source
        .execute("CREATE TABLE events (id bigint PRIMARY KEY); CREATE TABLE visits (id bigint PRIMARY KEY)");
    let [a, b, c] = ["visits", "events", "orders"]
        .map(|table| shop.request(json!({"table_name": table})).json(201)["id"].as_i64().unwrap());
    shop.app.database.execute(&format!(
        "UPDATE queue_backfill_data SET count_record = id * 10, updated_at = now() - make_interval(secs => id);
         UPDATE queue_backfill_data SET count_record = 0, updated_at = now() WHERE id = {b}"
    ));
    let sorted = |sort: &str| ids(&shop.app.get(&format!("/backfill?sort={sort}")).json(200));
    assert_eq!(sorted("-created_at"), [c, b, a]);
    assert_eq!(sorted("created_at"), [a, b, c]);
    assert_eq!(sorted("-updated_at"), [b, a, c]);
    assert_eq!(sorted("updated_at"), [c, a, b]);
    assert_eq!(sorted("-count_record"), [c, a, b]);
    assert_eq!(sorted("count_record"), [b, a, c]);
    assert_eq!(sorted("table_name"), [b, c, a]);
    assert_eq!(sorted("-table_name"), [a, c, b]);
    assert!(shop.app.get("/backfill?sort=id").bad_field().starts_with("sort: unknown variant `id`"));
}

#[test]
fn a_job_says_what_the_things_are_called_that_it_names() {
    let shop = Scenario::shop();
    let created = shop.request(json!({"table_name": "orders"})).json(201);
    let listed = &shop.app.get("/backfill").json(200)["items"][0];
    for job in [&created, listed] {
        assert_eq!((&job["pipeline_name"], &job["source_name"]), (&json!("shop to lake"), &json!("shop")));
        let destination = &job["destinations"][0];
        assert_eq!((&destination["name"], &destination["type"]), (&json!("lake"), &json!("parquet")));
    }
}

#[test]
fn records_are_found_by_name() {
    let app = TestApp::start();
    for name in ["50% lake", "River"] {
        let mut destination = lake("/data/lake");
        destination["name"] = json!(name);
        app.post("/destinations", destination).json(201);
        let source = json!({"name": name, "host": "h", "database": "d", "username": "u"});
        let source = app.post("/sources", source).json(201)["id"].clone();
        let pipeline = json!({"name": name, "source_id": source, "destination_ids": [1]});
        app.post("/pipelines", pipeline).json(201);
    }
    for kind in ["sources", "destinations", "pipelines"] {
        let found = |words: &str| {
            let list = app.get(&format!("/{kind}?search={words}")).json(200);
            (list["total"].as_i64().unwrap(), ids(&list))
        };
        assert_eq!(found("river"), (1, vec![2]), "{kind}");
        assert_eq!(found("%25"), (1, vec![1]), "{kind}");
        assert_eq!(found(""), (2, vec![1, 2]), "{kind}");
    }
}
