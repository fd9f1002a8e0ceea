//! Requests that cannot be read, or ask for what is not there.

use serde_json::json;

use crate::harness::TestApp;

#[test]
fn a_body_that_is_no_json_is_malformed() {
    let app = TestApp::start();
    for body in ["", "{", "{\"name\": }", "nonsense", "{} {}"] {
        app.post_text("/sources", body, "application/json").problem(400);
    }
    let problem = app.post_text("/sources", "{", "application/json").problem(400);
    insta::assert_snapshot!(serde_json::to_string_pretty(&problem).unwrap(), @r#"
    {
      "detail": "the body is no JSON: EOF while parsing an object at line 1 column 1",
      "status": 400,
      "title": "The request cannot be read",
      "type": "/problems/malformed"
    }
    "#);
}

#[test]
fn a_body_of_another_type_or_too_large_is_refused() {
    let app = TestApp::start();
    app.post_text("/sources", "name=x", "application/x-www-form-urlencoded").problem(415);
    app.post_text("/sources", "{}", "application/json; charset=utf-8").problem(422);
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    app.post_text("/sources", &large, "application/json").problem(413);
}

#[test]
fn a_well_formed_body_that_does_not_fit_is_invalid() {
    let app = TestApp::start();
    let field = |body| app.post("/sources", body).bad_field();
    assert_eq!(field(json!({})), "name: missing field `name`");
    assert!(field(json!({"name": 1})).starts_with("name: invalid type"));
    assert_eq!(
        field(json!({"name": "x", "port": 70000})),
        "port: must be a whole number within the field's range"
    );
    assert!(field(json!({"name": "x", "sslmode": "maybe"})).starts_with("sslmode: unknown variant"));
    assert!(field(json!({"name": "x", "colour": 1})).starts_with("colour: unknown field"));
    assert!(field(json!([])).contains("invalid"));
    let write_mode = app.post("/pipelines/1/backfill", json!({"table_name": "t", "write_mode": "merge"}));
    assert!(write_mode.bad_field().starts_with("write_mode: unknown variant"));
    let ids = json!({"name": "x", "source_id": 1, "destination_ids": [1, "2"]});
    assert!(app.post("/pipelines", ids).bad_field().starts_with("destination_ids[1]: invalid type"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&app.post("/sources", json!({})).problem(422)).unwrap(), @r#"
    {
      "detail": "name: missing field `name`",
      "errors": [
        {
          "field": "name",
          "message": "missing field `name`"
        }
      ],
      "status": 422,
      "title": "The request is well-formed but invalid",
      "type": "/problems/invalid"
    }
    "#);
}

#[test]
fn a_secret_that_does_not_fit_is_not_repeated() {
    let app = TestApp::start();
    let answer = app.post("/sources", json!({"name": "x", "password": ["s3cret"]}));
    assert!(answer.bad_field().starts_with("password: "));
    assert!(!answer.text.contains("s3cret"));
    for body in [json!("postgres://u:s3cret@h/d"), json!({"name": "x", "port": "s3cret, expected"})] {
        let answer = app.post("/sources", body);
        assert!(answer.bad_field().contains("invalid type: string, expected"), "{}", answer.text);
        assert!(!answer.text.contains("s3cret"), "{}", answer.text);
    }
    let answer = app.post("/sources", json!({"name": "x", "url": 5318008}));
    assert!(!answer.text.contains("5318008"), "{}", answer.text);
}

#[test]
fn pages_have_bounds() {
    let app = TestApp::start();
    let field = |query: &str| app.get(&format!("/backfill?{query}")).bad_field();
    assert_eq!(field("limit=0"), "limit: must be from 1 to 1000");
    assert_eq!(field("limit=1001"), "limit: must be from 1 to 1000");
    assert_eq!(field("skip=-1"), "skip: must not be negative");
    assert!(field("limit=many").starts_with("limit: "));
    assert!(field("skip=99999999999999999999").starts_with("skip: "));
    assert!(field("status=LOST").starts_with("status: unknown variant"));
    app.get("/backfill?limit=1000&skip=9223372036854775807").json(200);
    app.get("/backfill?status=%FF").problem(400);
}

#[test]
fn what_is_not_there_is_not_found() {
    let app = TestApp::start();
    for path in [
        "/sources/1",
        "/sources/x",
        "/sources/-1",
        "/sources/99999999999999999999",
        "/backfill/1.5",
        "/x",
        "//x",
    ] {
        app.get(path).problem(404);
    }
    app.post("/backfill/x/cancel", json!({})).problem(404);
    app.delete("/destinations/1").problem(404);
}

#[test]
fn a_method_that_a_path_has_not_is_refused_with_those_it_has() {
    let app = TestApp::start();
    let answer = app.delete("/sources");
    answer.problem(405);
    assert_eq!(answer.header("allow"), "GET, POST");
    assert_eq!(app.put("/sources/1/test", json!({})).problem(405)["type"], "/problems/method-not-allowed");
    app.post("//metrics", json!({})).problem(405);
}
