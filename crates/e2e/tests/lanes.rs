//! Two lanes: a chunk is written while the one ahead of it is written or proven, and nothing comes out of order by it.

use postgres::Client;
use serde_json::json;

use crate::harness::{Job, Place, Stack, eventually, orders};

const TO_POSTGRES: &[Place] = &[Place::Postgres];

/// A table at the destination like the source's, and no more than that.
fn with_table() -> Stack {
    let stack = Stack::with_batches(100, &orders(1000));
    stack.destination.execute(
        "CREATE TABLE orders (id bigint PRIMARY KEY, customer text, amount numeric(12,2), paid boolean,
                              placed timestamptz, weight double precision, token uuid)",
    );
    stack
}

/// A session at the destination that has added a row with this key, and not committed it.
fn adds_row(stack: &Stack, key: i64) -> Client {
    let mut client = stack.destination.connect();
    client.batch_execute(&format!("BEGIN; INSERT INTO orders (id) VALUES ({key})")).unwrap();
    client
}

/// Waits until the job's sessions at the destination are such: what each waits for, or its state.
#[track_caller]
fn becomes(stack: &Stack, wanted: &[&str]) {
    let sessions = || {
        stack.destination.column(&format!(
            "SELECT CASE WHEN wait_event_type = 'Lock' THEN 'waits for a lock' \
                         WHEN state = 'idle in transaction' AND query NOT LIKE 'COPY %' THEN 'has written nothing' \
                         ELSE state END FROM pg_stat_activity \
             WHERE datname = '{}' AND application_name LIKE 'backfill job %' ORDER BY 1",
            stack.destination.name()
        ))
    };
    eventually(&format!("sessions to be {wanted:?}"), || (sessions() == wanted).then_some(()));
}

/// The first chunk waits for a row that another session has added, and the second one is written.
const BOTH: &[&str] = &["idle in transaction", "waits for a lock"];

fn has_second_lane(stack: &Stack) -> bool {
    stack.daemon_logs().contains("opens a second lane")
}

