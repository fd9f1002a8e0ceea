//! Sources.

use std::{net::TcpListener, thread, time::Duration};

use serde_json::json;

use crate::harness::{Scenario, TestApp, TestDatabase};

#[test]
fn a_source_is_created_from_a_url_and_shown_without_its_password() {
    let app = TestApp::start();
    let url = "postgres://me:s3cr%20t@db.example:6432/shop?sslmode=require";
    let answer = app.post("/sources", json!({"name": "shop", "url": url}));
    let source = answer.json(201);
    assert_eq!(answer.header("location"), format!("/api/v1/sources/{}", source["id"]));
    assert_eq!(source["host"], "db.example");
    assert_eq!(source["port"], 6432);
    assert_eq!(source["username"], "me");
    assert_eq!(source["sslmode"], "require");
    let shown = app.get(&format!("/sources/{}", source["id"]));
    assert_eq!(shown.json(200), source);
    for text in [answer.text, shown.text, app.get("/sources").text] {
        assert!(!text.contains("s3cr") && !text.contains("password"), "{text}");
    }
    assert_eq!(app.database.password("SELECT password FROM sources"), "s3cr t");
}

#[test]
fn a_source_is_created_from_its_parts() {
    let app = TestApp::start();
    let parts = json!({"name": "shop", "host": "::1", "database": "shop", "username": "u", "password": "p"});
    let source = app.post("/sources", parts).json(201);
    assert_eq!(
        (&source["host"], &source["port"], &source["sslmode"]),
        (&json!("::1"), &json!(5432), &json!("prefer"))
    );
}

#[test]
fn every_bad_part_is_named() {
    let app = TestApp::start();
    let fields =
        app.post("/sources", json!({"name": " ", "port": 0, "host": "h", "username": "u"})).bad_fields();
    assert_eq!(
        fields,
        ["name: must not be empty", "database: must not be empty", "port: must be from 1 to 65535"]
    );
    let answer = app.post("/sources", json!({"name": "x", "url": "mysql://u:secret@h/d"}));
    assert_eq!(answer.bad_field(), "url: must begin with postgres://, not mysql://");
    assert!(!answer.text.contains("secret"));
}

#[test]
fn replacing_keeps_a_password_that_is_left_out() {
    let app = TestApp::start();
    app.post("/sources", json!({"name": "a", "url": "postgres://u:old@h/d"})).json(201);
    let renamed = app.put("/sources/1", json!({"name": "b", "host": "h2", "database": "d", "username": "u"}));
    assert_eq!((&renamed.json(200)["name"], &renamed.json(200)["host"]), (&json!("b"), &json!("h2")));
    let password = || app.database.password("SELECT password FROM sources");
    assert_eq!(password(), "old");
    app.put("/sources/1", json!({"name": "b", "url": "postgres://u:new@h/d"})).json(200);
    assert_eq!(password(), "new");
    app.put("/sources/2", json!({"name": "b", "url": "postgres://u:new@h/d"})).problem(404);
}

#[test]
fn limits_are_shown_kept_and_taken_off() {
    let app = TestApp::start();
    let url = "postgres://u@h/d";
    let source = app.post("/sources", json!({"name": "a", "url": url})).json(201);
    assert_eq!(source["limits"]["max_jobs"], json!(null));
    let limits = json!({"max_jobs": 3, "max_connections": 8});
    let put = |body| app.put("/sources/1", body).json(200)["limits"].clone();
    let limited = put(json!({"name": "a", "url": url, "limits": limits}));
    assert_eq!((&limited["max_jobs"], &limited["max_connections"]), (&json!(3), &json!(8)));
    assert_eq!(put(json!({"name": "b", "url": url})), limited, "they are left out");
    assert_eq!(put(json!({"name": "b", "url": url, "limits": limited.clone()})), limited);
    assert_eq!(put(json!({"name": "b", "url": url, "limits": {}})), source["limits"]);
    let bad = app
        .post("/sources", json!({"name": "a", "url": url, "limits": {"max_jobs": 0, "max_connections": 1}}));
    assert_eq!(
        bad.bad_fields(),
        ["limits.max_jobs: must be from 1 to 1000", "limits.max_connections: must be from 2 to 2000"]
    );
}

#[test]
fn lists_are_paged_by_id() {
    let app = TestApp::start();
    for name in ["a", "b", "c"] {
        app.post("/sources", json!({"name": name, "url": "postgres://u@h/d"})).json(201);
    }
    let page = app.get("/sources?skip=1&limit=1").json(200);
    assert_eq!(page["total"], 3);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["name"], "b");
}

