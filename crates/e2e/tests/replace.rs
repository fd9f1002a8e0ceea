//! A table's rows replaced as a whole.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::json;
use uuid::Uuid;

use crate::harness::{ALL, Job, Place, Stack, eventually, orders};

const TABLES: &[Place] = &[Place::Postgres, Place::DuckDb];

fn replace<'a>(stack: &'a Stack, places: &[Place], table: &str) -> Job<'a> {
    stack.backfill(places, &json!({"table_name": table, "write_mode": "replace"}))
}

/// Tables of the destination that gather rows.
fn gathering(stack: &Stack) -> Vec<String> {
    stack
        .destination
        .column("SELECT relname FROM pg_class WHERE relname LIKE '\\_backfill\\_replace%' AND relkind = 'r'")
}

/// Makes each chunk take a while.
fn slow_down_gathering(stack: &Stack, milliseconds: u32) {
    stack.destination.execute(&format!(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({}); RETURN NULL; END $$;
         CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
             DECLARE made text;
             BEGIN
                 FOR made IN SELECT object_identity FROM pg_event_trigger_ddl_commands()
                     WHERE command_tag = 'CREATE TABLE' AND object_identity LIKE '%\\_backfill\\_replace%' LOOP
                     EXECUTE 'CREATE TRIGGER slow BEFORE INSERT ON ' || made || ' FOR EACH STATEMENT EXECUTE FUNCTION public.slow()';
                 END LOOP;
             END $$;
         CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watch()",
        f64::from(milliseconds) / 1000.0
    ));
}

#[test]
fn the_new_rows_take_the_place_of_all_others() {
    let stack = Stack::with_batches(500, &orders(2000));
    let _daemon = stack.daemon();
    let first = replace(&stack, ALL, "orders");
    assert_eq!(first.completes(), 2000);
    first.compare("orders").assert_equal();
    stack.destination.execute("INSERT INTO orders (id, customer) VALUES (-1, 'gone with the others')");
    stack
        .source
        .execute("DELETE FROM orders WHERE id % 3 = 0; UPDATE orders SET customer = 'new', amount = NULL");
    let second = replace(&stack, ALL, "orders");
    assert_eq!(second.completes(), 1334);
    second.compare("orders").assert_equal();
    assert_eq!(gathering(&stack), Vec::<String>::new());
    let lake = stack.folder.join("lake/public.orders");
    assert_eq!(
        fs::read_link(lake.join("current")).unwrap().to_str(),
        Some(format!("job-{}", second.id).as_str())
    );
    let held =
        format!("SELECT count(*)::VARCHAR FROM read_parquet('{}/current/part-*.parquet')", lake.display());
    assert_eq!(second.select_in(Place::Parquet, "orders", &held), ["1334"]);
    assert_eq!(first.rows_in(Place::Parquet, "orders"), 2000, "an earlier job's files stay");
}

#[test]
fn a_table_without_a_key_is_replaced_too() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE log (line text, at timestamptz); INSERT INTO log SELECT 'line ' || n % 50, now() FROM generate_series(1, 700) n",
    );
    let _daemon = stack.daemon();
    for _ in 0..2 {
        let job = replace(&stack, ALL, "log");
        assert_eq!(job.completes(), 700);
        job.compare("log").assert_equal();
    }
    stack.source.execute("TRUNCATE log");
    let job = replace(&stack, ALL, "log");
    assert_eq!(job.completes(), 0);
    job.compare("log").assert_equal();
}