#[test]
fn a_chunk_is_written_while_the_one_ahead_waits_and_not_committed_before() {
    let stack = with_table();
    let mut other = adds_row(&stack, 50);
    let _daemon = stack.daemon();
    let job = stack.append(TO_POSTGRES, "orders");
    becomes(&stack, BOTH);
    assert_eq!((stack.destination.count("orders"), job.rows()), (0, 0));
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn cancelling_reaches_both_lanes() {
    let stack = with_table();
    let other = adds_row(&stack, 50);
    let _daemon = stack.daemon();
    let job = stack.append(TO_POSTGRES, "orders");
    becomes(&stack, BOTH);
    let cancelled = job.cancel();
    assert_eq!(cancelled["count_record"], 0, "{cancelled:#}");
    becomes(&stack, &[]);
    drop(other);
    assert_eq!(stack.destination.count("orders"), 0);
    job.resume();
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

/// Takes the job up again, and has it complete.
fn completes_once_more(job: &Job<'_>) {
    job.stack.retry_failed();
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_chunk_that_fails_lets_the_one_ahead_come_to_its_end() {
    let stack = with_table();
    stack.destination.execute("ALTER TABLE orders ADD CONSTRAINT fits CHECK (id <> 150)");
    let mut other = adds_row(&stack, 50);
    let _daemon = stack.daemon();
    let job = stack.append(TO_POSTGRES, "orders");
    becomes(&stack, &["waits for a lock"]);
    assert_eq!(job.status(), "EXECUTING");
    other.batch_execute("ROLLBACK").unwrap();
    job.fails_naming(&["dwh", "fits"]);
    assert_eq!((stack.destination.count("orders"), job.rows()), (100, 100));
    assert_eq!(job.part(Place::Postgres)["count_record"], 100);
    stack.destination.execute("ALTER TABLE orders DROP CONSTRAINT fits");
    completes_once_more(&job);
}

#[test]
fn a_chunk_that_fails_takes_the_one_behind_it_back() {
    let stack = with_table();
    let mut other = adds_row(&stack, 50);
    let _daemon = stack.daemon();
    let job = stack.append(TO_POSTGRES, "orders");
    becomes(&stack, BOTH);
    other.batch_execute("COMMIT").unwrap();
    job.fails_naming(&["dwh", "orders_pkey"]);
    assert_eq!((stack.destination.count("orders"), job.rows()), (1, 0));
    becomes(&stack, &[]);
    stack.destination.execute("DELETE FROM orders");
    completes_once_more(&job);
}

/// The first chunk waits for somebody who waits for the second, which is not to be committed before the first: a circle
/// that no server sees.
#[test]
fn a_chunk_gives_way_to_who_stands_between_it_and_the_one_ahead() {
    for end in ["ROLLBACK", "COMMIT"] {
        let stack = with_table();
        let mut other = adds_row(&stack, 50);
        let _daemon = stack.daemon();
        let job = stack.backfill(TO_POSTGRES, &json!({"table_name": "orders", "write_mode": "upsert"}));
        becomes(&stack, BOTH);
        other.batch_execute("INSERT INTO orders (id) VALUES (150)").unwrap();
        other.batch_execute(end).unwrap();
        assert_eq!(job.completes(), 1000);
        job.compare("orders").assert_equal();
        assert!(stack.daemon_logs().contains("chunk 2 gives way"), "{}", stack.daemon_logs());
    }
}

/// It waits for others only as long as it stands behind another, and then for as long as they take.
#[test]
fn a_chunk_that_waits_for_others_is_written_at_its_turn() {
    let stack = with_table();
    let (mut first, mut second) = (adds_row(&stack, 50), adds_row(&stack, 150));
    let _daemon = stack.daemon();
    let job = stack.append(TO_POSTGRES, "orders");
    becomes(&stack, &["waits for a lock", "waits for a lock"]);
    becomes(&stack, &["idle", "waits for a lock"]);
    first.batch_execute("ROLLBACK").unwrap();
    job.becomes("behind its first chunk", |job| job["count_record"] == 100);
    becomes(&stack, BOTH);
    second.batch_execute("ROLLBACK").unwrap();
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_daemon_may_die_while_a_chunk_gives_way() {
    let stack = with_table();
    let mut other = adds_row(&stack, 50);
    let job = stack.append(TO_POSTGRES, "orders");
    let mut daemon = stack.daemon_that("chunk-gave-way=kill");
    becomes(&stack, BOTH);
    daemon.ends();
    other.batch_execute("INSERT INTO orders (id) VALUES (150); ROLLBACK").unwrap();
    let _last = stack.daemon_that("");
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

#[test]
fn a_job_goes_on_with_one_lane_where_there_is_no_second() {
    let stack = with_table();
    let _daemon = stack.daemon_that("lane-opened=error");
    let job = stack.append(TO_POSTGRES, "orders");
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
    assert!(stack.daemon_logs().contains("goes on with one lane"));
}

/// Where one row may wait for another that is no row of its key, chunks go one by one.
#[test]
fn tables_that_compare_rows_with_others_have_one_lane() {
    let alterations = [
        ("nothing else", "", true),
        ("another unique index", "CREATE UNIQUE INDEX ON orders (token)", false),
        ("an exclusion constraint", "ALTER TABLE orders ADD EXCLUDE USING btree (token WITH =)", false),
        (
            "a trigger",
            "CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER pass BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION pass()",
            false,
        ),
        (
            "a foreign key",
            "CREATE TABLE customers (name text PRIMARY KEY);
             INSERT INTO customers SELECT 'customer ' || n FROM generate_series(0, 997) n;
             ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers",
            false,
        ),
        // Rows are staged, and touch the table one chunk after the other.
        ("a wider type", "ALTER TABLE orders ALTER amount TYPE numeric", true),
    ];
    for (what, alteration, two) in alterations {
        let stack = with_table();
        stack.destination.execute(alteration);
        let _daemon = stack.daemon();
        let job = stack.append(TO_POSTGRES, "orders");
        assert_eq!(job.completes(), 1000);
        assert_eq!(has_second_lane(&stack), two, "{what}");
        job.compare("orders").assert_equal();
    }
}

/// Columns are decoded, and files written and read back, while the chunk ahead is on its way.
#[test]
fn files_are_written_on_two_lanes_too() {
    for place in [Place::DuckDb, Place::Parquet] {
        let stack = Stack::with_batches(100, &orders(5000));
        let _daemon = stack.daemon();
        let job = stack.append(&[place], "orders");
        assert_eq!(job.completes(), 5000);
        assert!(has_second_lane(&stack), "{place:?}: {}", stack.daemon_logs());
        job.compare("orders").assert_equal();
    }
}