#[test]
fn a_source_in_use_stays_and_its_users_are_named() {
    let shop = Scenario::shop();
    shop.job_in("COMPLETED");
    let path = format!("/sources/{}", shop.source_id);
    let problem = shop.app.delete(&path).problem(409);
    assert_eq!(problem["detail"], "source 1 is used by pipeline 1 and 1 job");
    shop.app.delete("/pipelines/1").json(204);
    shop.app.delete(&path).json(204);
    shop.app.get(&path).problem(404);
    shop.app.delete(&path).problem(404);
}

#[test]
fn a_test_tells_what_a_source_is_and_what_is_missing() {
    let shop = Scenario::shop();
    let found = shop.app.post("/sources/1/test", json!({})).json(200);
    assert_eq!(found["reachable"], true);
    assert_eq!(found["is_replica"], false);
    assert_eq!((&found["tables"], &found["readable_tables"]), (&json!(1), &json!(1)));
    assert_eq!(found["missing"], json!([]));
}

#[test]
fn a_source_is_tested_before_it_is_stored() {
    let (app, database) = (TestApp::start(), TestDatabase::create());
    let request = json!({"name": "shop", "url": database.url()});
    assert_eq!(app.post("/sources/test", request.clone()).json(200)["missing"], json!([]));
    assert_eq!(app.get("/sources").json(200)["total"], 0);
    assert!(
        app.post("/sources/test", json!({"name": "shop", "url": "mysql://h"}))
            .bad_field()
            .starts_with("url: ")
    );

    app.post("/sources", request).json(201);
    let url = database.parsed_url();
    let changed = json!({"name": "shop", "host": url.host_str(), "port": url.port(),
        "database": "does_not_exist", "username": url.username()});
    let found = app.post("/sources/test?like=1", changed.clone()).json(200);
    assert!(found["missing"][0].as_str().unwrap().contains("does not exist"), "{found:#}");
    app.post("/sources/test?like=2", changed).problem(404);
}

#[test]
fn a_test_of_a_source_out_of_reach_is_an_answer_too() {
    let app = TestApp::start();
    app.post("/sources", json!({"name": "gone", "url": "postgres://u:s3cret@127.0.0.1:1/d"})).json(201);
    let answer = app.post("/sources/1/test", json!({}));
    assert_eq!(answer.json(200)["reachable"], false);
    assert!(answer.json(200)["missing"][0].as_str().unwrap().starts_with("cannot connect to 127.0.0.1:1/d"));
    assert!(!answer.text.contains("s3cret"));
    app.post("/sources/2/test", json!({})).problem(404);
}

#[test]
fn a_source_that_refuses_the_database_is_the_requests_problem() {
    let app = TestApp::start();
    let gone = {
        let database = TestDatabase::create();
        database.url().to_owned()
    };
    app.post("/sources", json!({"name": "gone", "url": gone})).json(201);
    let field = app.get("/sources/1/tables").bad_field();
    assert!(field.starts_with("source_id: cannot connect to "), "{field}");
    assert!(field.contains("does not exist"), "{field}");
}

#[test]
fn a_source_that_says_nothing_is_not_waited_for_for_ever() {
    let app = TestApp::start();
    // Connections queue up here, and nobody takes them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u@{}/d", silent.local_addr().unwrap());
    app.post("/sources", json!({"name": "silent", "url": url})).json(201);
    let message = "the server has not answered within 15 seconds";
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(app.post("/sources/1/test", json!({})).json(200)["missing"], json!([message]))
        });
        assert_eq!(app.get("/sources/1/tables").bad_field(), format!("source_id: {message}"));
    });
}

/// However many requests ask about it.
#[test]
fn a_source_has_eight_connections_of_the_api_at_most() {
    let app = TestApp::start();
    let source = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u@{}/d?sslmode=disable", source.local_addr().unwrap());
    app.post("/sources", json!({"name": "busy", "url": url})).json(201);
    thread::scope(|scope| {
        let requests: Vec<_> =
            (0..12).map(|_| scope.spawn(|| app.get("/sources/1/tables").bad_field())).collect();
        let mut connections: Vec<_> = (0..8).map(|_| source.accept().unwrap()).collect();
        source.set_nonblocking(true).unwrap();
        thread::sleep(Duration::from_millis(300));
        assert!(source.accept().is_err());
        source.set_nonblocking(false).unwrap();
        for _ in 8..12 {
            connections.pop();
            connections.push(source.accept().unwrap());
        }
        drop(connections);
        for request in requests {
            let field = request.join().unwrap();
            assert!(field.starts_with("source_id: cannot connect to "), "{field}");
        }
    });
}
