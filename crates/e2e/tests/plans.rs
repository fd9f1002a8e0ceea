//! The way through a table that a job chooses, what it says of it, and what it costs the source.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{ALL, Job, Place, Stack, eventually, orders};

/// A table whose rows lie in another order than their keys, on more than a thousand pages.
const SCATTERED: &str = "
    CREATE TABLE scattered (id uuid PRIMARY KEY, n int NOT NULL, pad text NOT NULL);
    INSERT INTO scattered SELECT md5(n::text)::uuid, n, repeat('x', 600) FROM generate_series(1, 16000) n;
    CREATE INDEX scattered_by_n ON scattered (n);
    ANALYZE scattered;";

fn upsert(table: &str) -> Value {
    json!({"table_name": table, "write_mode": "upsert"})
}

fn strategies(job: &Value) -> Vec<&str> {
    let sections = job["plan"]["sections"].as_array().unwrap();
    sections.iter().map(|section| section["strategy"].as_str().unwrap()).collect()
}

fn explanation(job: &Value) -> &str {
    job["plan"]["explanation"].as_str().unwrap()
}

fn chunks(job: &Job<'_>) -> Vec<Value> {
    let answer = job.stack.client.get(&format!("/backfill/{}/chunks?limit=1000", job.id)).json(200);
    answer["items"].as_array().unwrap().clone()
}

/// Times that a page of the table was asked for while `act` ran, by Backfill's sessions or the test's.
fn pages_read(stack: &Stack, table: &str, act: impl FnOnce()) -> i64 {
    stack.source.execute(&format!("SELECT pg_stat_reset_single_table_counters('{table}'::regclass)"));
    act();
    // A session's figures are there once it has gone.
    eventually("the source to be left", || stack.source.backfill_sessions().is_empty().then_some(()));
    let read = format!(
        "SELECT heap_blks_read + heap_blks_hit FROM pg_statio_user_tables WHERE relid = '{table}'::regclass"
    );
    stack.source.value(&read).parse().unwrap()
}

fn pages_of(stack: &Stack, table: &str) -> i64 {
    stack.source.value(&format!("SELECT pg_relation_size('{table}') / 8192")).parse().unwrap()
}

#[test]
fn chunks_along_the_key_read_each_page_once() {
    let stack = Stack::with_batches(500, &orders(50_000));
    let _daemon = stack.daemon();
    let read = pages_read(&stack, "orders", || {
        let job = stack.backfill(&[Place::Parquet], &upsert("orders"));
        assert_eq!(job.completes(), 50_000);
        let ended = job.get();
        assert_eq!(strategies(&ended), ["key_ranges"]);
        assert_eq!(ended["plan"]["guarantee"], "chunked");
    });
    // Each of the 100 chunks may begin on the page on which the one before it ended.
    assert!(read <= pages_of(&stack, "orders") + 2 * 100 + 50, "{read} pages read");
}

