//! What those who operate the service see.

use std::{env, fs, path::Path};

use serde_json::{Value, json};

use crate::harness::{Scenario, TestApp};

#[test]
fn stats_count_every_state() {
    let shop = Scenario::shop();
    let jobs =
        json!({"PENDING": 0, "EXECUTING": 0, "PAUSED": 0, "COMPLETED": 0, "FAILED": 0, "CANCELLED": 0});
    let empty = shop.app.get("/stats").json(200);
    assert_eq!((&empty["jobs"], &empty["oldest_pending_at"]), (&jobs, &Value::Null));
    shop.job_in("FAILED");
    shop.job_in("EXECUTING");
    shop.app.database.execute(
        "UPDATE queue_backfill_data SET rows_per_second = 100, bytes_per_second = 2000, table_name = 'public.other'",
    );
    shop.job_in("PENDING");
    shop.app.database.execute("UPDATE queue_backfill_data SET created_at = now() - '2 min'::interval, run_after = now() - '1 min'::interval");
    let stats = shop.app.get("/stats").json(200);
    assert_eq!((&stats["jobs"]["FAILED"], &stats["jobs"]["EXECUTING"]), (&json!(1), &json!(1)));
    assert_eq!(stats["rows_per_second"].as_f64(), Some(100.0));
    assert_eq!(stats["bytes_per_second"].as_f64(), Some(2000.0));
    assert!((60.0..90.0).contains(&stats["oldest_pending_seconds"].as_f64().unwrap()), "{stats}");
}

#[test]
fn workers_are_listed_with_their_leases() {
    let shop = Scenario::shop();
    let job = shop.job_in("EXECUTING");
    shop.app.database.execute(
        "INSERT INTO backfill_workers (id, hostname, pid, version, max_jobs, heartbeat_at)
         SELECT claimed_by, 'alive', 1, '0.1.0', 4, now() - '20 s'::interval FROM queue_backfill_data;
         INSERT INTO backfill_workers (id, hostname, pid, version, max_jobs, heartbeat_at)
         VALUES (gen_random_uuid(), 'dead', 1, '0.1.0', 4, now() - '31 s'::interval)",
    );
    let workers = shop.app.get("/workers").json(200);
    assert_eq!(workers["total"], 2);
    let worker = |hostname: &str| {
        workers["items"].as_array().unwrap().iter().find(|worker| worker["hostname"] == hostname).unwrap()
    };
    assert_eq!((&worker("alive")["alive"], &worker("dead")["alive"]), (&json!(true), &json!(false)));
    assert_eq!(worker("dead")["jobs"], json!([]));
    assert_eq!(worker("alive")["jobs"][0]["job_id"], job);
    assert!(worker("alive")["jobs"][0]["lease_expires_at"].is_string());
}

#[test]
fn health_tells_whether_the_service_can_serve() {
    let app = TestApp::start();
    app.get("//health/live").json(200);
    assert_eq!(
        app.get("//health/ready").json(200),
        json!({"status": "ok", "checks": ["database", "migrations"]})
    );
    app.database.execute("DELETE FROM __diesel_schema_migrations");
    app.get("//health/ready").problem(503);
}

#[test]
fn metrics_count_jobs_requests_and_connections() {
    let shop = Scenario::shop();
    shop.job_in("PENDING");
    shop.app.get("/backfill/1").json(200);
    shop.app.get("//no/such/path").problem(404);
    let metrics = shop.app.get("//metrics").text;
    for line in [
        "backfill_jobs{status=\"PENDING\"} 1",
        "backfill_jobs{status=\"PAUSED\"} 0",
        "backfill_database_up 1",
        "backfill_http_requests_total{method=\"GET\",route=\"/api/v1/backfill/{id}\",status=\"200\"} 1",
        "backfill_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "backfill_http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/backfill/{id}\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "no {line} in\n{metrics}");
    }
    assert!(
        metrics.contains("backfill_oldest_pending_seconds ")
            && metrics.contains("backfill_pool_connections{")
    );
}

