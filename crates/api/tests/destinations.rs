//! Destinations.

use std::{env, fs};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Scenario, TestApp, TestDatabase};

fn postgres(config: Value) -> Value {
    json!({"name": "dwh", "type": "postgres", "config": config})
}

fn duckdb(path: &str) -> Value {
    json!({"name": "file", "type": "duckdb", "config": {"path": path}})
}

#[test]
fn each_type_is_created_and_shown_without_its_password() {
    let app = TestApp::start();
    let dwh =
        postgres(json!({"host": "h", "port": 6432, "database": "d", "username": "u", "password": "s3cret"}));
    let answer = app.post("/destinations", dwh);
    let shown = json!({"host": "h", "port": 6432, "database": "d", "username": "u", "schema": "public", "sslmode": "prefer"});
    assert_eq!(answer.json(201)["config"], shown);
    assert_eq!(answer.header("location"), "/api/v1/destinations/1");
    app.post("/destinations", duckdb("/data/dwh.duckdb")).json(201);
    app.post("/destinations", json!({"name": "lake", "type": "parquet", "config": {"path": "/data"}}))
        .json(201);
    let list = app.get("/destinations");
    let types: Vec<_> =
        list.json(200)["items"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
    assert_eq!(types, ["postgres", "duckdb", "parquet"]);
    for text in [answer.text, list.text, app.get("/destinations/1").text] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn errors_within_config_have_their_path() {
    let app = TestApp::start();
    let field = |body: Value| app.post("/destinations", body).bad_field();
    let port = field(postgres(json!({"host": "h", "port": "x", "database": "d", "username": "u"})));
    assert!(port.starts_with("config.port: invalid type"), "{port}");
    assert!(field(postgres(json!({"host": "h", "username": "u"}))).starts_with("config.database: missing"));
    assert!(
        field(json!({"name": "x", "type": "duckdb", "config": {"path": "/x", "q": 1}}))
            .starts_with("config.q: unknown")
    );
    assert!(field(json!({"name": "x", "type": "oracle", "config": {}})).starts_with("type: unknown variant"));
    assert!(field(json!({"name": "x", "type": "duckdb", "config": 7})).starts_with("config: invalid type"));
    assert!(field(json!({"name": "x", "type": "duckdb"})).starts_with("config: missing"));
    assert_eq!(field(duckdb("dwh.duckdb")), "config.path: must be an absolute path");
    let sized = |field: &str, size: i64| json!({"name": "x", "type": "duckdb", "config": {"path": "/x", field: size}});
    assert_eq!(field(sized("batch_rows", 0)), "config.batch_rows: must be from 1 to 10000000");
    assert_eq!(field(sized("batch_bytes", 1000)), "config.batch_bytes: must be from 65536 to 268435456");
    assert!(field(sized("batch_bytes", -1)).starts_with("config.batch_bytes: "));
}

#[test]
fn sizes_of_chunks_are_kept_and_shown() {
    let app = TestApp::start();
    let sized =
        json!({"host": "h", "database": "d", "username": "u", "batch_rows": 500, "batch_bytes": 65536});
    let shown = app.post("/destinations", postgres(sized)).json(201)["config"].clone();
    assert_eq!((&shown["batch_rows"], &shown["batch_bytes"]), (&json!(500), &json!(65536)));
    assert_eq!(app.get("/destinations/1").json(200)["config"], shown);
}

#[test]
fn replacing_keeps_a_password_that_is_left_out() {
    let app = TestApp::start();
    app.post(
        "/destinations",
        postgres(json!({"host": "h", "database": "d", "username": "u", "password": "old"})),
    )
    .json(201);
    let replaced =
        app.put("/destinations/1", postgres(json!({"host": "h2", "database": "d", "username": "u"})));
    assert_eq!(replaced.json(200)["config"]["host"], "h2");
    assert_eq!(app.database.password("SELECT settings #>> '{config,password}' FROM destinations"), "old");
    app.put("/destinations/9", duckdb("/x")).problem(404);
}

#[test]
fn a_destination_in_use_stays_and_its_users_are_named() {
    let shop = Scenario::shop();
    shop.job_in("COMPLETED");
    let path = format!("/destinations/{}", shop.destination_id);
    assert_eq!(
        shop.app.delete(&path).problem(409)["detail"],
        "destination 1 is used by pipeline 1 and 1 job"
    );
    shop.app.delete("/pipelines/1").json(204);
    shop.app.delete(&path).json(204);
    shop.app.delete(&path).problem(404);
}

#[test]
fn a_postgres_is_tested_by_connecting() {
    let (app, target) = (TestApp::start(), TestDatabase::create());
    let url = target.parsed_url();
    let config = json!({"host": url.host_str(), "port": url.port(), "database": &url.path()[1..],
        "username": url.username(), "password": url.password(), "schema": "new"});
    app.post("/destinations", postgres(config)).json(201);
    let found = app.post("/destinations/1/test", json!({})).json(200);
    assert_eq!((&found["reachable"], &found["missing"]), (&json!(true), &json!([])));
}

#[test]
fn a_destination_is_tested_before_it_is_stored() {
    let (app, target) = (TestApp::start(), TestDatabase::create());
    let url = target.parsed_url();
    let mut config = json!({"host": url.host_str(), "port": url.port(), "database": &url.path()[1..],
        "username": url.username(), "password": url.password()});
    let stored = postgres(config.clone());
    assert_eq!(app.post("/destinations/test", stored.clone()).json(200)["missing"], json!([]));
    assert_eq!(app.get("/destinations").json(200)["total"], 0);

    app.post("/destinations", stored).json(201);
    config["password"] = Value::Null;
    config["schema"] = json!("another");
    let found = app.post("/destinations/test?like=1", postgres(config.clone())).json(200);
    assert_eq!(found["missing"], json!([]));
    app.post("/destinations/test?like=2", postgres(config)).problem(404);
}

#[test]
fn a_file_is_tested_as_the_apis_host_sees_it() {
    let app = TestApp::start();
    let folder = env::temp_dir().join(format!("backfill-test-{}", Uuid::new_v4()));
    fs::create_dir(&folder).unwrap();
    let text_file = folder.join("notes.txt");
    fs::write(&text_file, "no database at all").unwrap();
    let missing = |request: Value| {
        let id = app.post("/destinations", request).json(201)["id"].clone();
        app.post(&format!("/destinations/{id}/test"), json!({})).json(200)["missing"].clone()
    };
    let new = folder.join("deep/er/dwh.duckdb");
    assert_eq!(missing(duckdb(new.to_str().unwrap())), json!([]));
    let seen = "(as the API's host sees it; what counts is the host of the daemons)";
    let shown = text_file.display();
    assert_eq!(
        missing(duckdb(text_file.to_str().unwrap())),
        json!([format!("{shown} exists and is no DuckDB database {seen}")])
    );
    let lake = json!({"name": "lake", "type": "parquet", "config": {"path": text_file}});
    assert_eq!(missing(lake), json!([format!("{shown} is no folder {seen}")]));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the test left something behind");
    fs::remove_dir_all(&folder).unwrap();
}
