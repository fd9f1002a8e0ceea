//! `kill -9` at any moment: no row is lost and none arrives twice.

use std::{thread, time::Duration};

use serde_json::Value;
use uuid::Uuid;

use crate::harness::{ALL, Job, Stack, orders};

/// Kills daemon after daemon, each a random moment after it has taken the job up, then lets one finish.
fn survive(stack: &Stack, job: &Job<'_>, kills: u32, at_most: Duration) {
    for kill in 1..=kills {
        let daemon = stack.daemon();
        let taken_up =
            |now: &Value| now["attempt"].as_i64() >= Some(kill.into()) && now["status"] == "EXECUTING";
        job.becomes("taken up", |now| taken_up(now) || now["status"] == "COMPLETED");
        if job.status() == "COMPLETED" {
            panic!("it was done after {} kills: there is too little to copy", kill - 1);
        }
        let [byte, ..] = *Uuid::new_v4().as_bytes();
        thread::sleep(at_most.mul_f64(f64::from(byte) / 255.0));
        drop(daemon);
        stack.expire_leases();
    }
    let _last = stack.daemon();
    assert_eq!(job.becomes_status("COMPLETED")["attempt"], kills + 1);
}

#[test]
fn along_a_key() {
    let stack = Stack::with_batches(200, &orders(20_000));
    stack.slow_down("orders", 10);
    let job = stack.append_at_all_costs(ALL, "orders");
    survive(&stack, &job, 12, Duration::from_millis(150));
    assert_eq!(job.completes(), 20_000);
    job.compare("orders").assert_equal();
}

#[test]
fn along_a_composite_key() {
    let stack = Stack::with_batches(
        150,
        "CREATE TABLE lines (day date, line text, qty int, PRIMARY KEY (day, line));
         INSERT INTO lines SELECT date '2024-01-01' + n % 37, 'line ' || n, n FROM generate_series(1, 12000) n",
    );
    stack.slow_down("lines", 10);
    let job = stack.append_at_all_costs(ALL, "lines");
    survive(&stack, &job, 10, Duration::from_millis(150));
    assert_eq!(job.completes(), 12_000);
    job.compare("lines").assert_equal();
}

#[test]
fn without_a_key() {
    let stack = Stack::new(
        "CREATE TABLE log AS SELECT n % 1000 AS n, md5((n % 1000)::text) FROM generate_series(1, 60000) n",
    );
    stack.slow_down("log", 300);
    let job = stack.append_at_all_costs(ALL, "log");
    survive(&stack, &job, 5, Duration::from_millis(250));
    assert_eq!(job.completes(), 60_000);
    job.compare("log").assert_equal();
}

#[test]
fn while_others_write_to_the_source() {
    let stack = Stack::with_batches(200, &orders(20_000));
    stack.slow_down("orders", 10);
    let job = stack.append_at_all_costs(ALL, "orders");
    thread::scope(|scope| {
        let source = &stack.source;
        let writer = scope.spawn(move || {
            let mut client = source.connect();
            for turn in 0..60 {
                // Ids that are 0, 1, 2 in their last digit are touched; so are those that are new.
                let sql = format!(
                    "UPDATE orders SET customer = 'turn {turn}' WHERE id % 10 = 0 AND id % 600 / 10 = {turn};
                     DELETE FROM orders WHERE id % 10 = 1 AND id % 600 / 10 = {turn};
                     UPDATE orders SET id = -id WHERE id % 10 = 2 AND id % 600 / 10 = {turn};
                     INSERT INTO orders (id) SELECT 20000 + 10 * ({turn} * 20 + n) FROM generate_series(1, 20) n"
                );
                client.batch_execute(&sql).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        });
        survive(&stack, &job, 6, Duration::from_millis(150));
        writer.join().unwrap();
    });
    // A chunk that some destinations had committed is read again for the others, from the source as it is then.
    let ended = job.get();
    for (place, part) in ALL.iter().zip(ended["destinations"].as_array().unwrap()) {
        let held = (part["count_record"].as_i64(), part["verified"].as_bool());
        assert_eq!(held, (Some(job.rows_in(*place, "orders")), Some(true)), "{ended:#}");
    }
    job.compare("orders").among("id % 10 > 2 AND id > 0").assert_equal();
}
