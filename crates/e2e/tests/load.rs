//! Many clients at once, and many jobs: nothing is refused that should not be, and nothing grows.
//!
//! The short form belongs to the tests; `make load` has two hundred clients go on for a minute, and a thousand jobs.

use std::{
    collections::BTreeMap,
    env, thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Place, Process, Stack, eventually, orders};

/// Clients for each of the different jobs that they ask for, so that they meet.
const CLIENTS_A_JOB: u64 = 5;

/// What the environment says of a measure, or else the short form's.
fn measure(name: &str, short: u64) -> u64 {
    env::var(name).map_or(short, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

const ACTIVE_TWICE: &str =
    "(SELECT FROM queue_backfill_data WHERE status IN ('PENDING', 'EXECUTING', 'PAUSED')
    GROUP BY pipeline_id, table_name, filter_sql HAVING count(*) > 1) AS job";

/// What a client was answered, and how long that took.
struct Heard {
    what: &'static str,
    status: u16,
    took: Duration,
}

/// A client that creates, lists and cancels jobs until the deadline.
fn use_the_api(client: &Client, pipeline: i64, number: u64, deadline: Instant) -> Vec<Heard> {
    let mut heard = Vec::new();
    let filter = json!([{"column": "id", "operator": "=", "value": number / CLIENTS_A_JOB}]);
    let request = json!({"table_name": "orders", "filters": filter});
    let mut hear = |what, answer: &mut dyn FnMut() -> Answer| {
        let (begun, answer) = (Instant::now(), answer());
        heard.push(Heard { what, status: answer.status, took: begun.elapsed() });
        answer
    };
    while Instant::now() < deadline {
        let created =
            hear("create", &mut || client.post(&format!("/pipelines/{pipeline}/backfill"), &request));
        hear("list", &mut || client.get("/backfill?limit=20"));
        if created.status == 201 {
            let path = format!("/backfill/{}", created.id());
            hear("look", &mut || client.get(&path));
            hear("cancel", &mut || client.post(&format!("{path}/cancel"), &Value::Null));
        }
    }
    heard
}

/// The 99th of a hundred.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99 / 100).min(times.len() - 1)]
}

#[test]
fn clients_at_once_are_all_answered() {
    let clients = measure("BACKFILL_LOAD_CLIENTS", 40);
    let seconds = measure("BACKFILL_LOAD_SECONDS", 3);
    let stack = Stack::new(&orders(100));
    let _daemon = stack.daemon();
    let pipeline = stack.pipeline(&[stack.destination_id(Place::Postgres)]);
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let heard: Vec<Heard> = thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let client = &stack.client;
                scope.spawn(move || use_the_api(client, pipeline, number, deadline))
            })
            .collect();
        while Instant::now() < deadline {
            assert_eq!(stack.metadata.count(ACTIVE_TWICE), 0);
        }
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut answers: BTreeMap<(&str, u16), Vec<Duration>> = BTreeMap::new();
    for Heard { what, status, took } in heard {
        answers.entry((what, status)).or_default().push(took);
    }
    for ((what, status), times) in answers {
        let allowed: &[u16] = match what {
            "create" => &[201, 409],
            // It may have ended before.
            "cancel" => &[200, 409],
            _ => &[200],
        };
        println!("{what}: {status}: {} times, p99 {:?}", times.len(), p99(times));
        assert!(allowed.contains(&status), "{what} was answered with {status}");
    }
    eventually("the last job's end", || {
        (stack.metadata.count("queue_backfill_data WHERE status NOT IN ('COMPLETED', 'CANCELLED')") == 0)
            .then_some(())
    });
}

/// Bytes by which a daemon's memory may grow while it does the last nine tenths of the jobs.
const GROWTH: u64 = 32 << 20;

#[test]
fn many_small_jobs_are_drained_by_two_daemons() {
    let jobs = measure("BACKFILL_LOAD_JOBS", 200);
    let stack = Stack::new(&orders(1000));
    let pipeline = stack.pipeline(&[stack.destination_id(Place::Postgres)]);
    let client = &stack.client;
    let ask = |number: u64| {
        let filter = json!([{"column": "id", "operator": "=", "value": number + 1}]);
        let request = json!({"table_name": "orders", "filters": filter, "write_mode": "append"});
        client.post(&format!("/pipelines/{pipeline}/backfill"), &request).json(201);
    };
    thread::scope(|scope| {
        for first in 0..10 {
            scope.spawn(move || (first..jobs).step_by(10).for_each(ask));
        }
    });
    let daemons = [stack.daemon(), stack.daemon()];
    let completed = || stack.metadata.count("queue_backfill_data WHERE status = 'COMPLETED'");
    eventually("the first jobs' end", || (completed() >= jobs as i64 / 10).then_some(()));
    let before = daemons.each_ref().map(Process::peak_memory);
    eventually("the last job's end", || (completed() == jobs as i64).then_some(()));
    for (daemon, before) in daemons.iter().zip(before) {
        let after = daemon.peak_memory();
        assert!(after < before + GROWTH, "from {before} to {after} bytes");
    }
    let shares = stack.metadata.column("SELECT count(*) FROM queue_backfill_data GROUP BY attempt");
    assert_eq!(shares, [jobs.to_string()], "some jobs needed several attempts");
    assert_eq!(stack.destination.count("orders"), jobs as i64);
}