#[test]
fn scattered_rows_are_read_by_pages_as_of_one_moment_whatever_others_do() {
    let stack = Stack::with_batches(500, SCATTERED);
    stack.slow_down("scattered", 20);
    let as_it_was = "CREATE TABLE as_it_was AS SELECT * FROM scattered";
    stack.source.execute(as_it_was);
    let _daemon = stack.daemon();
    let mut reads = 0;
    thread::scope(|scope| {
        let job = stack.backfill(ALL, &upsert("scattered"));
        job.is_under_way();
        let under_way = job.get();
        assert!(under_way["snapshot_age_seconds"].as_f64() >= Some(0.0), "{under_way:#}");
        let writer = scope.spawn(|| {
            for turn in 0..10 {
                stack.source.execute(&format!(
                    "UPDATE scattered SET n = -n WHERE n % 10 = {turn};
                     DELETE FROM scattered WHERE n % 20 = 10 + {turn} / 2;
                     INSERT INTO scattered SELECT gen_random_uuid(), 100000 + n, 'new' FROM generate_series(1, 100) n"
                ));
            }
        });
        writer.join().unwrap();
        assert_eq!(job.completes(), 16_000);
        let ended = job.get();
        assert_eq!(strategies(&ended), ["page_ranges"]);
        assert_eq!((&ended["plan"]["guarantee"], &ended["attempt"]), (&json!("snapshot"), &json!(1)));
        assert!(explanation(&ended).starts_with("Chunks are ranges of pages: "), "{ended:#}");
        assert_eq!(ended["snapshot_age_seconds"], Value::Null);
        let chunks = chunks(&job);
        assert!(chunks.len() > 10, "{chunks:?}");
        for pair in chunks.windows(2) {
            assert_eq!(pair[0]["upper_page"], pair[1]["lower_page"]);
        }
        job.compare("scattered").in_source("as_it_was").assert_equal();
    });
    // Once more, with nobody else about: what it costs.
    stack.source.execute("VACUUM FULL scattered");
    stack.source.execute("ANALYZE scattered");
    let other = stack.add_destination(
        &json!({"name": "other", "type": "parquet", "config": {"path": stack.folder.path_of("other")}}),
    );
    reads += pages_read(&stack, "scattered", || {
        let job = stack.backfill_to(&[other], &upsert("scattered"));
        job.completes();
        assert_eq!(strategies(&job.get()), ["page_ranges"]);
    });
    let pages = pages_of(&stack, "scattered");
    assert!(reads <= pages * 11 / 10, "{reads} reads of {pages} pages");
}

#[test]
fn a_job_that_loses_its_snapshot_goes_on_along_the_key_and_loses_nothing_else() {
    let stack = Stack::with_batches(500, SCATTERED);
    stack.slow_down("scattered", 20);
    let job = stack.backfill(ALL, &upsert("scattered"));
    let daemon = stack.daemon();
    job.is_under_way();
    drop(daemon);
    stack.source.execute("DELETE FROM scattered WHERE n % 100 = 7");
    stack.expire_leases();
    for attempt in 2..=4 {
        let daemon = stack.daemon();
        job.becomes("taken up", |now| now["attempt"] == attempt && now["count_record"].as_i64() > Some(0));
        drop(daemon);
        stack.expire_leases();
    }
    let _daemon = stack.daemon();
    let rows = job.completes();
    assert_eq!(rows, stack.source.count("scattered"));
    let ended = job.get();
    assert_eq!(strategies(&ended), ["key_ranges", "catch_up"]);
    assert!(explanation(&ended).starts_with("The snapshot of attempt 1 ended with it"), "{ended:#}");
    assert_eq!(ended["plan"]["guarantee"], "chunked");
    let held = chunks(&job);
    assert_eq!(held.iter().map(|chunk| chunk["row_count"].as_i64().unwrap()).sum::<i64>(), rows);
    // Rows that were deleted while nobody copied had arrived before, where rows can be replaced.
    job.compare("scattered").among("n % 100 <> 7").assert_equal();
    assert_eq!(job.rows_in(Place::Parquet, "scattered"), rows);
}

#[test]
fn a_snapshot_that_was_asked_for_is_kept_or_the_job_fails() {
    let stack = Stack::with_batches(500, &orders(20_000));
    stack.slow_down("orders", 20);
    let request = json!({"table_name": "orders", "write_mode": "upsert", "guarantee": "snapshot"});
    stack.source.execute("CREATE TABLE as_it_was AS SELECT * FROM orders");
    let daemon = stack.daemon();
    let job = stack.backfill(ALL, &request);
    job.is_under_way();
    stack.source.execute("UPDATE orders SET customer = 'changed'; DELETE FROM orders WHERE id > 19000");
    assert_eq!(job.completes(), 20_000);
    let ended = job.get();
    assert_eq!((strategies(&ended), &ended["plan"]["guarantee"]), (vec!["key_ranges"], &json!("snapshot")));
    job.compare("orders").in_source("as_it_was").assert_equal();

    let job = stack.backfill(ALL, &request);
    job.is_under_way();
    drop(daemon);
    stack.expire_leases();
    let _daemon = stack.daemon();
    job.fails_naming(&["snapshot", "was lost", "start a new job"]);
}

