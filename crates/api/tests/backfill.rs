//! Creating jobs.

use std::thread;

use serde_json::{Value, json};

use crate::harness::Scenario;

#[test]
fn a_job_is_queued_with_all_it_needs() {
    let shop = Scenario::shop();
    let answer = shop.request(json!({
        "table_name": "public.orders",
        "filters": [
            {"column": "ordered", "operator": ">=", "value": "2024-01-01"},
            {"column": "customer", "operator": "is not null"},
            {"column": "id", "operator": "in", "value": [1, 12345678901234567i64]}
        ]
    }));
    let job = answer.json(201);
    assert_eq!(answer.header("location"), format!("/api/v1/backfill/{}", job["id"]));
    assert_eq!((&job["status"], &job["write_mode"]), (&json!("PENDING"), &json!("upsert")));
    assert_eq!(job["table_name"], "public.orders");
    assert_eq!(job["filters"][1], json!({"column": "customer", "operator": "IS NOT NULL"}));
    assert_eq!(
        job["filter_sql"],
        r#""ordered" >= '2024-01-01'::date; "customer" IS NOT NULL; "id" IN ('1'::bigint, '12345678901234567'::bigint)"#
    );
    let part = json!({"destination_id": 1, "name": "lake", "type": "parquet", "status": "PENDING", "count_record": 0, "verified": null, "verified_by": null, "error_message": null, "quarantined": 0, "nulled": 0});
    assert_eq!(job["destinations"], json!([part]));
    for unknown in ["total_record", "progress", "rows_per_second", "eta_seconds", "started_at", "finished_at"]
    {
        assert_eq!(job.get(unknown), Some(&Value::Null), "{unknown}");
    }
    assert_eq!(shop.app.get(&format!("/backfill/{}", job["id"])).json(200), job);
}

#[test]
fn a_table_is_named_as_in_sql() {
    let shop = Scenario::with(
        r#"CREATE SCHEMA "Odd"; CREATE TABLE "Odd"."a.b""; DROP TABLE x" (id int PRIMARY KEY); CREATE TABLE plain (id int);"#,
    );
    let hostile = r#""Odd"."a.b""; DROP TABLE x""#;
    let named = |name: &str| shop.request(json!({"table_name": name})).json(201)["table_name"].clone();
    assert_eq!(named(hostile), hostile);
    assert_eq!(named("PLAIN"), "public.plain");
}

#[test]
fn write_mode_follows_the_primary_key() {
    let shop = Scenario::with(
        "CREATE TABLE keyed (id int PRIMARY KEY, n int); CREATE TABLE heap (id int); CREATE TABLE empty ()",
    );
    let mode = |body: Value| shop.request(body).json(201)["write_mode"].clone();
    assert_eq!(mode(json!({"table_name": "heap"})), "append");
    assert_eq!(mode(json!({"table_name": "keyed", "write_mode": "append"})), "append");
    let upsert = shop.request(json!({"table_name": "heap", "write_mode": "upsert"}));
    assert_eq!(
        upsert.bad_field(),
        "write_mode: upsert needs a primary key, and public.heap has none; use append"
    );
    assert_eq!(
        shop.request(json!({"table_name": "empty"})).bad_field(),
        "table_name: public.empty has no columns to copy"
    );
}

#[test]
fn an_unknown_table_is_told_with_similar_ones() {
    let shop = Scenario::with(
        "CREATE SCHEMA old; CREATE TABLE old.orders (id int); CREATE TABLE orders_2024 (id int)",
    );
    assert_eq!(
        shop.request(json!({"table_name": "orders"})).bad_field(),
        "table_name: the source has no table public.orders; similar are old.orders, public.orders_2024"
    );
    assert_eq!(
        shop.request(json!({"table_name": "zzz"})).bad_field(),
        "table_name: the source has no table public.zzz"
    );
    shop.request(json!({"table_name": "pg_catalog.pg_authid"})).bad_field();
    for name in ["", "a.b.c", "\"a", "x\u{0}y"] {
        assert!(shop.request(json!({"table_name": name})).bad_field().starts_with("table_name: "));
    }
}

#[test]
fn a_table_that_the_user_may_not_read_is_refused() {
    let shop = Scenario::with("CREATE TABLE secret (id int)");
    let role = format!("reader_{}", uuid::Uuid::new_v4().simple());
    shop.source.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'p'"));
    let mut url = shop.source.parsed_url().clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("p")).unwrap();
    shop.app.put("/sources/1", json!({"name": "shop", "url": url.as_str()})).json(200);
    let field = shop.request(json!({"table_name": "secret"})).bad_field();
    shop.source.execute(&format!("GRANT SELECT ON secret TO {role}"));
    let granted = shop.request(json!({"table_name": "secret"})).status;
    shop.source.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert_eq!(
        field,
        format!(
            "table_name: user {role} may not read public.secret: GRANT USAGE on its schema and SELECT on it"
        )
    );
    assert_eq!(granted, 201);
}

#[test]
fn a_source_out_of_reach_is_the_requests_problem() {
    let shop = Scenario::shop();
    shop.app.put("/sources/1", json!({"name": "gone", "url": "postgres://u:s3cret@127.0.0.1:1/d"})).json(200);
    let answer = shop.request(json!({"table_name": "orders"}));
    assert!(answer.bad_field().starts_with("source_id: cannot connect to 127.0.0.1:1/d"));
    assert!(!answer.text.contains("s3cret"));
}

#[test]
fn an_unknown_pipeline_has_no_jobs() {
    let shop = Scenario::shop();
    shop.app.post("/pipelines/9/backfill", json!({"table_name": "orders"})).problem(404);
    shop.app.get("/pipelines/9/backfill").problem(404);
}

#[test]
fn a_second_active_job_for_the_same_rows_is_refused() {
    let shop = Scenario::shop();
    let filters = json!([{"column": "id", "operator": "<", "value": 5}]);
    let request = json!({"table_name": "orders", "filters": filters});
    let job = shop.request(request.clone()).json(201)["id"].clone();
    let again = json!({"table_name": "\"public\".ORDERS", "filters": filters, "write_mode": "append"});
    let problem = shop.request(again).problem(409);
    assert_eq!(problem["detail"], format!("job {job} is active for the same pipeline, table and filters"));
    shop.request(json!({"table_name": "orders"})).json(201);
    shop.app.post(&format!("/backfill/{job}/cancel"), json!({})).json(200);
    shop.request(request).json(201);
}

#[test]
fn of_many_equal_requests_at_once_one_wins() {
    let shop = Scenario::shop();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let requests: Vec<_> =
            (0..8).map(|_| scope.spawn(|| shop.request(json!({"table_name": "orders"})).status)).collect();
        requests.into_iter().map(|request| request.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
}