#[test]
fn the_description_lists_each_route_with_its_problems() {
    let app = TestApp::start();
    let openapi = app.get("//api/openapi.json").json(200);
    let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let paths = openapi["paths"].as_object().unwrap();
    let mut listed: Vec<_> = paths.iter().map(|(path, item)| format!("{path} {}", methods(item))).collect();
    listed.sort();
    insta::assert_snapshot!(listed.join("\n"), @"
    /api/v1/audit get
    /api/v1/backfill get
    /api/v1/backfill/{id} delete get patch
    /api/v1/backfill/{id}/cancel post
    /api/v1/backfill/{id}/chunks get
    /api/v1/backfill/{id}/events get
    /api/v1/backfill/{id}/pause post
    /api/v1/backfill/{id}/quarantine get
    /api/v1/backfill/{id}/quarantine/replay post
    /api/v1/backfill/{id}/quarantine/{entry} put
    /api/v1/backfill/{id}/repair post
    /api/v1/backfill/{id}/resume post
    /api/v1/backfill/{id}/throughput get
    /api/v1/backfill/{id}/verify post
    /api/v1/campaigns get
    /api/v1/campaigns/{id} delete get
    /api/v1/campaigns/{id}/cancel post
    /api/v1/campaigns/{id}/coverage get
    /api/v1/campaigns/{id}/pause post
    /api/v1/campaigns/{id}/repair post
    /api/v1/campaigns/{id}/rerun post
    /api/v1/campaigns/{id}/resume post
    /api/v1/campaigns/{id}/verify post
    /api/v1/destinations get post
    /api/v1/destinations/test post
    /api/v1/destinations/{id} delete get put
    /api/v1/destinations/{id}/test post
    /api/v1/events get
    /api/v1/pipelines get post
    /api/v1/pipelines/{id} delete get put
    /api/v1/pipelines/{id}/backfill get post
    /api/v1/pipelines/{id}/backfill/preview post
    /api/v1/pipelines/{id}/campaigns post
    /api/v1/sources get post
    /api/v1/sources/test post
    /api/v1/sources/{id} delete get put
    /api/v1/sources/{id}/tables get
    /api/v1/sources/{id}/test post
    /api/v1/stats get
    /api/v1/stats/throughput get
    /api/v1/workers get
    /health/live get
    /health/ready get
    /metrics get
    ");
    let create = &openapi["paths"]["/api/v1/pipelines/{id}/backfill"]["post"]["responses"];
    let statuses: Vec<_> = create.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(statuses, ["201", "400", "404", "409", "413", "415", "422", "503"]);
    let problem = &create["422"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(problem, "#/components/schemas/Problem");
    assert_every_reference_resolves(&openapi, &openapi);
}

/// The dashboard's types are generated from the file.
#[test]
fn the_dashboard_is_built_for_what_the_api_describes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend/openapi.json");
    let described = format!("{}\n", backfill_api::server::description().unwrap());
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &described).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == described, "frontend/openapi.json is stale: run this test with UPDATE_OPENAPI=1");
}

fn assert_every_reference_resolves(value: &Value, root: &Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                assert!(root.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
            }
            map.values().for_each(|value| assert_every_reference_resolves(value, root));
        }
        Value::Array(items) => items.iter().for_each(|value| assert_every_reference_resolves(value, root)),
        _ => {}
    }
}

#[test]
fn pages_are_served_without_the_internet() {
    let app = TestApp::start();
    let home = app.get("//");
    assert_eq!(home.status, 200);
    assert!(home.text.contains("/api/docs") && home.text.contains("/health/ready"));
    let redirect = app.get("//api/docs");
    assert_eq!((redirect.status, redirect.header("location")), (308, "/api/docs/"));
    assert!(app.get("//api/docs/").text.contains("swagger-ui-bundle.js"));
    assert_eq!(app.get("//api/docs/swagger-ui-bundle.js").status, 200);
}

#[test]
fn each_answer_carries_its_requests_id() {
    let app = TestApp::start();
    assert_eq!(app.get_as("/sources", "abc-1").header("x-request-id"), "abc-1");
    assert_eq!(app.get_as("/nothing", "abc-2").header("x-request-id"), "abc-2");
    assert_eq!(app.get("/sources").header("x-request-id").len(), 36);
    assert_eq!(app.get_as("/sources", "two words").header("x-request-id").len(), 36);
}