#[test]
fn a_snapshot_is_not_held_for_longer_than_it_may_be() {
    let stack = Stack::with_batches(500, SCATTERED);
    stack.slow_down("scattered", 200);
    let _daemon = stack.daemon_with(&[("BACKFILL_SNAPSHOT_MAX_AGE", "1")]);
    let job = stack.backfill(&[Place::Postgres], &upsert("scattered"));
    let asked_for = stack.backfill(
        &[Place::Parquet, Place::Postgres],
        &json!({"table_name": "scattered", "write_mode": "upsert", "guarantee": "snapshot"}),
    );
    asked_for.fails_naming(&["within 1 seconds", "BACKFILL_SNAPSHOT_MAX_AGE"]);
    assert_eq!(job.completes(), 16_000);
    assert_eq!(job.get()["plan"]["guarantee"], "chunked");
    job.compare("scattered").assert_equal();
}

#[test]
fn what_changes_while_a_job_runs_is_read_once_more() {
    let stack = Stack::with_batches(500, &orders(20_000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let job = stack.backfill(&[Place::Postgres, Place::DuckDb], &upsert("orders"));
    job.is_under_way();
    stack.source.execute(
        "UPDATE orders SET customer = 'changed' WHERE id % 100 = 1;
         INSERT INTO orders (id, customer) SELECT -n, 'new' FROM generate_series(1, 50) n",
    );
    assert_eq!(job.completes(), 20_050);
    let ended = job.get();
    assert_eq!(strategies(&ended), ["key_ranges", "catch_up"]);
    let last = chunks(&job).pop().unwrap();
    assert_eq!((&last["section"], &last["row_count"]), (&json!(1), &json!(250)));
    job.compare("orders").assert_equal();
}

#[test]
fn what_was_not_touched_is_not_read_again() {
    let stack = Stack::with_batches(500, &orders(2_000));
    let _daemon = stack.daemon();
    let job = stack.backfill(&[Place::DuckDb], &upsert("orders"));
    assert_eq!(job.completes(), 2_000);
    job.compare("orders").assert_equal();
    // The server may have been busy otherwise; of this table's rows none is young.
    let again = chunks(&job).into_iter().filter(|chunk| chunk["section"] == 1);
    assert_eq!(again.map(|chunk| chunk["row_count"].as_i64().unwrap()).sum::<i64>(), 0);
}

#[test]
fn each_leaf_of_a_partitioned_table_is_copied_on_its_own() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE days (day date, id int, note text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
         CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
         CREATE TABLE days_2 (note text, id int NOT NULL, day date NOT NULL);
         ALTER TABLE days ATTACH PARTITION days_2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
         CREATE TABLE \"Days 3\" PARTITION OF days DEFAULT PARTITION BY LIST (id);
         CREATE TABLE days_empty PARTITION OF \"Days 3\" FOR VALUES IN (-1);
         CREATE TABLE days_rest PARTITION OF \"Days 3\" DEFAULT;
         INSERT INTO days SELECT date '2024-01-01' + n % 100, n, 'n' || n FROM generate_series(1, 5000) n;
         ANALYZE days",
    );
    let daemon = stack.daemon();
    stack.slow_down("days", 20);
    let job = stack.append(ALL, "days");
    job.is_under_way();
    drop(daemon);
    stack.expire_leases();
    let _daemon = stack.daemon();
    assert_eq!(job.completes(), 5_000);
    let ended = job.get();
    let relations = ended["plan"]["sections"].as_array().unwrap().iter();
    let relations: Vec<_> = relations.map(|section| section["relation"].as_str().unwrap()).collect();
    assert_eq!(relations, ["public.days_1", "public.days_2", "public.days_empty", "public.days_rest"]);
    assert!(explanation(&ended).starts_with("Each of the 4 partitions is copied on its own"), "{ended:#}");
    job.compare("days").assert_equal();
}

#[test]
fn a_leaf_that_was_detached_stops_the_job() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE days (id int PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (2000);
         CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM (2000) TO (9000);
         INSERT INTO days SELECT n FROM generate_series(1, 4000) n",
    );
    stack.slow_down("days", 20);
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres], "days");
    job.is_under_way();
    stack.source.execute("ALTER TABLE days DETACH PARTITION days_2");
    job.fails_naming(&["days", "start a new job"]);
}

