//! How much is compared before a chunk is committed, and what a job says of it.

use serde_json::{Value, json};

use crate::harness::{ALL, Job, Place, Stack, eventually, orders};

fn at_level(stack: &'_ Stack, places: &[Place], mode: &str, level: &str) -> Value {
    let job = job_at(stack, places, mode, level);
    let ended = job.becomes_status("COMPLETED");
    job.compare("orders").assert_equal();
    ended
}

fn job_at<'a>(stack: &'a Stack, places: &[Place], mode: &str, level: &str) -> Job<'a> {
    stack.backfill(places, &json!({"table_name": "orders", "write_mode": mode, "verification": level}))
}

/// What its parts say of the proof.
fn verdicts(job: &Value) -> Vec<(Value, Value)> {
    let parts = job["destinations"].as_array().unwrap();
    parts.iter().map(|part| (part["verified"].clone(), part["verified_by"].clone())).collect()
}

#[test]
fn a_job_says_what_it_has_compared() {
    let stack = Stack::with_batches(100, &orders(1000));
    let _daemon = stack.daemon();
    for mode in ["append", "upsert", "insert_missing", "replace"] {
        for (level, verified, by) in [
            ("checksum", json!(true), json!("checksum")),
            ("count", Value::Null, json!("count")),
            ("off", Value::Null, Value::Null),
        ] {
            let ended = at_level(&stack, ALL, mode, level);
            assert_eq!(verdicts(&ended), vec![(verified, by); 3], "{mode}, {level}: {ended:#}");
            if mode == "append" {
                stack.empty_destinations("orders");
            }
        }
    }
}

#[test]
fn a_table_without_a_key_is_counted_as_well() {
    let stack = Stack::new("CREATE TABLE orders AS SELECT n % 7 AS n FROM generate_series(1, 5000) n");
    let _daemon = stack.daemon();
    for level in ["count", "off"] {
        at_level(&stack, ALL, "append", level);
        // The next job's rows go beside those of this one.
        stack.empty_destinations("orders");
    }
}

/// Has the destination's table lose the rows of two ids on their way in, or change one.
fn with_trigger(stack: &Stack, body: &str) {
    stack.destination.execute(&format!(
        "CREATE TABLE orders (id bigint PRIMARY KEY, customer text, amount numeric(12,2), paid boolean,
                              placed timestamptz, weight double precision, token uuid);
         CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
         CREATE TRIGGER meddle BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION meddle()"
    ));
}

#[test]
fn a_dropped_row_is_noticed_by_its_number() {
    for mode in ["append", "upsert", "insert_missing", "replace"] {
        let stack = Stack::with_batches(100, &orders(300));
        with_trigger(&stack, "IF NEW.id IN (150, 160) THEN RETURN NULL; END IF;");
        let _daemon = stack.daemon();
        let job = job_at(&stack, &[Place::Postgres], mode, "count");
        job.fails();
        let failed = job.get();
        assert_eq!(verdicts(&failed), [(json!(false), json!("count"))], "{mode}: {failed:#}");
    }
}

#[test]
fn a_dropped_row_is_noticed_among_rows_that_are_there_already() {
    let stack = Stack::with_batches(100, &orders(300));
    with_trigger(&stack, "IF NEW.id IN (150, 160) THEN RETURN NULL; END IF;");
    stack.destination.execute("INSERT INTO orders (id) VALUES (7), (107)");
    let _daemon = stack.daemon();
    for mode in ["upsert", "insert_missing"] {
        job_at(&stack, &[Place::Postgres], mode, "count")
            .fails_naming(&["chunk 2 does not verify", "100 rows"]);
    }
}

#[test]
fn what_a_lower_level_does_not_see() {
    let stack = Stack::with_batches(100, &orders(300));
    with_trigger(&stack, "IF NEW.id = 150 THEN NEW.customer := 'another'; END IF;");
    let _daemon = stack.daemon();
    job_at(&stack, &[Place::Postgres], "upsert", "checksum").fails_naming(&["chunk 2 does not verify"]);
    job_at(&stack, &[Place::Postgres], "upsert", "count").becomes_status("COMPLETED");
    stack.destination.execute("TRUNCATE orders; DROP TRIGGER meddle ON orders");
    stack.destination.execute(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE TRIGGER lose BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION lose()",
    );
    job_at(&stack, &[Place::Postgres], "upsert", "count").fails();
    job_at(&stack, &[Place::Postgres], "upsert", "off").becomes_status("COMPLETED");
    assert_eq!(stack.destination.count("orders"), 0);
}

#[test]
fn counting_reads_nothing_back() {
    let stack = Stack::with_batches(100, &orders(1000));
    let read_back = |level: &str| {
        let mut daemon = stack.daemon();
        at_level(&stack, &[Place::Postgres], "append", level);
        daemon.kill();
        // A connection reports its figures when it ends.
        let figures = "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables \
                       WHERE relname = 'orders' AND n_tup_ins = 1000";
        let rows = eventually("the server's figures", || stack.destination.column(figures).pop());
        stack.destination.execute("DROP TABLE orders");
        rows.parse::<i64>().unwrap()
    };
    // The test's own look at the table is among them, once.
    assert!(read_back("checksum") >= 2000);
    assert!(read_back("count") <= 1000);
    assert!(read_back("off") <= 1000);
}
