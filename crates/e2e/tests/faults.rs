//! A daemon that dies, fails or hangs between any two steps: no row is lost, none arrives twice, nothing stays half done.

use std::{collections::BTreeSet, fs, os::unix::process::ExitStatusExt, path::Path};

use serde_json::Value;

use crate::harness::{ALL, Job, Place, Stack, eventually, orders};

const SINGLE: &str = "CREATE TABLE t (id bigint PRIMARY KEY, note text);
     INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 2000) n";

const COMPOSITE: &str = "CREATE TABLE t (day date, line text, qty int, PRIMARY KEY (day, line));
     INSERT INTO t SELECT date '2024-01-01' + n % 7, 'line ' || n, n FROM generate_series(1, 2000) n";

const KEYLESS: &str = "CREATE TABLE t AS SELECT n % 50 AS n, 'row' AS note FROM generate_series(1, 1000) n";

/// Rows so wide that the chunk is two parts in Parquet.
const TWO_PARTS: &str =
    "CREATE TABLE t AS SELECT n % 5 AS n, repeat('x', 400000) AS note FROM generate_series(1, 50) n";

/// What comes before the first chunk.
const AT_START: &[&str] = &["job-claimed", "destination-opened@2", "job-begun"];

/// What comes for each chunk before any destination commits it.
const BEFORE_COMMIT: &[&str] = &[
    "source-held",
    "writer-begun@2",
    "writer-wrote@2",
    "parquet-part-written",
    "chunk-taken",
    "chunk-sealing",
    "writer-sealed@2",
    "chunk-fixed",
    "chunk-sealed",
];

/// What comes for each chunk when some destination may have it.
const WITHIN_COMMIT: &[&str] = &[
    "postgres-committing",
    "postgres-noted",
    "postgres-committed",
    "duckdb-committing",
    "duckdb-noted",
    "duckdb-committed",
    "parquet-committing",
    "parquet-part-renamed",
    "parquet-published",
    "parquet-note-written@3",
    "parquet-noted",
    "commit-answered",
    "commit-answered@2",
    "chunk-finished",
];

/// One destination has committed and the others have not, or one has not and the others have.
const APART: &[&str] = &[
    "postgres-committed=kill,duckdb-committing=hold,parquet-committing=hold",
    "duckdb-committed=kill,postgres-committing=hold,parquet-committing=hold",
    "parquet-noted=kill,postgres-committing=hold,duckdb-committing=hold",
    "commit-answered=kill@2,postgres-committing=hold",
    "commit-answered=kill@2,duckdb-noted=hold",
    "commit-answered=kill@2,parquet-part-renamed=hold",
];

/// Every destination has committed, and the queue does not know; and so once more.
const NOT_NOTED: &[&str] = &["chunk-committed", "chunk-found-committed"];

/// What comes behind the last chunk.
const AT_END: &[&str] =
    &["destination-finishing@2", "destination-finished", "destination-finished@3", "outcome-known"];

/// What comes in a later look at a job and its repair: the tests of these try them.
const LATER: &[&str] = &[
    "chunk-seen",
    "chunk-mended",
    "postgres-mending",
    "postgres-mended",
    "duckdb-mending",
    "duckdb-mended",
    "parquet-mending",
    "parquet-mended",
];

/// What is to happen at a point, such as `chunk-fixed@2`.
fn plan(point: &str, action: &str) -> String {
    match point.split_once('@') {
        Some((point, visit)) => format!("{point}={action}@{visit}"),
        None => format!("{point}={action}"),
    }
}

/// Daemon after daemon takes the job up and dies as its plan says; one that has none completes it.
fn survive(job: &Job<'_>, plans: &[String]) {
    for plan in plans {
        let mut daemon = job.stack.daemon_that(plan);
        let status = eventually(&format!("a daemon to die of {plan}"), || {
            let ended = daemon.ended();
            let is_active = || ["PENDING", "EXECUTING"].contains(&job.status().as_str());
            assert!(ended.is_some() || is_active(), "{plan} did not come to pass: {:#}", job.get());
            ended
        });
        assert_eq!(status.signal(), Some(9), "{plan}");
    }
    let _last = job.stack.daemon_that("");
    job.completes();
    job.compare("t").assert_equal();
}

fn kills(points: &[&[&str]]) -> Vec<String> {
    points.concat().iter().map(|point| plan(point, "kill")).collect()
}

