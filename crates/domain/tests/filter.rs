//! What a filter may say, and which field is named when it says something else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use backfill_domain::{
    catalog::{Column, DataType, Table, TableKind, TypeKind},
    filter::{Condition, Filter, MAX_LIST_VALUES, Operator, bind, check_number, join},
    validation::FieldError,
};
use serde_json::{Value, json};

fn column(name: &str, type_name: &str, oid: u32, base: &str) -> Column {
    let data_type =
        DataType { oid, name: base.to_owned(), modifier: -1, kind: TypeKind::Base, element_oid: None };
    Column { name: name.to_owned(), type_name: type_name.to_owned(), nullable: true, data_type }
}

fn orders() -> Table {
    Table {
        schema: "public".to_owned(),
        name: "orders".to_owned(),
        kind: TableKind::Table,
        estimated_rows: None,
        bytes: None,
        columns: vec![
            column("id", "bigint", 20, "bigint"),
            column("note", "text", 25, "text"),
            column("email", "\"Ext.s\".citext", 16400, "\"Ext.s\".citext"),
            column("price", "numeric(10,2)", 1700, "numeric"),
            column("created_at", "timestamp without time zone", 1114, "timestamp without time zone"),
        ],
        primary_key: Vec::new(),
        indexes: Vec::new(),
    }
}

fn filter(column: &str, operator: &str, value: Value) -> Filter {
    serde_json::from_value(json!({ "column": column, "operator": operator, "value": value })).unwrap()
}

fn bound(filters: &[Filter]) -> Vec<Condition> {
    bind(filters, &orders()).unwrap_or_else(|errors| panic!("refused: {errors:?}"))
}

fn sql(filter: Filter) -> String {
    bound(&[filter])[0].to_sql()
}

