//! Names that need quotes.

use serde_json::json;

use crate::harness::{ALL, Stack};

#[test]
fn names_may_hold_anything() {
    let stack = Stack::with_batches(
        3,
        r#"CREATE SCHEMA "Odd.Schema";
           CREATE TABLE "Odd.Schema"."My.Ta""ble /x" ("Key.1" int, "q""q" text, "with space" text, "ключ" int, "%" int, PRIMARY KEY ("Key.1", "ключ"));
           INSERT INTO "Odd.Schema"."My.Ta""ble /x" SELECT n, 'q' || n, NULL, -n, n FROM generate_series(1, 20) n"#,
    );
    let _daemon = stack.daemon();
    for mode in ["append", "upsert"] {
        let job = stack.backfill(ALL, &json!({"table_name": r#""Odd.Schema"."My.Ta""ble /x""#, "write_mode": mode, "filters": [{"column": "Key.1", "operator": ">", "value": 5}]}));
        assert_eq!(job.completes(), 15);
        job.compare(r#""My.Ta""ble /x""#)
            .in_schema(r#""Odd.Schema""#)
            .filtered(r#""Key.1" > 5"#)
            .assert_equal();
    }
}

#[test]
fn reserved_words_are_names_too() {
    let stack = Stack::with_batches(
        3,
        r#"CREATE TABLE "select" ("order" int PRIMARY KEY, "from" text, "group" int, "excluded" int, "held" int, "source" int, "staged" int, "ledger" int);
           INSERT INTO "select" SELECT n, 'f' || n, n, n, n, n, n, n FROM generate_series(1, 20) n"#,
    );
    let _daemon = stack.daemon();
    for _ in 0..2 {
        let job = stack.backfill(ALL, &json!({"table_name": r#""select""#, "filters": [{"column": "group", "operator": "<=", "value": 18}]}));
        assert_eq!(job.completes(), 18);
        job.compare(r#""select""#).filtered(r#""group" <= 18"#).assert_equal();
    }
}

#[test]
fn same_named_tables_of_two_schemas_are_told_apart_at_the_source() {
    let stack = Stack::new(
        "CREATE SCHEMA other; CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
         CREATE TABLE other.t (id int PRIMARY KEY); INSERT INTO other.t VALUES (2), (3);",
    );
    let _daemon = stack.daemon();
    let job = stack.backfill(ALL, &json!({"table_name": "other.t"}));
    assert_eq!(job.completes(), 2);
    job.compare("t").in_schema("other").assert_equal();
}