#[test]
fn a_present_table_keeps_what_the_source_does_not_have() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE t (id int PRIMARY KEY, name varchar(10), price numeric(8,2)); INSERT INTO t SELECT n, 'n' || n, n * 0.5 FROM generate_series(1, 350) n",
    );
    stack.destination.execute(
        "CREATE TABLE t (note text DEFAULT 'mine', price numeric(20,4), name text UNIQUE, id bigint);
         INSERT INTO t VALUES ('old', 1, 'n7', 7), ('old', 1, 'other', 7)",
    );
    let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    file.execute_batch(
        "CREATE TABLE t (note VARCHAR DEFAULT 'mine', price DECIMAL(20,4), name VARCHAR, id BIGINT PRIMARY KEY CHECK (id > 0));
         CREATE INDEX names ON t (name); CREATE VIEW v AS SELECT count(*) AS n, max(note) AS note FROM t;
         INSERT INTO t VALUES ('old', 1, 'n7', 7), ('old', 1, 'other', 1000)",
    )
    .unwrap();
    drop(file);
    let _daemon = stack.daemon();
    let job = replace(&stack, TABLES, "t");
    assert_eq!(job.completes(), 350);
    job.compare("t").columns("id, name, price::numeric(20,4) AS price").assert_equal();
    assert_eq!(stack.destination.count("t WHERE note = 'mine'"), 350);
    assert_eq!(job.select_in(Place::DuckDb, "t", "SELECT n || ' ' || note FROM held.main.v"), ["350 mine"]);
    let kept = "SELECT index_name FROM duckdb_indexes() WHERE database_name = 'held' AND table_name = 't'";
    assert_eq!(job.select_in(Place::DuckDb, "t", kept), ["names"]);
}

#[test]
fn readers_see_the_old_rows_or_the_new_ones() {
    let stack = Stack::with_batches(1000, &orders(30_000));
    stack.destination.execute(&orders(20_000).replace("n * 1.25", "1"));
    let figures = "SELECT count(*) || ' ' || sum(amount) || ' ' || count(DISTINCT id) FROM orders";
    let old = stack.destination.value(figures);
    let new = stack.source.value(figures);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (reader, done) = (stack.destination.connect(), &done);
        let reads = scope.spawn(move || {
            let (mut reader, mut seen) = (reader, Vec::new());
            while !done.load(Ordering::Relaxed) {
                seen.push(reader.query_one(figures, &[]).unwrap().get::<_, String>(0));
            }
            seen
        });
        let mut snapshot = stack.destination.connect();
        snapshot
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE c CURSOR FOR SELECT amount FROM orders; FETCH 1 FROM c")
            .unwrap();
        let _daemon = stack.daemon();
        let job = replace(&stack, &[Place::Postgres], "orders");
        assert_eq!(job.completes(), 30_000);
        done.store(true, Ordering::Relaxed);
        let seen = reads.join().unwrap();
        assert!(seen.iter().all(|seen| *seen == old || *seen == new), "{old} or {new}: {seen:?}");
        assert!(seen.first() == Some(&old));
        assert_eq!(stack.destination.value(figures), new);
        assert_eq!(snapshot.query("FETCH ALL FROM c", &[]).unwrap().len(), 19_999);
        assert_eq!(snapshot.query_one(figures, &[]).unwrap().get::<_, String>(0), old);
        job.compare("orders").assert_equal();
    });
}

