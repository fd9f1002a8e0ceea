//! One job, dozens of daemons: each is killed at a random moment or at a random point, while another session updates,
//! inserts and deletes rows of the source.
//!
//! Each row says what it must look like: `proof` follows from its id and its version. Of the rows that the table begins
//! with, the writer updates those whose id ends in 0 or 1 and deletes those that end in 2; those that end in 4 are gone
//! before the job begins. Rows that it adds come behind them.

use std::{
    os::unix::process::ExitStatusExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use postgres::Client;

use crate::harness::{ALL, Chance, Database, Job, Place, Process, Stack, eventually};

const KILLS: i64 = 36;

/// Points of a chunk's way, and of a daemon's start with a job.
const POINTS: &[&str] = &[
    "job-claimed",
    "destination-opened",
    "job-begun",
    "lane-opened",
    "source-held",
    "writer-begun",
    "writer-wrote",
    "writer-sealed",
    "parquet-part-written",
    "chunk-taken",
    "chunk-sealing",
    "chunk-fixed",
    "chunk-sealed",
    "postgres-committing",
    "postgres-noted",
    "postgres-committed",
    "duckdb-committing",
    "duckdb-noted",
    "duckdb-committed",
    "parquet-committing",
    "parquet-part-renamed",
    "parquet-published",
    "parquet-note-written",
    "parquet-noted",
    "commit-answered",
    "chunk-committed",
    "chunk-found-committed",
];

/// Rows that the table has, to count those that are gone.
const ROWS: u32 = 10_000;

const ROWS_IN_CHUNK: u32 = 40;

/// A table, of whose rows those that end in 4 have just been deleted.
fn table(key: &str) -> String {
    format!(
        "CREATE TABLE t (id int NOT NULL, day date NOT NULL, version int NOT NULL, proof text NOT NULL {key});
         INSERT INTO t SELECT n, date '2024-01-01' + n % 7, 0, md5(n || ' 0') FROM generate_series(1, {ROWS}) n;
         DELETE FROM t WHERE id % 10 = 4"
    )
}

/// Changes rows until it is told to stop.
fn write(source: &Database, stop: &AtomicBool) {
    let mut client = source.connect();
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let slice = round % 50;
        let changes = format!(
            "UPDATE t SET version = version + 1, proof = md5(id || ' ' || version + 1)
                 WHERE id <= {ROWS} AND id % 10 < 2 AND id / 10 % 50 = {slice};
             DELETE FROM t WHERE id <= {ROWS} AND id % 10 = 2 AND id / 10 % 50 = {slice};
             DELETE FROM t WHERE id > {ROWS} AND id % 3 = {round} % 3"
        );
        client.batch_execute(&changes).unwrap();
        // No more than the job will ever catch up with.
        if round < 200 {
            let from = ROWS + round * 5;
            let add = format!(
                "INSERT INTO t SELECT n, date '2024-01-01' + n % 7, 0, md5(n || ' 0') FROM generate_series({from} + 1, {from} + 5) n"
            );
            client.batch_execute(&add).unwrap();
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Stops the writer however the test ends.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Two daemons, of which the one is killed that has the job, again and again.
struct Victims<'a> {
    stack: &'a Stack,
    look: Client,
    chance: Chance,
    daemons: [Process; 2],
}

impl<'a> Victims<'a> {
    fn new(stack: &'a Stack) -> Self {
        let daemons = [stack.daemon(), stack.daemon()];
        Self { stack, look: stack.metadata.connect(), chance: Chance::new(), daemons }
    }

    /// Waits until a daemon has the job, and kills it at a random moment: within the next few chunks or the next half
    /// second, unless it meets a point before. Another takes its place. False if there is no such job any more.
    fn kill_one(&mut self) -> bool {
        let taken = eventually("a daemon to take the job up", || self.holder());
        let Some(victim) = taken else { return false };
        let chunks = self.chunks_done() + self.chance.below(4) as i64;
        let patience = Instant::now() + Duration::from_millis(self.chance.below(500));
        let moment = Duration::from_millis(self.chance.below(60));
        while self.daemons[victim].ended().is_none()
            && Instant::now() < patience
            && self.chunks_done() < chunks
        {
            thread::sleep(Duration::from_millis(2));
        }
        thread::sleep(moment);
        let status = self.daemons[victim].kill();
        assert_eq!(status.signal(), Some(9), "{}", self.daemons[victim].log());
        self.stack.expire_leases();
        let plan = match self.chance.below(2) {
            0 => String::new(),
            _ => format!("{}=kill@{}", self.chance.one_of(POINTS), 1 + self.chance.below(4)),
        };
        self.daemons[victim] = self.stack.daemon_that(&plan);
        true
    }

    /// Which daemon has the job, as soon as one has; which may be dead. `None` within where no job is left.
    fn holder(&mut self) -> Option<Option<usize>> {
        let query = "SELECT pid FROM queue_backfill_data LEFT JOIN backfill_workers w ON w.id = claimed_by \
                     WHERE status IN ('PENDING', 'EXECUTING')";
        let Some(job) = self.look.query_opt(query, &[]).unwrap() else { return Some(None) };
        let pid: Option<i32> = job.get(0);
        let holds = |daemon: &Process| pid.is_some_and(|pid| daemon.id() == pid.cast_unsigned());
        self.daemons.iter().position(holds).map(Some)
    }

    fn chunks_done(&mut self) -> i64 {
        let query = "SELECT count(*) FROM backfill_chunks WHERE status = 'DONE'";
        self.look.query_one(query, &[]).unwrap().get(0)
    }
}

/// What is true of every destination, however the writer and the daemons met.
fn assert_each_row_once(job: &Job<'_>) {
    job.compare("t").among(&format!("id <= {ROWS} AND id % 10 IN (3, 5, 6, 7, 8, 9)")).assert_equal();
    let ended = job.get();
    for (place, part) in job.places.iter().zip(ended["destinations"].as_array().unwrap()) {
        let query = format!(
            "SELECT concat_ws(' ', count(*), count(*) - count(DISTINCT id),
                 count(*) FILTER (WHERE proof <> md5(id || ' ' || version)),
                 count(*) FILTER (WHERE id <= {ROWS} AND id % 10 < 2),
                 count(*) FILTER (WHERE id <= {ROWS} AND id % 10 = 4)) FROM {{}}"
        );
        let held = match place {
            Place::Postgres => job.stack.destination.value(&query.replace("{}", "t")),
            _ => job.select_in(*place, "t", &query).remove(0),
        };
        // Rows, rows that are there twice, rows that never were so, rows that were only updated, rows that were gone.
        assert_eq!(held, format!("{} 0 0 {} 0", part["count_record"], ROWS / 5), "{place:?}: {ended:#}");
        assert_eq!(part["verified"], true, "{ended:#}");
    }
}

/// Kills the daemons of a job `KILLS` times, and lets one complete it. One that completes meanwhile is followed by
/// another.
fn survive<'a>(stack: &'a Stack, places: &[Place]) -> Job<'a> {
    let (mut job, stop) = (stack.append_at_all_costs(places, "t"), AtomicBool::new(false));
    thread::scope(|scope| {
        let (source, stop) = (&stack.source, &stop);
        scope.spawn(move || write(source, stop));
        let _stop = StopOnDrop(stop);
        let mut victims = Victims::new(stack);
        for _ in 0..KILLS {
            while !victims.kill_one() {
                job.becomes_status("COMPLETED");
                assert_each_row_once(&job);
                stack.empty_destinations("t");
                job = stack.append_at_all_costs(places, "t");
            }
        }
        drop(victims);
        let _last = stack.daemon_that("");
        job.becomes_status("COMPLETED");
    });
    assert_each_row_once(&job);
    job
}

/// It was one job that lost all those daemons.
fn assert_attempts(job: &Job<'_>) {
    let attempts = job.get()["attempt"].as_i64();
    assert!(attempts > Some(KILLS), "there is too little to copy: {attempts:?} attempts");
}

#[test]
fn along_a_key() {
    let stack = Stack::with_batches(ROWS_IN_CHUNK, &table(", PRIMARY KEY (id)"));
    assert_attempts(&survive(&stack, ALL));
}

#[test]
fn on_two_lanes() {
    let stack = Stack::with_batches(ROWS_IN_CHUNK, &table(", PRIMARY KEY (id)"));
    assert_attempts(&survive(&stack, &[Place::Postgres]));
}

#[test]
fn along_a_composite_key() {
    let stack = Stack::with_batches(ROWS_IN_CHUNK, &table(", PRIMARY KEY (day, id)"));
    // A wider type: rows come by way of the staging table.
    stack
        .destination
        .execute("CREATE TABLE t (id int, day date, version bigint, proof text, PRIMARY KEY (day, id))");
    assert_attempts(&survive(&stack, ALL));
}

#[test]
fn without_a_key() {
    survive(&Stack::with_batches(ROWS_IN_CHUNK, &table("")), ALL);
}