/// What befalls a job on two lanes: a chunk is written while another one is proven or committed.
const ON_TWO_LANES: &[&str] = &[
    "lane-opened",
    "writer-begun@3",
    "writer-wrote@4",
    "writer-sealed@3",
    "chunk-taken@4",
    "chunk-sealing@3",
    "chunk-fixed@4",
    "chunk-sealed@3",
    "postgres-committing@4",
    "postgres-noted@3",
    "postgres-committed@4",
    "commit-answered@3",
    "chunk-committed@4",
    "chunk-found-committed",
    "chunk-finished@3",
];

/// A table that comes in many chunks: one job suffices for all that can befall it.
fn survives_with_a_key(table: &str) {
    let stack = Stack::with_batches(20, table);
    let job = stack.append_at_all_costs(ALL, "t");
    let apart = APART.iter().flat_map(|plan| [(*plan).to_owned(), "chunk-finished=kill".to_owned()]);
    let mut plans = kills(&[AT_START, BEFORE_COMMIT, WITHIN_COMMIT, NOT_NOTED, &["chunk-finished"]]);
    plans.extend(apart);
    plans.extend(kills(&[AT_END]));
    survive(&job, &plans);
}

#[test]
fn a_daemon_may_die_anywhere_along_a_key() {
    survives_with_a_key(SINGLE);
}

#[test]
fn a_daemon_may_die_anywhere_on_two_lanes() {
    let stack = Stack::with_batches(10, SINGLE);
    survive(&stack.append(&[Place::Postgres], "t"), &kills(&[ON_TWO_LANES]));
}

#[test]
fn a_daemon_may_die_anywhere_along_a_composite_key() {
    survives_with_a_key(COMPOSITE);
}

#[test]
fn a_daemon_may_die_anywhere_without_a_key() {
    let stack = Stack::new(KEYLESS);
    survive(&stack.append_at_all_costs(ALL, "t"), &kills(&[AT_START, BEFORE_COMMIT, NOT_NOTED, AT_END]));
    // What a destination has, it has to the end: the next thing to befall the commit needs a job of its own.
    for plan in kills(&[WITHIN_COMMIT]).into_iter().chain(APART.iter().map(|plan| (*plan).to_owned())) {
        stack.empty_destinations("t");
        survive(&stack.append(ALL, "t"), &[plan]);
    }
}

#[test]
fn a_daemon_may_die_between_two_parts_of_a_chunk() {
    let stack = Stack::new(TWO_PARTS);
    for points in [&["parquet-part-written@2", "parquet-part-renamed"][..], &["parquet-part-renamed@2"]] {
        survive(&stack.append_at_all_costs(ALL, "t"), &kills(&[points]));
        stack.empty_destinations("t");
    }
}

/// The outcome is in the queue, and nothing is left to be done.
#[test]
fn a_daemon_may_die_behind_the_end() {
    let stack = Stack::with_batches(500, SINGLE);
    let job = stack.append(ALL, "t");
    let status = stack.daemon_that("outcome-written=kill").ends();
    assert_eq!(status.signal(), Some(9));
    assert_eq!(job.completes(), 2000);
    job.compare("t").assert_equal();
}

/// Rows of the table that a destination holds, and rows that its ledger knows of.
fn held(job: &Job<'_>, place: Place, table: &str) -> (i64, i64) {
    let (stack, number) = (job.stack, |text: &str| text.parse().unwrap());
    match place {
        Place::Postgres => {
            let uid =
                stack.metadata.value(&format!("SELECT uid FROM queue_backfill_data WHERE id = {}", job.id));
            let noted = format!("SELECT rows FROM _backfill_ledger WHERE job_uid = '{uid}'");
            (stack.destination.count(table), number(&stack.destination.value(&noted)))
        }
        Place::DuckDb => {
            let noted = "SELECT rows::VARCHAR FROM held.main._backfill_ledger";
            (job.rows_in(place, table), number(&job.select_in(place, table, noted)[0]))
        }
        Place::Parquet => {
            let folder = stack.folder.join(&format!("lake/public.{table}/job-{}", job.id));
            let (hidden, parts): (Vec<_>, Vec<_>) =
                files(&folder).into_iter().partition(|name| name.starts_with('.'));
            assert_eq!(hidden, [LEDGER], "hidden files of job {}", job.id);
            let ledger = fs::read_to_string(folder.join(LEDGER)).unwrap();
            let ledger: Value = serde_json::from_str(&ledger).unwrap();
            let rows = if parts.is_empty() { 0 } else { job.rows_in(place, table) };
            (rows, ledger["rows"].as_i64().unwrap())
        }
    }
}