#[test]
fn what_depends_on_the_table_stays() {
    let stack = Stack::with_batches(
        50,
        "CREATE TABLE t (id int PRIMARY KEY, parent int, n int); INSERT INTO t SELECT n, 1 + n % 3, n FROM generate_series(1, 200) n",
    );
    let role = format!("role_{}", Uuid::new_v4().simple());
    stack.destination.execute(&format!(
        "CREATE ROLE {role}; CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1), (2), (3);
         CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES parents,
                         n int CHECK (n > 0), twice int GENERATED ALWAYS AS (n * 2) STORED, serial bigserial);
         INSERT INTO t (parent, n) VALUES (1, 1), (1, 2), (2, 3);
         CREATE TABLE children (t int REFERENCES t); INSERT INTO children VALUES (1), (2);
         CREATE INDEX by_n ON t (n); CREATE VIEW v AS SELECT sum(n) AS n, sum(twice) AS twice FROM t;
         CREATE TABLE audit (what text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audit VALUES (tg_op); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT OR DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION note();
         CREATE PUBLICATION p FOR TABLE t; ALTER TABLE t OWNER TO {role}; GRANT SELECT ON t TO PUBLIC; COMMENT ON TABLE t IS 'ours'",
    ));
    let facts = "SELECT concat_ws(' ', 't'::regclass::oid, relowner::regrole, relacl, obj_description('t'::regclass),
                        (SELECT string_agg(conname, ',' ORDER BY conname) FROM pg_constraint WHERE 't'::regclass IN (conrelid, confrelid)),
                        (SELECT string_agg(indexrelid::regclass::text, ',' ORDER BY 1) FROM pg_index WHERE indrelid = 't'::regclass),
                        pg_get_serial_sequence('t', 'id'), pg_get_serial_sequence('t', 'serial'),
                        (SELECT count(*) FROM pg_publication_tables WHERE tablename = 't'),
                        (SELECT string_agg(tgname, ',' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 't'::regclass AND NOT tgisinternal))
                 FROM pg_class WHERE oid = 't'::regclass";
    let before = stack.destination.value(facts);
    let _daemon = stack.daemon();
    let job = replace(&stack, &[Place::Postgres], "t");
    assert_eq!(job.completes(), 200);
    job.compare("t").renamed("id, parent, n, n * 2 AS twice", "id, parent, n, twice").assert_equal();
    assert_eq!(stack.destination.value(facts), before);
    assert_eq!(stack.destination.value("SELECT n || ' ' || twice FROM v"), "20100 40200");
    assert_eq!(
        stack.destination.value("SELECT string_agg(what, ' ' ORDER BY what) FROM audit"),
        "DELETE INSERT"
    );
    assert_eq!(stack.destination.value("SELECT nextval(pg_get_serial_sequence('t', 'id'))"), "4");
    stack.destination.execute(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
}

#[test]
fn references_that_would_reach_other_rows_are_refused() {
    for action in ["CASCADE", "SET NULL", "RESTRICT"] {
        let stack = Stack::new("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
        stack.destination.execute(&format!(
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
             CREATE TABLE children (t int CONSTRAINT belongs REFERENCES t ON DELETE {action}); INSERT INTO children VALUES (1)"
        ));
        let _daemon = stack.daemon();
        replace(&stack, &[Place::Postgres], "t").fails_naming(&["public.t", "belongs", "children", action]);
        assert_eq!(stack.destination.count("children WHERE t = 1"), 1);
    }
}

#[test]
fn a_reference_to_a_key_that_does_not_come_again_keeps_the_old_rows() {
    let stack = Stack::new("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (2)");
    stack.destination.execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
         CREATE TABLE children (t int CONSTRAINT belongs REFERENCES t); INSERT INTO children VALUES (1)",
    );
    let _daemon = stack.daemon();
    replace(&stack, &[Place::Postgres], "t").fails_naming(&["dwh", "belongs"]);
    assert_eq!(stack.destination.column("SELECT id FROM t"), ["1"]);
}

#[test]
fn rows_that_the_table_would_hold_otherwise_do_not_replace_its_own() {
    for trigger in ["BEFORE INSERT ON t FOR EACH ROW", "BEFORE DELETE ON t FOR EACH ROW"] {
        let stack = Stack::new(
            "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT n, n FROM generate_series(1, 50) n",
        );
        stack.destination.execute(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (-1, 1);
             CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF tg_op = 'DELETE' THEN RETURN NULL; END IF; new.n = 0; RETURN new; END $$;
             CREATE TRIGGER spoil {trigger} EXECUTE FUNCTION spoil()"
        ));
        let _daemon = stack.daemon();
        let job = replace(&stack, &[Place::Postgres], "t");
        job.fails_naming(&["dwh", "cannot be replaced"]);
        assert_eq!(job.get()["destinations"][0]["verified"], false, "{:#}", job.get());
        assert_eq!(stack.destination.column("SELECT id FROM t"), ["-1"]);
    }
}

