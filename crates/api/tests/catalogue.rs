//! The tables of a source.

use serde_json::{Value, json};

use crate::harness::Scenario;

fn names(tables: &Value) -> Vec<String> {
    let name =
        |table: &Value| format!("{} {}", table["kind"].as_str().unwrap(), table["name"].as_str().unwrap());
    tables["items"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn every_kind_of_table_is_listed_with_its_columns_key_and_indexes() {
    let shop = Scenario::with(
        r#"CREATE TABLE "Odd "" name" ("Key" int, part text NOT NULL, note varchar(20), PRIMARY KEY (part, "Key"));
           CREATE INDEX by_note ON "Odd "" name" (lower(note));
           CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
           CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
           CREATE VIEW recent AS SELECT * FROM events;
           CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM events;"#,
    );
    let tables = shop.app.get("/sources/1/tables").json(200);
    assert_eq!(tables["total"], 5);
    assert_eq!(
        names(&tables),
        [
            "table Odd \" name",
            "partitioned_table events",
            "table events_1",
            "view recent",
            "materialized_view summary"
        ]
    );
    let odd = &tables["items"][0];
    assert_eq!(odd["schema"], "public");
    assert_eq!(odd["primary_key"], json!(["part", "Key"]));
    assert_eq!(odd["columns"][2], json!({"name": "note", "type": "character varying(20)", "nullable": true}));
    assert_eq!(odd["indexes"][1]["columns"], json!(["lower((note)::text)"]));
}

#[test]
fn the_list_is_paged() {
    let shop = Scenario::with("CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE TABLE c (x int)");
    let page = shop.app.get("/sources/1/tables?skip=1&limit=1").json(200);
    assert_eq!((&page["total"], names(&page)), (&json!(3), vec!["table b".to_owned()]));
}

#[test]
fn an_unknown_source_has_no_tables() {
    Scenario::shop().app.get("/sources/99/tables").problem(404);
}
