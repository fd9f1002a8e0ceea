//! What a backfill would do.

use serde_json::{Value, json};

use crate::harness::{Answer, Scenario};

const ORDERS: &str = "
    CREATE TABLE orders (id bigint PRIMARY KEY, customer text, note text);
    INSERT INTO orders SELECT n, 'customer ' || n % 10, repeat('x', 300) FROM generate_series(1, 30000) n;
    CREATE VIEW large AS SELECT * FROM orders;
    ANALYZE orders";

fn preview(shop: &Scenario, body: Value) -> Answer {
    shop.app.post(&format!("/pipelines/{}/backfill/preview", shop.pipeline_id), body)
}

#[test]
fn a_preview_tells_what_a_job_would_do_and_writes_nothing() {
    let shop = Scenario::with(ORDERS);
    let request = json!({"table_name": "orders", "filters": [{"column": "customer", "operator": "=", "value": "customer 3"}]});
    let seen = preview(&shop, request).json(200);
    assert_eq!((&seen["table_name"], &seen["write_mode"]), (&json!("public.orders"), &json!("upsert")));
    let explanation = "Chunks are ranges of the primary key (id), in whose order rows lie on their pages.";
    assert_eq!(seen["plan"]["explanation"], explanation);
    assert_eq!(seen["plan"]["guarantee"], "chunked");
    let query = r#"SELECT "id", "customer", "note" FROM public.orders WHERE ("customer" = 'customer 3'::text) ORDER BY "id""#;
    assert_eq!(seen["sql"], json!([query]));
    let rows = seen["estimated_rows"].as_i64().unwrap();
    assert!((2500..3500).contains(&rows), "{rows}");
    assert!(seen["estimated_bytes"].as_i64() > Some(500_000), "{seen:#}");
    assert_eq!(seen["estimated_seconds"], Value::Null);
    assert_eq!(seen["sample"]["columns"], json!(["id", "customer", "note"]));
    let sample = seen["sample"]["rows"].as_array().unwrap();
    assert_eq!((sample.len(), &sample[0][1]), (10, &json!("customer 3")));
    assert_eq!(sample[0][2].as_str().unwrap().len(), 200);
    let warnings = seen["warnings"].as_array().unwrap();
    assert!(
        warnings.len() == 1 && warnings[0].as_str().unwrap().starts_with("No index serves"),
        "{warnings:?}"
    );
    let target = &seen["destinations"][0];
    assert_eq!(target["target"], "/data/lake/public.orders/job-ID/part-000001.parquet");
    assert_eq!(target["columns"][0], json!({"name": "id", "type": "BIGINT"}));
    assert_eq!(seen["estimated_chunks"], 1);
    assert_eq!(shop.app.get("/backfill").json(200)["total"], 0);
}

#[test]
fn the_pace_of_the_last_jobs_gives_the_time() {
    let shop = Scenario::with(ORDERS);
    shop.job_in("PENDING");
    shop.app.database.execute(
        "UPDATE queue_backfill_data SET status = 'COMPLETED', count_record = 1000,
             started_at = now() - interval '10 s', finished_at = now()",
    );
    let seen = preview(&shop, json!({"table_name": "orders"})).json(200);
    let seconds = seen["estimated_seconds"].as_f64().unwrap();
    assert!((250.0..350.0).contains(&seconds), "{seconds}");
}

#[test]
fn a_view_is_one_stream_and_what_is_wrong_is_named_as_for_a_job() {
    let shop = Scenario::with(ORDERS);
    let seen = preview(&shop, json!({"table_name": "large"})).json(200);
    assert_eq!(seen["plan"]["sections"], json!([{"relation": "public.large", "strategy": "stream"}]));
    assert_eq!(seen["plan"]["guarantee"], "snapshot");
    assert_eq!(
        preview(&shop, json!({"table_name": "none"})).bad_field().split(':').next(),
        Some("table_name")
    );
    preview(&shop, json!({"table_name": "orders", "surprise": 1})).problem(422);
    shop.app.post("/pipelines/77/backfill/preview", json!({"table_name": "orders"})).problem(404);
}
