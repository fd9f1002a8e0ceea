//! The daemon's memory stays below its promise, whatever the rows and however many jobs.

use serde_json::json;

use crate::harness::{Job, Place, Stack};

/// What it promises.
const MOST: u64 = 300 << 20;

#[test]
fn rows_of_megabytes_are_cut_into_chunks_that_fit_into_memory() {
    let stack = Stack::with_batches(
        1000,
        "CREATE TABLE files (id int PRIMARY KEY, content bytea, plain text);
         INSERT INTO files SELECT n, decode(repeat(md5(n::text), 65536), 'hex'), repeat(md5(n::text), 32768)
         FROM generate_series(1, 60) n",
    );
    for places in [&[Place::Postgres, Place::Parquet][..], &[Place::Postgres]] {
        let daemon = stack.daemon();
        let job = stack.append(places, "files");
        assert_eq!(job.completes(), 60);
        let peak = daemon.peak_memory();
        job.compare("files").assert_equal();
        let chunks = stack.client.get(&format!("/backfill/{}/chunks", job.id)).json(200);
        assert!(chunks["items"].as_array().unwrap().len() > 1, "{chunks:#}");
        assert!(peak < MOST, "{} MiB to {places:?}", peak >> 20);
        stack.empty_destinations("files");
    }
}

/// Eight jobs, each with tables and files of its own, on a table of `rows` with `value` in each.
fn eight_jobs(rows: u32, value: &str) {
    let tables: Vec<_> = (1..=8).map(|n| format!("t{n}")).collect();
    let create = |t: &String| {
        format!(
            "CREATE TABLE {t} (id int PRIMARY KEY, v bytea);
             INSERT INTO {t} SELECT n, {value} FROM generate_series(1, {rows}) n;"
        )
    };
    let stack = Stack::with_batches(122_880, &tables.iter().map(create).collect::<String>());
    let daemon = stack.daemon_with(&[("BACKFILL_MAX_JOBS", "8")]);
    let destinations = |table: &String| {
        let file = |kind: &str| {
            let config = json!({"path": stack.folder.path_of(&format!("{table}.{kind}"))});
            let name = format!("{table} {kind}");
            stack.add_destination(&json!({"name": name, "type": kind, "config": config}))
        };
        [stack.destination_id(Place::Postgres), file("duckdb"), file("parquet")]
    };
    let start = |table: &String| stack.backfill_to(&destinations(table), &json!({"table_name": table}));
    let jobs: Vec<Job<'_>> = tables.iter().map(start).collect();
    for job in &jobs {
        assert_eq!(job.completes(), i64::from(rows));
    }
    let peak = daemon.peak_memory();
    assert!(peak < MOST, "{} MiB", peak >> 20);
}

#[test]
fn eight_jobs_with_rows_of_a_kibibyte_fit_into_memory() {
    eight_jobs(20_000, "decode(repeat(md5(n::text), 64), 'hex')");
}