/// The one error that `filters` have: its field and its message.
fn error(filters: &[Filter]) -> (String, String) {
    let errors = bind(filters, &orders()).expect_err("no error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].field.clone(), errors[0].message.clone())
}

#[test]
fn every_operator_renders_as_sql_with_quoted_names_and_typed_values() {
    for (operator, value, expected) in [
        ("=", json!("5"), r#""price" = '5'::numeric"#),
        ("!=", json!(5), r#""price" != '5'::numeric"#),
        (">", json!(5.5), r#""price" > '5.5'::numeric"#),
        ("<", json!(-5), r#""price" < '-5'::numeric"#),
        (">=", json!("NaN"), r#""price" >= 'NaN'::numeric"#),
        ("<=", json!(0), r#""price" <= '0'::numeric"#),
        ("IS NULL", Value::Null, r#""price" IS NULL"#),
        ("IS NOT NULL", Value::Null, r#""price" IS NOT NULL"#),
        ("IN", json!([1, "2"]), r#""price" IN ('1'::numeric, '2'::numeric)"#),
        ("NOT IN", json!([1]), r#""price" NOT IN ('1'::numeric)"#),
        ("BETWEEN", json!([1, 2]), r#""price" BETWEEN '1'::numeric AND '2'::numeric"#),
    ] {
        assert_eq!(sql(filter("price", operator, value)), expected);
    }
}

#[test]
fn patterns_keep_their_wildcards_and_backslashes() {
    assert_eq!(sql(filter("note", "LIKE", json!("100\\%%"))), r#""note" LIKE E'100\\%%'"#);
    assert_eq!(sql(filter("note", "ILIKE", json!("it's_"))), r#""note" ILIKE 'it''s_'"#);
}

/// Their operators live in the extension's schema, which the search_path need not name.
#[test]
fn types_of_extensions_are_compared_by_the_operators_of_their_schema() {
    for (operator, value, expected) in [
        ("!=", json!("a"), r#""email" OPERATOR("Ext.s".!=) 'a'::"Ext.s".citext"#),
        ("LIKE", json!("a%"), r#""email" OPERATOR("Ext.s".~~) 'a%'"#),
        ("NOT IN", json!(["a"]), r#""email" OPERATOR("Ext.s".<>) ALL (ARRAY['a'::"Ext.s".citext])"#),
        ("IS NULL", Value::Null, r#""email" IS NULL"#),
    ] {
        assert_eq!(sql(filter("email", operator, value)), expected);
    }
}

#[test]
fn a_number_keeps_every_digit() {
    for digits in
        ["12345678901234567890.123456789012345678901", "9223372036854775807", "1.10", "-0.0", "1e-7"]
    {
        let json = format!(r#"{{"column": "price", "operator": "=", "value": {digits}}}"#);
        let filter = serde_json::from_str(&json).unwrap();
        assert_eq!(sql(filter), format!("\"price\" = '{digits}'::numeric"));
    }
}

#[test]
fn operators_are_read_in_any_case_and_with_any_blanks() {
    for (text, operator) in
        [("like", Operator::Like), ("Is  Not\tnull", Operator::IsNotNull), (" >= ", Operator::GreaterOrEqual)]
    {
        assert_eq!(filter("note", text, Value::Null).operator, operator);
    }
}

#[test]
fn an_unknown_operator_is_refused_and_the_known_ones_are_listed() {
    for operator in ["", "==", "~", "; DROP TABLE orders", "= 1 OR 1 ="] {
        let json = json!({ "column": "id", "operator": operator, "value": 1 });
        let error = serde_json::from_value::<Filter>(json).unwrap_err().to_string();
        assert!(error.contains("unknown operator") && error.contains("IS NOT NULL"), "{error}");
    }
}

#[test]
fn conditions_are_joined_in_brackets() {
    let conditions = bound(&[filter("id", ">", json!(1)), filter("note", "IS NULL", Value::Null)]);
    assert_eq!(join(&conditions).unwrap(), r#"("id" > '1'::bigint) AND ("note" IS NULL)"#);
    assert_eq!(join(&[]), None);
}

#[test]
fn five_filters_are_allowed_and_six_are_not() {
    let filters = vec![filter("id", "=", json!(1)); 6];
    assert_eq!(check_number(&filters[..5]), None);
    let FieldError { field, message } = check_number(&filters).unwrap();
    assert_eq!(field, "filters");
    assert!(message.contains('6') && message.contains('5'), "{message}");
}

#[test]
fn an_unknown_column_is_named_with_the_known_ones() {
    let unknown = ["ID", "\"id\"", "id; DROP TABLE orders", "", "public.orders.id", "id\0"];
    for name in unknown {
        let (field, message) = error(&[filter("id", "=", json!(1)), filter(name, "=", json!(1))]);
        assert_eq!(field, "filters[1].column", "{name:?}");
        assert!(message.contains("id, note, email, price, created_at"), "{message}");
    }
}

#[test]
fn a_value_that_does_not_suit_its_operator_is_refused() {
    let comparisons = ["=", "!=", ">", "<", ">=", "<="];
    let mut refused = Vec::new();
    for operator in comparisons {
        refused.extend([(operator, json!(null)), (operator, json!([1])), (operator, json!({ "a": 1 }))]);
    }
    for operator in ["IN", "NOT IN"] {
        refused.extend([
            (operator, json!(null)),
            (operator, json!(1)),
            (operator, json!("1")),
            (operator, json!([])),
            (operator, json!([1, null])),
            (operator, json!([1, [2]])),
            (operator, json!([1, { "a": 1 }])),
            (operator, json!({ "0": 1 })),
            (operator, json!(vec![1; MAX_LIST_VALUES + 1])),
        ]);
    }
    for operator in ["IS NULL", "IS NOT NULL"] {
        refused.extend([
            (operator, json!(1)),
            (operator, json!("")),
            (operator, json!(false)),
            (operator, json!([])),
        ]);
    }
    refused.extend([
        ("BETWEEN", json!(null)),
        ("BETWEEN", json!(1)),
        ("BETWEEN", json!([])),
        ("BETWEEN", json!([1])),
        ("BETWEEN", json!([1, 2, 3])),
        ("BETWEEN", json!([1, null])),
        ("BETWEEN", json!([1, [2]])),
        ("LIKE", json!(null)),
        ("LIKE", json!(1)),
        ("LIKE", json!(true)),
        ("LIKE", json!(["%"])),
        ("ILIKE", json!({ "a": "%" })),
    ]);
    for (operator, value) in refused {
        let (field, message) = error(&[filter("note", operator, value.clone())]);
        assert_eq!(field, "filters[0].value", "{operator} {value}: {message}");
    }
}

#[test]
fn a_filter_for_null_points_to_is_null() {
    for (operator, value) in [("=", json!(null)), ("!=", json!(null)), ("IN", json!([null]))] {
        let (_, message) = error(&[filter("note", operator, value)]);
        assert!(message.contains("IS NULL"), "{message}");
    }
}

#[test]
fn the_longest_list_is_allowed() {
    bound(&[filter("id", "IN", json!(vec![1; MAX_LIST_VALUES]))]);
}

#[test]
fn nul_is_refused_wherever_a_text_may_stand() {
    for (operator, value) in [
        ("=", json!("a\0b")),
        ("LIKE", json!("\0")),
        ("IN", json!(["a", "\0"])),
        ("BETWEEN", json!(["\0", "b"])),
    ] {
        let (field, message) = error(&[filter("note", operator, value)]);
        assert_eq!(field, "filters[0].value");
        assert!(message.contains("NUL"), "{message}");
    }
}

#[test]
fn every_bad_filter_is_reported_not_only_the_first() {
    let filters = [
        filter("nowhere", "=", json!(1)),
        filter("id", "=", json!(1)),
        filter("id", "IN", json!([])),
        filter("note", "LIKE", json!(1)),
        filter("note", "IS NULL", json!(1)),
        filter("note", "=", Value::Null),
    ];
    let errors = bind(&filters, &orders()).unwrap_err();
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    let expected =
        ["filters[0].column", "filters[2].value", "filters[3].value", "filters[4].value", "filters[5].value"];
    assert_eq!(fields, expected);
}

/// PostgreSQL refuses such a pattern only at the first row that it comes to compare: a job would fail midway.
#[test]
fn a_pattern_that_ends_with_an_escape_of_nothing_is_refused() {
    for pattern in ["\\", "abc\\", "abc\\\\\\"] {
        let (field, message) = error(&[filter("note", "LIKE", json!(pattern))]);
        assert_eq!(field, "filters[0].value");
        assert!(message.contains("backslash"), "{message}");
    }
    bound(&[filter("note", "LIKE", json!("abc\\\\")), filter("note", "=", json!("\\"))]);
}

/// Each chunk of a job parses its filter anew; a resumed job, days later. All must select by the same value.
#[test]
fn a_date_that_moves_with_the_clock_is_refused() {
    for value in ["now", "Today", "YESTERDAY", "tomorrow 12:00", " now ", "2024-01-01 now"] {
        let (field, message) = error(&[filter("created_at", ">=", json!(value))]);
        assert_eq!(field, "filters[0].value");
        assert!(message.contains("write the date itself"), "{message}");
    }
    bound(&[filter("created_at", "<", json!("infinity")), filter("note", "=", json!("now"))]);
}

/// The filters are stored as JSONB, whose numbers PostgreSQL writes without exponent and limits in length.
#[test]
fn a_number_that_jsonb_would_rewrite_or_refuse_must_be_a_text_for_a_text_column() {
    for digits in ["1e3", "1E+3", "1e-999999", "-0.0"] {
        let number: Value = serde_json::from_str(digits).unwrap();
        let (field, message) = error(&[filter("note", "=", number)]);
        assert_eq!(field, "filters[0].value");
        assert!(message.contains("as a text"), "{message}");
    }
    bound(&[
        filter("note", "=", json!(15)),
        filter("note", "=", json!("1e3")),
        filter("price", "=", json!(1e21)),
    ]);
}
