//! What filters are taken, and what is said of the others.

use serde_json::{Value, json};

use crate::harness::Scenario;

fn filter(column: &str, operator: &str, value: Value) -> Value {
    json!({"column": column, "operator": operator, "value": value})
}

#[test]
fn values_that_do_not_fit_their_column_are_refused_by_the_source() {
    let shop = Scenario::shop();
    let refused = [
        ("id", json!("twelve"), "bigint: invalid input syntax for type bigint: \"twelve\""),
        ("id", json!(1.5), "bigint: invalid input syntax for type bigint: \"1.5\""),
        (
            "id",
            json!(99999999999999999999u128),
            "bigint: value \"99999999999999999999\" is out of range for type bigint",
        ),
        ("ordered", json!("2024-02-30"), "date: date/time field value out of range: \"2024-02-30\""),
        ("ordered", json!("soon"), "date: invalid input syntax for type date: \"soon\""),
        ("token", json!("1234"), "uuid: invalid input syntax for type uuid: \"1234\""),
        ("state", json!("lost"), "public.state: invalid input value for enum public.state: \"lost\""),
        ("price", json!("cheap"), "numeric(10,2): invalid input syntax for type numeric: \"cheap\""),
        ("tags", json!("no array"), "text[]: malformed array literal: \"no array\""),
    ];
    for (column, value, message) in refused {
        let field = shop.filter(filter(column, "=", value)).bad_field();
        let expected = format!("filters[0].value: does not fit column {column} of type {message}");
        assert!(field.starts_with(&expected), "{field}\ninstead of\n{expected}");
    }
}

#[test]
fn operators_that_a_type_has_not_are_refused_by_the_source() {
    let shop = Scenario::shop();
    for (column, operator, value, type_name) in [
        ("id", "LIKE", json!("1%"), "bigint"),
        ("ordered", "ILIKE", json!("2024%"), "date"),
        ("attributes", "=", json!("{}"), "json"),
    ] {
        assert_eq!(
            shop.filter(filter(column, operator, value)).bad_field(),
            format!(
                "filters[0].operator: column {column} is of type {type_name}, which has no operator {operator}"
            )
        );
    }
}

#[test]
fn values_of_every_shape_are_taken() {
    let shop = Scenario::shop();
    for accepted in [
        filter("customer", "=", json!("O'Brien; DROP TABLE orders; -- \\ \u{1F600} /* \" $$")),
        filter("customer", "=", json!("007")),
        filter("customer", "LIKE", json!("a\\_%")),
        filter("price", "<=", json!(12.5)),
        filter("price", "=", json!("NaN")),
        filter("ordered", "<", json!("infinity")),
        filter("state", "IN", json!(["new", "paid"])),
        filter("id", "BETWEEN", json!([1, "9"])),
        filter("tags", "=", json!("{a,b}")),
        json!({"column": "customer", "operator": "IS NULL", "value": null}),
    ] {
        let answer = shop.filter(accepted.clone());
        assert_eq!(answer.status, 201, "{accepted}: {}", answer.text);
    }
}

#[test]
fn hostile_column_names_are_only_names() {
    let shop = Scenario::with(r#"CREATE TABLE orders ("x"" = 1; DROP TABLE orders; --" int PRIMARY KEY)"#);
    shop.filter(filter("x\" = 1; DROP TABLE orders; --", "=", json!(1))).json(201);
    let field = shop.filter(filter("1=1 OR id", "=", json!(1))).bad_field();
    assert!(field.starts_with("filters[0].column: public.orders has no column \"1=1 OR id\""), "{field}");
    shop.app.get("/sources/1/tables").json(200);
}

#[test]
fn every_bad_filter_is_named() {
    let shop = Scenario::shop();
    let filters = json!([
        filter("nope", "=", json!(1)),
        filter("id", "IS NULL", json!(1)),
        filter("id", ">", Value::Null),
        filter("id", "IN", json!([])),
        filter("id", "=", json!([1]))
    ]);
    let fields = shop.request(json!({"table_name": "orders", "filters": filters})).bad_fields();
    let places: Vec<_> = fields.iter().map(|field| field.split(':').next().unwrap()).collect();
    assert_eq!(
        places,
        ["filters[0].column", "filters[1].value", "filters[2].value", "filters[3].value", "filters[4].value"]
    );
    let both = json!([filter("id", "=", json!("a")), filter("id", "LIKE", json!("a"))]);
    let fields = shop.request(json!({"table_name": "orders", "filters": both})).bad_fields();
    assert!(
        fields[0].starts_with("filters[0].value") && fields[1].starts_with("filters[1].operator"),
        "{fields:?}"
    );
}

#[test]
fn more_than_five_filters_are_refused() {
    let shop = Scenario::shop();
    let filters = vec![filter("id", ">", json!(1)); 6];
    let field = shop.request(json!({"table_name": "orders", "filters": filters})).bad_field();
    assert_eq!(field, "filters: has 6 filters; at most 5 are allowed");
}

#[test]
fn unknown_operators_and_keys_have_their_path() {
    let shop = Scenario::shop();
    let field = shop.filter(filter("id", "; DROP", json!(1))).bad_field();
    assert!(field.starts_with("filters[0].operator: unknown operator"), "{field}");
    let field = shop.filter(json!({"column": "id", "operator": "=", "value": 1, "extra": 1})).bad_field();
    assert!(field.starts_with("filters[0].extra: unknown field"), "{field}");
    let field = shop.filter(json!({"operator": "="})).bad_field();
    assert!(field.starts_with("filters[0].column: missing field"), "{field}");
}

#[test]
fn a_number_that_the_queue_cannot_hold_is_refused() {
    let shop = Scenario::shop();
    let body = r#"{"table_name": "orders", "filters": [{"column": "customer", "operator": "=", "value": 1e999999}]}"#;
    let answer = shop.app.post_text("/pipelines/1/backfill", body, "application/json");
    assert!(
        answer.bad_field().starts_with("filters[0].value: write a number with an exponent"),
        "{}",
        answer.text
    );
}
