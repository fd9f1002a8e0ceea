//! A database server that is restarted while a job runs.

use crate::harness::{ALL, Database, Job, Server, Stack, eventually, orders};

const ROWS: u32 = 2000;

/// Another attempt takes up what the restart has failed.
fn go_on_after_failure(job: &Job<'_>, named: &str) {
    job.fails_naming(&[named]);
    assert!(job.rows() < ROWS.into());
    job.stack.retry_failed();
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
        go_on_after_failure(&job, "destination dwh");
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
        go_on_after_failure(&job, "source shop");
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
