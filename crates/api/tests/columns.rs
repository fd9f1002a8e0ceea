//! What columns are taken, and what is said of the others; write modes that need a key.

use serde_json::{Value, json};

use crate::harness::Scenario;

fn lines() -> Scenario {
    Scenario::with(
        "CREATE TABLE lines (day date, line int, \"Total\" numeric, note text, PRIMARY KEY (day, line)); CREATE TABLE heap (id int)",
    )
}

fn request(columns: Value, mode: Option<&str>) -> Value {
    json!({"table_name": "lines", "columns": columns, "write_mode": mode})
}

#[test]
fn chosen_columns_are_kept_with_the_job() {
    let shop = lines();
    let columns = json!([{"name": "Total", "as": "amount"}, {"name": "line"}, {"name": "day", "as": "Day"}]);
    let filter = json!([{"column": "note", "operator": "IS NULL"}]);
    let mut body = request(columns, Some("insert_missing"));
    body["filters"] = filter;
    let job = shop.request(body).json(201);
    let shown = json!([{"name": "Total", "as": "amount"}, {"name": "line", "as": null}, {"name": "day", "as": "Day"}]);
    assert_eq!((&job["columns"], &job["write_mode"]), (&shown, &json!("insert_missing")));
    assert_eq!(job["new_columns"], "report");
    assert_eq!(shop.app.get(&format!("/backfill/{}", job["id"])).json(200), job);
    let all = shop.request(json!({"table_name": "lines", "new_columns": "add"})).json(201);
    assert_eq!((&all["columns"], &all["new_columns"]), (&Value::Null, &json!("add")));
}

#[test]
fn every_column_that_cannot_be_copied_is_named() {
    let shop = lines();
    let columns = json!([
        {"name": "total"}, {"name": "day"}, {"name": "day", "as": "d"}, {"name": "line", "as": "day"},
        {"name": "note", "as": ""}, {"name": "Total", "as": "ü".repeat(32)},
    ]);
    let mut body = request(columns, None);
    body["filters"] = json!([{"column": "line", "operator": "=", "value": "x"}]);
    assert_eq!(
        shop.request(body).bad_fields(),
        [
            "columns[0].name: public.lines has no column \"total\"; similar are Total",
            "columns[2].name: column day is chosen already, by columns[1]",
            "columns[3].as: columns[1] has the name day at the destinations",
            "columns[4].as: must not be empty; leave it out to keep the name",
            "columns[5].as: must have at most 63 bytes",
            "filters[0].value: does not fit column line of type integer: invalid input syntax for type integer: \"x\"",
        ]
    );
    let empty = shop.request(request(json!([]), None)).bad_field();
    assert_eq!(empty, "columns: names no column; leave it out to copy all of them");
    let unknown = shop.request(request(json!([{"name": "day", "rename": "d"}]), None)).bad_field();
    assert!(unknown.starts_with("columns[0].rename: unknown field"), "{unknown}");
    let nul = shop.request(request(json!([{"name": "day", "as": "a\u{0}"}]), Some("append"))).bad_field();
    assert_eq!(nul, "columns[0].as: must not contain the NUL character");
    let odd = shop.request(request(json!([{"name": "day\u{0}"}]), Some("append"))).bad_field();
    assert!(odd.starts_with("columns[0].name: public.lines has no column"), "{odd}");
}

#[test]
fn a_mode_that_tells_rows_by_their_keys_needs_all_of_the_key() {
    let shop = lines();
    let part = json!([{"name": "line"}, {"name": "note"}]);
    for mode in ["upsert", "insert_missing"] {
        assert_eq!(
            shop.request(request(part.clone(), Some(mode))).bad_field(),
            format!(
                "columns: {mode} finds rows by the primary key, of which day is left out: add it, or use append"
            )
        );
        assert_eq!(
            shop.request(json!({"table_name": "heap", "write_mode": mode})).bad_field(),
            format!("write_mode: {mode} needs a primary key, and public.heap has none; use append")
        );
    }
    for (mode, taken) in [(None, "append"), (Some("replace"), "replace")] {
        let mut body = request(part.clone(), mode);
        body["filters"] = json!([{"column": "line", "operator": "=", "value": taken.len()}]);
        assert_eq!(shop.request(body).json(201)["write_mode"], taken);
    }
    assert_eq!(
        shop.request(json!({"table_name": "heap", "write_mode": "replace"})).json(201)["write_mode"],
        "replace"
    );
}