#[test]
fn few_rows_that_an_index_finds_are_one_stream() {
    let stack = Stack::with_batches(100, SCATTERED);
    let _daemon = stack.daemon();
    let request = json!({"table_name": "scattered", "write_mode": "upsert",
                         "filters": [{"column": "n", "operator": "<=", "value": 300}]});
    let read = pages_read(&stack, "scattered", || {
        let job = stack.backfill(ALL, &request);
        assert_eq!(job.completes(), 300);
        let ended = job.get();
        assert_eq!(strategies(&ended), ["stream"]);
        assert!(explanation(&ended).contains("scattered_by_n finds the "), "{ended:#}");
        job.compare("scattered").filtered("n <= 300").assert_equal();
    });
    // The comparison reads the whole table twice at most.
    let pages = pages_of(&stack, "scattered");
    assert!(read <= 5 * pages, "{read} reads of {pages} pages");
}

#[test]
fn views_and_foreign_tables_are_one_stream() {
    let stack =
        Stack::new(&format!("{}; CREATE VIEW latest AS SELECT * FROM orders WHERE id > 500", orders(1000)));
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "latest");
    assert_eq!(job.completes(), 500);
    let ended = job.get();
    assert_eq!((strategies(&ended), &ended["plan"]["guarantee"]), (vec!["stream"], &json!("snapshot")));
    assert!(explanation(&ended).starts_with("A view has no key to cut it by"), "{ended:#}");
    job.compare("latest").assert_equal();
}

#[test]
fn without_statistics_the_keys_themselves_are_looked_at() {
    let stack = Stack::with_batches(
        500,
        "CREATE TABLE fresh (id uuid PRIMARY KEY, pad text) WITH (autovacuum_enabled = off);
         INSERT INTO fresh SELECT md5(n::text)::uuid, repeat('x', 900) FROM generate_series(1, 12000) n;
         CREATE TABLE ordered (id int PRIMARY KEY, pad text) WITH (autovacuum_enabled = off);
         INSERT INTO ordered SELECT n, repeat('x', 900) FROM generate_series(1, 12000) n",
    );
    let _daemon = stack.daemon();
    for (table, strategy) in [("fresh", "page_ranges"), ("ordered", "key_ranges")] {
        let job = stack.backfill(&[Place::Parquet], &upsert(table));
        assert_eq!(job.completes(), 12_000);
        assert_eq!(strategies(&job.get())[0], strategy);
        job.compare(table).assert_equal();
    }
}

#[test]
fn a_stream_that_takes_longer_than_a_snapshot_may_be_held_fails() {
    let stack = Stack::new(
        "CREATE VIEW slow AS SELECT n AS id, pg_sleep(0.01)::text AS nap FROM generate_series(1, 200) n",
    );
    let _daemon = stack.daemon_with(&[("BACKFILL_SNAPSHOT_MAX_AGE", "1")]);
    let job = stack.append(&[Place::Parquet], "slow");
    job.fails_naming(&["single stream", "within 1 seconds", "BACKFILL_SNAPSHOT_MAX_AGE"]);
    assert_eq!(job.get()["attempt"], 1);
}

#[test]
fn a_job_that_dies_behind_its_last_chunk_reads_nothing_again() {
    let stack = Stack::with_batches(500, SCATTERED);
    for (write_mode, guarantee) in [("replace", json!(null)), ("upsert", json!("snapshot"))] {
        let request = json!({"table_name": "scattered", "write_mode": write_mode, "guarantee": guarantee});
        let job = stack.backfill(ALL, &request);
        let mut daemon = stack.daemon_that("outcome-known=kill");
        eventually("the daemon to die", || daemon.ended());
        let chunks_before = chunks(&job);
        stack.source.execute("UPDATE scattered SET n = n WHERE n < 100");
        let daemon = stack.daemon_that("");
        assert_eq!(job.completes(), 16_000);
        drop(daemon);
        let ended = job.get();
        assert_eq!((strategies(&ended), &ended["attempt"]), (vec!["page_ranges"], &json!(2)));
        assert_eq!(chunks(&job).len(), chunks_before.len());
        job.compare("scattered").assert_equal();
    }
}
