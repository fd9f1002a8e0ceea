//! Cancel, pause, resume and delete race each other, the daemons and the reaper.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::harness::{Chance, Job, Place, Stack, eventually};

const PLACES: &[Place] = &[Place::Postgres, Place::Parquet];
const TABLES: i64 = 6;
const ROWS: i64 = 600;

/// Tables `t0` and so on, each of whose chunks takes a while at the destination.
fn stack() -> Stack {
    let tables: String = (0..TABLES)
        .map(|at| {
            format!(
                "CREATE TABLE t{at} (id int PRIMARY KEY, note text);
                 INSERT INTO t{at} SELECT n, 'row ' || n FROM generate_series(1, {ROWS}) n; ANALYZE t{at};"
            )
        })
        .collect();
    let stack = Stack::with_batches(20, &tables);
    stack.destination.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$",
    );
    for at in 0..TABLES {
        stack.destination.execute(&format!(
            "CREATE TABLE t{at} (id int PRIMARY KEY, note text);
             CREATE TRIGGER slow BEFORE INSERT ON t{at} FOR EACH STATEMENT EXECUTE FUNCTION slow()"
        ));
    }
    stack
}

/// A job that no number of lapsed leases fails. Should one that appends run twice, it would meet its own keys; one that
/// follows a job that was deleted meets that one's.
fn request(at: i64, write_mode: &str) -> serde_json::Value {
    json!({"table_name": format!("t{at}"), "write_mode": write_mode, "max_attempts": 1000})
}

/// Nothing is in a state that it cannot be in.
fn assert_legal(stack: &Stack) {
    let illegal = "queue_backfill_data AS job JOIN backfill_job_destinations AS part ON part.job_id = job.id
         WHERE job.status <> 'EXECUTING' AND (part.status <> job.status OR pause_requested_at IS NOT NULL
            OR claimed_by IS NOT NULL OR lease_expires_at IS NOT NULL)
            OR (finished_at IS NOT NULL) <> (job.status IN ('COMPLETED', 'FAILED', 'CANCELLED'))";
    assert_eq!(stack.metadata.count(illegal), 0);
}

#[test]
fn jobs_are_stopped_resumed_and_deleted_from_all_sides() {
    let stack = stack();
    let _daemons = [stack.daemon(), stack.daemon()];
    let pipeline =
        stack.pipeline(&[stack.destination_id(Place::Postgres), stack.destination_id(Place::Parquet)]);
    let jobs = Mutex::new(
        (0..TABLES).map(|at| stack.backfill(PLACES, &request(at, "append")).id).collect::<Vec<_>>(),
    );
    let (client, metadata, is_over) = (&stack.client, &stack.metadata, AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut chance = Chance::new();
                while !is_over.load(Ordering::Relaxed) {
                    let at = chance.below(TABLES as u64) as usize;
                    let id = jobs.lock().unwrap()[at];
                    let path = format!("/backfill/{id}");
                    let answer = match chance.below(20) {
                        0 => client.delete(&path),
                        1..6 => client.post(&format!("{path}/cancel"), &json!({})),
                        6..12 => client.post(&format!("{path}/pause"), &json!({})),
                        _ => client.post(&format!("{path}/resume"), &json!({})),
                    };
                    assert!([200, 204, 404, 409].contains(&answer.status), "{}", answer.text);
                    if answer.status == 204 {
                        let path = format!("/pipelines/{pipeline}/backfill");
                        jobs.lock().unwrap()[at] = client.post(&path, &request(at as i64, "upsert")).id();
                    }
                }
            });
        }
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                metadata.execute(
                    "UPDATE queue_backfill_data SET lease_expires_at = now() - interval '1 second'
                     WHERE status = 'EXECUTING' AND random() < 0.3",
                );
                thread::sleep(Duration::from_millis(200));
            }
        });
        let end = Instant::now() + Duration::from_secs(15);
        while Instant::now() < end {
            thread::sleep(Duration::from_millis(50));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let jobs = jobs.into_inner().unwrap();
    for (at, id) in jobs.into_iter().enumerate() {
        let (job, path) = (Job::new(&stack, id, PLACES), format!("/backfill/{id}"));
        eventually("the job's end", || {
            match job.status().as_str() {
                "COMPLETED" => return Some(()),
                "FAILED" => panic!("{:#}", job.get()),
                "PAUSED" | "CANCELLED" => drop(stack.client.post(&format!("{path}/resume"), &json!({}))),
                _ => {}
            }
            None
        });
        assert_eq!(job.completes(), ROWS);
        job.compare(&format!("t{at}")).assert_equal();
    }
    assert_legal(&stack);
}