const LEDGER: &str = ".backfill-ledger.json";

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Fails the job at each of the points, and each time looks at what it leaves; then lets it complete.
fn fail(job: &Job<'_>, points: &[&str], chunk_rows: i64) {
    for point in points {
        let daemon = job.stack.daemon_that(&plan(point, "error"));
        let message = job.fails();
        drop(daemon);
        assert!(message.contains("was told to fail"), "{point}: {message}");
        for place in &job.places {
            let (rows, noted) = held(job, *place, "t");
            // Parts that are in place without their note are a whole chunk, which the next attempt does again.
            let is_whole = rows == noted || *place == Place::Parquet && rows == noted + chunk_rows;
            assert!(is_whole, "{point}: {place:?} holds {rows} rows, and knows of {noted}");
        }
        job.stack.retry_failed();
    }
    let _last = job.stack.daemon_that("");
    job.completes();
    job.compare("t").assert_equal();
}

#[test]
fn a_job_that_fails_leaves_nothing_half_along_a_key() {
    let stack = Stack::with_batches(20, SINGLE);
    let points = [BEFORE_COMMIT, WITHIN_COMMIT, NOT_NOTED, &["chunk-finished"], AT_START].concat();
    fail(&stack.append(ALL, "t"), &points, 20);
}

/// All but the lane itself: a job does without.
#[test]
fn a_job_that_fails_leaves_nothing_half_on_two_lanes() {
    let stack = Stack::with_batches(10, SINGLE);
    fail(&stack.append(&[Place::Postgres], "t"), &ON_TWO_LANES[1..], 10);
}

#[test]
fn a_job_that_fails_leaves_nothing_half_without_a_key() {
    let stack = Stack::new(KEYLESS);
    fail(&stack.append(ALL, "t"), &[BEFORE_COMMIT, NOT_NOTED, AT_START, &AT_END[..3]].concat(), 1000);
    for point in
        ["postgres-noted", "postgres-committed", "duckdb-noted", "duckdb-committed", "parquet-published"]
    {
        stack.empty_destinations("t");
        fail(&stack.append(ALL, "t"), &[point], 1000);
    }
}

#[test]
fn a_full_disk_leaves_nothing_half() {
    for (place, chunk_rows, blocks) in
        [(Place::DuckDb, 500, 600), (Place::Parquet, 500, 20), (Place::Parquet, 10_000, 20)]
    {
        let stack = Stack::with_batches(chunk_rows, &orders(10_000));
        let job = stack.append(&[place], "orders");
        let daemon = stack.daemon_on_a_full_disk(blocks);
        job.fails_naming(&["destination", "too large"]);
        drop(daemon);
        let (rows, noted) = held(&job, place, "orders");
        assert!(rows == noted && rows == job.rows(), "{place:?} holds {rows} rows, and knows of {noted}");
        stack.retry_failed();
        let _last = stack.daemon();
        assert_eq!(job.completes(), 10_000);
        job.compare("orders").assert_equal();
    }
}

/// Should even the outcome not be written, the job is taken up from its ledgers.
#[test]
fn a_job_whose_outcome_was_not_written_is_taken_up() {
    let stack = Stack::with_batches(500, SINGLE);
    let job = stack.append(ALL, "t");
    let daemon = stack.daemon_that("outcome-known=error");
    eventually("the daemon to let go", || {
        daemon.log().contains("cannot write down how it ended").then_some(())
    });
    stack.expire_leases();
    assert_eq!(job.completes(), 2000);
    assert_eq!(job.get()["attempt"], 2);
    job.compare("t").assert_equal();
}

/// Every point of the daemon's is one that dies above.
#[test]
fn no_failpoint_is_forgotten() {
    let tried = [AT_START, BEFORE_COMMIT, WITHIN_COMMIT, NOT_NOTED, AT_END, LATER, ON_TWO_LANES].concat();
    let mut tried: BTreeSet<_> =
        tried.iter().map(|point| point.split('@').next().unwrap().to_owned()).collect();
    tried.extend(["outcome-written", "parquet-leftover-seen", "chunk-gave-way"].map(str::to_owned));
    let mut points = BTreeSet::new();
    collect_points(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../compute/src"), &mut points);
    assert_eq!(tried, points);
}

fn collect_points(folder: &Path, points: &mut BTreeSet<String>) {
    for name in files(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            collect_points(&path, points);
            continue;
        }
        let code = fs::read_to_string(path).unwrap();
        let named = code.split("failpoint(\"").skip(1).filter_map(|rest| rest.split('"').next());
        points.extend(named.map(str::to_owned));
    }
}