#[test]
fn killed_while_rows_are_gathered() {
    let stack = Stack::with_batches(200, &orders(10_000));
    stack.destination.execute(&orders(100).replace("n * 1.25", "1"));
    slow_down_gathering(&stack, 20);
    let job = replace(&stack, ALL, "orders");
    let old = "orders WHERE amount = 1";
    for kill in 1..=5 {
        let daemon = stack.daemon();
        job.becomes("taken up", |now| now["attempt"] == kill && now["status"] == "EXECUTING");
        let [byte, ..] = *Uuid::new_v4().as_bytes();
        thread::sleep(Duration::from_millis(u64::from(byte)));
        assert_eq!((stack.destination.count("orders"), stack.destination.count(old)), (100, 100));
        drop(daemon);
        stack.expire_leases();
    }
    let _last = stack.daemon();
    assert_eq!(job.completes(), 10_000);
    job.compare("orders").assert_equal();
    assert_eq!(gathering(&stack), Vec::<String>::new());
}

#[test]
fn killed_before_and_after_the_rows_change_places() {
    let stack = Stack::with_batches(200, &orders(2000));
    stack.destination.execute(&orders(100).replace("n * 1.25", "1"));
    let job = replace(&stack, ALL, "orders");

    // Before: the swap waits for a writer of the table.
    let writer = stack.destination.lock_writers("orders");
    let killed = stack.daemon();
    eventually("the swap to wait", || stack.destination.has_waiters().then_some(()));
    drop(killed);
    stack.expire_leases();
    assert_eq!(stack.destination.count("orders WHERE amount = 1"), 100);

    // After: the rows have changed places, and the queue does not answer yet.
    let killed = stack.daemon();
    eventually("the second swap to wait", || {
        let waits = format!(
            "pg_stat_activity WHERE application_name LIKE 'backfill job {}/2 %' AND wait_event_type = 'Lock'",
            job.id
        );
        (stack.destination.count(&waits) == 1).then_some(())
    });
    let queue = stack.metadata.lock("queue_backfill_data");
    writer.release();
    eventually("the new rows", || (stack.destination.count("orders") == 2000).then_some(()));
    drop(killed);
    queue.release();
    assert_eq!(gathering(&stack), Vec::<String>::new());
    // Whoever writes meanwhile is not undone by the swap's repetition.
    stack.destination.execute("INSERT INTO orders (id) VALUES (-7)");
    stack.expire_leases();
    let _last = stack.daemon();
    assert_eq!(job.completes(), 2000);
    assert_eq!(stack.destination.count("orders WHERE id = -7"), 1);
    job.compare("orders").among("id > 0").assert_equal();
}

#[test]
fn a_daemon_that_comes_back_replaces_nothing() {
    let stack = Stack::with_batches(200, &orders(2000));
    stack.destination.execute(&orders(100).replace("n * 1.25", "1"));
    let job = replace(&stack, &[Place::Postgres, Place::Parquet], "orders");
    let writer = stack.destination.lock_writers("orders");
    let stopped = stack.daemon();
    eventually("the swap to wait", || stack.destination.has_waiters().then_some(()));
    stopped.signal("STOP");
    stack.expire_leases();
    let _next = stack.daemon();
    job.becomes("taken up again", |now| now["attempt"] == 2 && now["status"] == "EXECUTING");
    writer.release();
    assert_eq!(job.completes(), 2000);
    stack.destination.execute("DELETE FROM orders WHERE id = 1");
    stopped.signal("CONT");
    eventually("the first daemon to notice", || stopped.log().contains("was lost").then_some(()));
    assert_eq!(stack.destination.count("orders"), 1999);
}

