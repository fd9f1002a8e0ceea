//! A look at what a copied job's destinations hold, after somebody has meddled with it, and its repair.

use std::{fs, os::unix::process::ExitStatusExt as _};

use duckdb::Connection;
use serde_json::{Value, json};

use crate::harness::{ALL, Job, Place, Stack, eventually, orders};

fn upsert(stack: &Stack) -> Job<'_> {
    stack.backfill(ALL, &json!({"table_name": "orders", "write_mode": "upsert"}))
}

#[track_caller]
fn ask(job: &Job<'_>, what: &str) {
    job.stack.client.post(&format!("/backfill/{}/{what}", job.id), &json!({})).json(200);
}

/// Verifies or repairs the job.
#[track_caller]
fn done(job: &Job<'_>, what: &str) -> Value {
    ask(job, what);
    let ended = job.becomes_status("COMPLETED");
    assert_eq!(ended["task"], "copy", "{ended:#}");
    ended
}

/// The chunks that differ, each with the places where it does. Every chunk must have been looked at.
#[track_caller]
fn differing(job: &Job<'_>) -> Vec<(i64, Vec<Place>)> {
    let chunks = job.stack.client.get(&format!("/backfill/{}/chunks", job.id)).json(200);
    let places = |chunk: &Value| {
        let ids = chunk["differs"].as_array().unwrap_or_else(|| panic!("not looked at: {chunk}"));
        let is_in = |place: &&Place| ids.contains(&json!(job.stack.destination_id(**place)));
        ALL.iter().filter(is_in).copied().collect::<Vec<_>>()
    };
    let chunks = chunks["items"].as_array().unwrap().iter();
    let chunks = chunks.map(|chunk| (chunk["number"].as_i64().unwrap(), places(chunk)));
    chunks.filter(|(_, places)| !places.is_empty()).collect()
}

/// What each part says: whether it is verified.
fn verified(job: &Value) -> Vec<Value> {
    job["destinations"].as_array().unwrap().iter().map(|part| part["verified"].clone()).collect()
}

fn in_duckdb(stack: &Stack, sql: &str) {
    let path = stack.folder.path_of("dwh.duckdb");
    let connection = eventually("the DuckDB file to be free", || Connection::open(&path).ok());
    connection.execute_batch(sql).unwrap();
}

fn part(job: &Job<'_>, table: &str, name: &str) -> String {
    job.stack.folder.path_of(&format!("lake/public.{table}/job-{}/{name}", job.id))
}

/// Writes a part of the job anew, with these columns in place of its own.
fn in_parquet(job: &Job<'_>, table: &str, name: &str, replace: &str) {
    let (path, copy) = (part(job, table, name), job.stack.folder.path_of("meddled.parquet"));
    let sql = format!(
        "COPY (SELECT * REPLACE ({replace}) FROM read_parquet('{path}')) TO '{copy}' (FORMAT parquet)"
    );
    Connection::open_in_memory().unwrap().execute_batch(&sql).unwrap();
    fs::rename(copy, path).unwrap();
}

/// Ten chunks of a hundred orders, with some damage in half of them.
fn meddle(job: &Job<'_>) {
    job.stack
        .destination
        .execute("UPDATE orders SET customer = 'meddled' WHERE id = 150; DELETE FROM orders WHERE id = 555");
    in_duckdb(
        job.stack,
        "UPDATE orders SET amount = 0 WHERE id = 150; DELETE FROM orders WHERE id = 1000; CHECKPOINT",
    );
    in_parquet(
        job,
        "orders",
        "part-000004.parquet",
        "CASE id WHEN 307 THEN NULL ELSE customer END AS customer",
    );
    fs::remove_file(part(job, "orders", "part-000007.parquet")).unwrap();
}

const DAMAGE: [(i64, &[Place]); 5] = [
    (2, &[Place::Postgres, Place::DuckDb]),
    (4, &[Place::Parquet]),
    (6, &[Place::Postgres]),
    (7, &[Place::Parquet]),
    (10, &[Place::DuckDb]),
];

fn damage() -> Vec<(i64, Vec<Place>)> {
    DAMAGE.iter().map(|(number, places)| (*number, places.to_vec())).collect()
}

/// Rows that were read of the source's orders so far.
fn rows_read(stack: &Stack) -> i64 {
    let figures =
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'orders'";
    stack.source.value(figures).parse().unwrap()
}

