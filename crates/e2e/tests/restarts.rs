//! A database server that is restarted while a job runs.

use crate::harness::{ALL, Database, Job, Process, Server, Stack, eventually, orders};

const ROWS: u32 = 2000;

/// What the restart has failed waits for another attempt.
fn waits_for_another_attempt(job: &Job<'_>, daemon: Process, named: &str) {
    eventually("the attempt's failure", || daemon.log().contains("failed: ").then_some(()));
    drop(daemon);
    assert!(job.rows() < ROWS.into());
    let why = job.stack.daemon_logs();
    assert!(why.lines().any(|line| line.contains("failed: ") && line.contains(named)), "{why}");
}

fn completes(job: &Job<'_>) {
    assert_eq!(job.completes(), i64::from(ROWS));
    job.compare("orders").assert_equal();
}

#[test]
fn of_the_destination() {
    let mut server = Server::start();
    let databases = [Database::create(), server.create_database(), Database::create()];
    let stack = Stack::on(50, &orders(ROWS), databases);
    let job = stack.append(ALL, "orders");
    // A transaction that the restart has ended, and one whose end nobody was told.
    for plan in ["writer-wrote=stop@4", "postgres-noted=stop@2", "postgres-committed=stop@2"] {
        let daemon = stack.daemon_that(plan);
        daemon.stops();
        server.restart();
        daemon.signal("CONT");
        waits_for_another_attempt(&job, daemon, "destination dwh");
    }
    let _last = stack.daemon();
    completes(&job);
}

#[test]
fn of_the_source() {
    let mut server = Server::start();
    let databases = [server.create_database(), Database::create(), Database::create()];
    let stack = Stack::on(50, &orders(ROWS), databases);
    let job = stack.append(ALL, "orders");
    for plan in ["job-begun=stop", "source-held=stop@3", "chunk-sealed=stop@3"] {
        let daemon = stack.daemon_that(plan);
        daemon.stops();
        server.restart();
        daemon.signal("CONT");
        waits_for_another_attempt(&job, daemon, "source shop");
    }
    let _last = stack.daemon();
    completes(&job);
}

/// The job is well: its daemon goes on with it by itself, at the latest when its lease has run out.
#[test]
fn of_the_metadata_database() {
    let mut server = Server::start();
    let databases = [Database::create(), Database::create(), server.create_database()];
    let stack = Stack::on(50, &orders(ROWS), databases);
    let job = stack.append(ALL, "orders");
    let points = ["chunk-taken", "chunk-fixed", "chunk-sealed", "chunk-committed", "chunk-finished"];
    let plan: Vec<_> = points.iter().map(|point| format!("{point}=stop@3")).collect();
    let daemon = stack.daemon_that(&plan.join(","));
    for _ in points {
        daemon.stops();
        server.restart();
        daemon.signal("CONT");
    }
    let mut let_go = 0;
    eventually("the daemon to complete the job", || {
        let count = daemon.log().matches("cannot write down how it ended").count();
        if count > let_go {
            stack.expire_leases();
            let_go = count;
        }
        (job.status() == "COMPLETED").then_some(())
    });
    completes(&job);
}