#[test]
fn a_table_that_gathers_rows_and_is_removed_is_missed() {
    let stack = Stack::with_batches(200, &orders(2000));
    stack.destination.execute(&orders(100));
    let job = replace(&stack, &[Place::Postgres], "orders");
    let writer = stack.destination.lock_writers("orders");
    let killed = stack.daemon();
    eventually("the swap to wait", || stack.destination.has_waiters().then_some(()));
    drop(killed);
    writer.release();
    eventually("the session's end", || stack.destination.backfill_sessions().is_empty().then_some(()));
    assert_eq!(stack.destination.count("orders"), 100);
    let [gathering] = &gathering(&stack)[..] else { panic!("no table gathers rows") };
    stack.destination.execute(&format!("DROP TABLE {gathering}"));
    stack.expire_leases();
    let _daemon = stack.daemon();
    job.fails_naming(&[gathering, "it was removed after 2000 rows of this job"]);
    assert_eq!(stack.destination.count("orders"), 100);
}

#[test]
fn a_cancelled_job_leaves_the_old_rows() {
    let stack = Stack::with_batches(200, &orders(2000));
    stack.destination.execute(&orders(100));
    let _daemon = stack.daemon();
    let job = replace(&stack, ALL, "orders");
    let writer = stack.destination.lock_writers("orders");
    eventually("the swap to wait", || stack.destination.has_waiters().then_some(()));
    job.cancel();
    writer.release();
    assert_eq!(stack.destination.count("orders"), 100);
    assert!(!stack.folder.join("lake/public.orders/current").exists());
    assert_eq!(gathering(&stack).len(), 1, "a job may be taken up again");
    let comment = format!("SELECT obj_description('{}'::regclass)", gathering(&stack)[0]);
    let comment = stack.destination.value(&comment);
    assert!(comment.contains(&format!("backfill job {} gathers", job.id)), "{comment}");
}

/// Its key can be none of the table's as a whole, and its rows lie in partitions, one of which has policies of its own.
#[test]
fn a_partitioned_table_is_replaced_whole() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE t (id int PRIMARY KEY, day date); INSERT INTO t SELECT n, date '2024-01-01' + n % 60 FROM generate_series(1, 500) n",
    );
    stack.destination.execute(
        "CREATE TABLE t (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
         CREATE TABLE january PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
         CREATE TABLE others PARTITION OF t DEFAULT; ALTER TABLE others ENABLE ROW LEVEL SECURITY;
         INSERT INTO t SELECT n, date '2023-12-01' + n % 60 FROM generate_series(1, 90) n",
    );
    let _daemon = stack.daemon();
    let job = replace(&stack, &[Place::Postgres], "t");
    assert_eq!(job.completes(), 500);
    job.compare("t").assert_equal();
    assert_eq!(stack.destination.count("others WHERE day < '2024-02-01'"), 0);
}

/// Whoever adds a reference while rows change places must not find its key gone.
#[test]
fn a_new_reference_waits_for_the_key_to_come_again() {
    let stack = Stack::new("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    stack.destination.execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE children (t int REFERENCES t);
         CREATE TABLE _backfill_ledger (job_uid uuid, destination_id bigint, attempt integer NOT NULL, chunk bigint NOT NULL,
             rows bigint NOT NULL, updated_at timestamptz NOT NULL, PRIMARY KEY (job_uid, destination_id))",
    );
    let writer = stack.destination.lock_writers("t");
    let _daemon = stack.daemon();
    let job = replace(&stack, &[Place::Postgres], "t");
    let waiting = |sessions: i64| {
        eventually("the table to be waited for", || {
            (stack.destination.count("pg_locks WHERE relation = 't'::regclass AND NOT granted") == sessions)
                .then_some(())
        });
    };
    waiting(1);
    thread::scope(|scope| {
        let child = scope.spawn(|| stack.destination.execute("INSERT INTO children VALUES (1), (2)"));
        waiting(2);
        writer.release();
        child.join().unwrap();
    });
    assert_eq!(job.completes(), 2);
    assert_eq!((stack.destination.count("t"), stack.destination.count("children")), (2, 2));
}