#[test]
fn damage_is_named_by_chunk_and_destination_and_that_alone_is_mended() {
    let stack = Stack::with_batches(100, &orders(1000));
    let _daemon = stack.daemon();
    let job = upsert(&stack);
    job.completes();
    let looked = done(&job, "verify");
    assert_eq!((verified(&looked), differing(&job)), (vec![json!(true); 3], vec![]), "{looked:#}");
    job.completes();
    meddle(&job);
    let looked = done(&job, "verify");
    assert_eq!((verified(&looked), differing(&job)), (vec![json!(false); 3], damage()), "{looked:#}");
    let message = looked["error_message"].as_str().unwrap();
    for part in [
        "dwh differs from the source in 2 chunks: 2, 6",
        "file differs from the source in 2 chunks: 2, 10",
        "lake differs from the source in 2 chunks: 4, 7",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let before =
        eventually("the looks to be counted", || Some(rows_read(&stack)).filter(|rows| *rows >= 3000));
    let mended = done(&job, "repair");
    assert_eq!((verified(&mended), differing(&job)), (vec![json!(true); 3], vec![]), "{mended:#}");
    let read =
        eventually("the repair to be counted", || Some(rows_read(&stack) - before).filter(|rows| *rows > 0));
    // The planner, too, may look at a row at the end of the key.
    assert!((500..=510).contains(&read), "{read} rows read by the repair");
    job.compare("orders").assert_equal();
    let looked = done(&job, "verify");
    assert_eq!((verified(&looked), differing(&job)), (vec![json!(true); 3], vec![]), "{looked:#}");
    assert_eq!(looked["error_message"], Value::Null);
}

#[test]
fn what_the_source_has_changed_since_differs_and_a_repair_brings_it() {
    let stack = Stack::with_batches(100, &orders(1000));
    let _daemon = stack.daemon();
    let job = stack.backfill(ALL, &json!({"table_name": "orders", "write_mode": "replace"}));
    job.completes();
    stack.source.execute("UPDATE orders SET customer = 'changed' WHERE id = 250");
    done(&job, "verify");
    let found = differing(&job);
    assert_eq!(found[0], (3, ALL.to_vec()), "{found:?}");
    done(&job, "repair");
    job.compare("orders").assert_equal();
    // A row that the source has not, is not looked for in a table.
    stack.destination.execute("INSERT INTO orders (id) VALUES (-1)");
    done(&job, "verify");
    assert_eq!(differing(&job), vec![]);
}

#[test]
fn a_copy_that_was_only_counted_can_be_verified_later() {
    let stack = Stack::with_batches(100, &orders(500));
    let _daemon = stack.daemon();
    let request = json!({"table_name": "orders", "write_mode": "append", "verification": "off",
        "columns": [{"name": "amount"}, {"name": "id", "as": "key"}, {"name": "token"}]});
    let job = stack.backfill(ALL, &request);
    assert_eq!(verified(&job.becomes_status("COMPLETED")), vec![Value::Null; 3]);
    stack.destination.execute("UPDATE orders SET amount = amount + 1 WHERE key = 42");
    done(&job, "verify");
    assert_eq!(differing(&job), [(1, vec![Place::Postgres])]);
    job_is_whole(&job, &done(&job, "repair"));
    job.compare("orders").renamed("amount, id, token", "amount, key, token").assert_equal();
}

#[track_caller]
fn job_is_whole(job: &Job<'_>, ended: &Value) {
    for part in ended["destinations"].as_array().unwrap() {
        assert_eq!(
            (&part["verified"], &part["verified_by"]),
            (&json!(true), &json!("checksum")),
            "{ended:#}"
        );
    }
    assert_eq!(differing(job), vec![]);
}

#[test]
fn chunks_by_pages_are_compared_and_mended_under_one_snapshot() {
    let stack = Stack::with_batches(
        500,
        "CREATE TABLE orders (id uuid PRIMARY KEY, n int, pad text);
         INSERT INTO orders SELECT md5(n::text)::uuid, n, repeat('x', 900) FROM generate_series(1, 12000) n; ANALYZE orders",
    );
    let _daemon = stack.daemon();
    let job = upsert(&stack);
    job.completes();
    assert_eq!(job.get()["plan"]["sections"][0]["strategy"], "page_ranges");
    job_is_whole(&job, &done(&job, "verify"));
    stack.destination.execute("DELETE FROM orders WHERE n = 9000");
    in_parquet(&job, "orders", "part-000002.parquet", "n + 1 AS n");
    done(&job, "verify");
    let found = differing(&job);
    assert!(
        found.len() == 2 && found[0] == (2, vec![Place::Parquet]) && found[1].1 == [Place::Postgres],
        "{found:?}"
    );
    // A row that moves to other pages between look and repair is still there once.
    stack.source.execute("UPDATE orders SET pad = 'y' WHERE n % 500 = 0");
    done(&job, "repair");
    let files = format!("read_parquet('{}')", part(&job, "orders", "part-*.parquet"));
    let twice = format!("SELECT count(*) - count(DISTINCT id) FROM {files}");
    let surplus: i64 = Connection::open_in_memory().unwrap().query_row(&twice, [], |row| row.get(0)).unwrap();
    assert_eq!(surplus, 0);
    done(&job, "verify");
    done(&job, "repair");
    job.compare("orders").assert_equal();
}

#[test]
fn files_of_a_table_without_a_key_are_compared_and_mended_and_its_tables_refused() {
    let stack = Stack::new(
        "CREATE TABLE orders AS SELECT n % 1000 AS n, md5(n::text) FROM generate_series(1, 250000) n",
    );
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Parquet], "orders");
    job.completes();
    done(&job, "verify");
    assert_eq!(differing(&job), vec![]);
    in_parquet(&job, "orders", "part-000001-0002.parquet", "n + 1 AS n");
    // A part too many.
    fs::copy(
        part(&job, "orders", "part-000001-0001.parquet"),
        part(&job, "orders", "part-000001-0099.parquet"),
    )
    .unwrap();
    done(&job, "verify");
    assert_eq!(differing(&job), [(1, vec![Place::Parquet])]);
    job_is_whole(&job, &done(&job, "repair"));
    job.compare("orders").assert_equal();
    let both = stack.append(&[Place::Postgres, Place::Parquet], "orders");
    both.completes();
    let refused = stack.client.post(&format!("/backfill/{}/verify", both.id), &json!({})).json(409);
    assert!(refused["detail"].as_str().unwrap().contains("no primary key"), "{refused}");
}

