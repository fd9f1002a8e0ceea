//! What Backfill leaves behind is what it was asked for, and nothing else.

use std::{fs, path::Path};

use serde_json::json;

use crate::harness::{ALL, Place, Stack, eventually, orders};

/// All files below a folder, by their paths within it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|file| format!("{name}/{file}")));
        } else {
            found.push(name);
        }
    }
    found
}

#[test]
fn nothing_temporary_stays() {
    let stack = Stack::with_batches(
        200,
        &(orders(5000)
            + "CREATE TABLE prices (id int PRIMARY KEY, price numeric(10,2)); INSERT INTO prices VALUES (1, 1), (2, 'NaN');"),
    );
    stack.slow_down("orders", 20);
    let killed = stack.daemon();
    let completed = stack.append(ALL, "orders");
    completed.is_under_way();
    drop(killed);
    stack.expire_leases();
    let mut daemon = stack.daemon();
    completed.completes();
    // The second copy of a key fails; others are cancelled, or meet a bad value.
    stack.append(&[Place::Parquet, Place::DuckDb], "orders").fails();
    stack.append(&[Place::Parquet], "prices").fails();
    let cancelled = stack.backfill(&[Place::Parquet, Place::Postgres], &json!({"table_name": "orders"}));
    cancelled.is_under_way();
    cancelled.cancel();

    for database in [&stack.source, &stack.destination] {
        eventually("the sessions' end", || database.backfill_sessions().is_empty().then_some(()));
        assert_eq!(
            database.column("SELECT relname FROM pg_class WHERE relname ~ 'backfill.*stage'"),
            Vec::<String>::new()
        );
    }
    assert_eq!(
        stack.source.count("pg_class WHERE relname LIKE '%backfill%'"),
        0,
        "nothing is made at a source"
    );
    let idle = format!(
        "pg_stat_activity WHERE datname = '{}' AND state LIKE 'idle in transaction%'",
        stack.metadata.name()
    );
    assert_eq!(stack.metadata.count(&idle), 0);
    daemon.signal("TERM");
    assert!(daemon.ends().success());

    let is_part = |file: &String| file.contains("/part-") && file.ends_with(".parquet");
    let unexpected = |file: &String| !is_part(file) && !file.ends_with("/.backfill-ledger.json");
    let lake: Vec<_> = files(&stack.folder.join("lake")).into_iter().filter(unexpected).collect();
    assert_eq!(lake, Vec::<String>::new(), "temporary files in the lake");
    assert!(!stack.folder.join("dwh.duckdb.wal").exists(), "a log beside the DuckDB file");
    // A killed daemon's private folder is the system's to clean; those of the living are gone.
    assert!(fs::read_dir(stack.folder.join("tmp")).unwrap().count() <= 1, "private folders stay");
    let tables = completed.select_in(
        Place::DuckDb,
        "orders",
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'held' ORDER BY 1",
    );
    assert_eq!(tables, ["_backfill_ledger", "orders"]);
}