#[test]
fn rows_in_quarantine_are_no_difference_until_there_are_more() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE orders (id int PRIMARY KEY, amount numeric(6,2));
         INSERT INTO orders SELECT n, CASE n WHEN 7 THEN 'NaN' ELSE n / 7.0 END FROM generate_series(1, 300) n",
    );
    let _daemon = stack.daemon();
    let places = [Place::DuckDb, Place::Parquet];
    let job =
        stack.backfill(&places, &json!({"table_name": "orders", "value_policies": {"amount": "quarantine"}}));
    job.becomes_status("COMPLETED");
    done(&job, "verify");
    assert_eq!(differing(&job), vec![]);
    stack.source.execute("UPDATE orders SET amount = 'NaN' WHERE id = 250");
    done(&job, "verify");
    assert_eq!(differing(&job)[0], (3, places.to_vec()));
    ask(&job, "repair");
    job.fails_naming(&["column amount", "id = 250", "NaN"]);
    // The copy is complete all the same: what was stopped can be begun again.
    stack.source.execute("UPDATE orders SET amount = 1 WHERE id = 250");
    done(&job, "repair");
    done(&job, "verify");
    assert_eq!(differing(&job), vec![]);
}

/// Daemon after daemon dies in the middle of a look or a repair; the last one brings it to its end.
fn survive(job: &Job<'_>, points: &[&str]) {
    for point in points {
        let mut daemon = job.stack.daemon_that(&format!("{point}=kill"));
        let status = eventually(&format!("a daemon to die at {point}"), || {
            let ended = daemon.ended();
            assert!(ended.is_some() || job.status() != "COMPLETED", "nothing came to {point}");
            ended
        });
        assert_eq!(status.signal(), Some(9), "{point}");
    }
    let _last = job.stack.daemon_that("");
    job.becomes_status("COMPLETED");
}

#[test]
fn a_look_and_a_repair_go_on_whatever_dies() {
    let stack = Stack::with_batches(100, &orders(1000));
    let job = upsert(&stack);
    {
        let _daemon = stack.daemon();
        job.completes();
    }
    meddle(&job);
    ask(&job, "verify");
    survive(&job, &["chunk-seen", "chunk-seen", "destination-opened"]);
    assert_eq!(differing(&job), damage());
    ask(&job, "repair");
    let points = [
        "postgres-mending",
        "postgres-mended",
        "duckdb-mending",
        "duckdb-mended",
        "chunk-seen",
        "parquet-mending",
        "parquet-mended",
        "chunk-mended",
        "chunk-seen",
    ];
    survive(&job, &points);
    job_is_whole(&job, &job.get());
    job.compare("orders").assert_equal();
    let _daemon = stack.daemon();
    job_is_whole(&job, &done(&job, "verify"));
}

#[test]
fn a_look_that_is_cancelled_can_be_begun_again() {
    let stack = Stack::with_batches(100, &orders(1000));
    let job = upsert(&stack);
    {
        let _daemon = stack.daemon();
        job.completes();
    }
    ask(&job, "verify");
    let cancelled = job.cancel();
    assert_eq!((&cancelled["task"], verified(&cancelled)), (&json!("verify"), vec![Value::Null; 3]));
    ask(&job, "verify");
    let lock = stack.source.lock("orders");
    let _daemon = stack.daemon();
    eventually("the look to wait", || stack.source.has_waiters().then_some(()));
    job.cancel();
    lock.release();
    job_is_whole(&job, &done(&job, "verify"));
    job.compare("orders").assert_equal();
}
