//! A source that has a replica, and one that is a replica.

use postgres::{Client, NoTls};
use serde_json::json;

use crate::harness::{ALL, Database, Place, Server, Stack, eventually, orders};

/// A server's database with 1000 orders, and a superuser's session with its replica.
struct Replicated {
    source: Option<Database>,
    replica: Client,
    port: u16,
    /// Goes last.
    _server: Server,
}

impl Replicated {
    fn new() -> Self {
        let mut server = Server::start();
        let source = server.create_database();
        source.execute(&orders(1000));
        let mut url = server.replicate();
        url.set_path(source.name());
        let replica = Client::connect(url.as_str(), NoTls).unwrap();
        Self { source: Some(source), replica, port: url.port().unwrap(), _server: server }
    }

    /// The replica stands still from now on, and then lags behind `source` by more than a second, until it is let `go_on`.
    fn fall_behind(&mut self, source: &Database) {
        self.replica.batch_execute("SELECT pg_wal_replay_pause()").unwrap();
        let mut at_replica = |condition: &str| {
            eventually(condition, || {
                self.replica
                    .query_one(&format!("SELECT COALESCE({condition}, false)"), &[])
                    .unwrap()
                    .get::<_, bool>(0)
                    .then_some(())
            });
        };
        at_replica("pg_get_wal_replay_pause_state() = 'paused'");
        source.execute("CREATE TABLE written_meanwhile AS SELECT 1 AS id");
        at_replica("pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()");
        let last = "COALESCE(pg_last_xact_replay_timestamp(), pg_postmaster_start_time())";
        at_replica(&format!("clock_timestamp() - {last} > '3 s'"));
        let is_known = "SELECT count(*) FROM pg_stat_replication WHERE replay_lag > '3 s'";
        eventually("the primary to know", || (source.column(is_known) == ["1"]).then_some(()));
    }

    fn go_on(&mut self) {
        self.replica.batch_execute("SELECT pg_wal_replay_resume()").unwrap();
    }

    fn stack(&mut self, tell: impl FnOnce(Database) -> Database) -> Stack {
        let source = tell(self.source.take().unwrap());
        Stack::on(100, "", [source, Database::create(), Database::create()])
    }
}

#[test]
fn a_job_waits_while_its_sources_replica_lags() {
    let mut replicated = Replicated::new();
    let stack = replicated.stack(|source| source);
    stack.limit_source(&json!({"back_off": {"max_replication_lag_seconds": 1}}));
    replicated.fall_behind(&stack.source);
    let job = stack.append(&[Place::Postgres], "orders");
    let _daemon = stack.daemon();
    assert!(job.waits_for("source_unwell").contains("seconds behind, more than 1"));
    replicated.go_on();
    assert_eq!(job.completes(), 1000);
}

#[test]
fn a_replica_is_a_source_too_and_is_let_to_catch_up() {
    let mut replicated = Replicated::new();
    let port = replicated.port;
    let stack = replicated.stack(|source| source.read_at(port));
    let _daemon = stack.daemon();
    let job = stack.append(ALL, "orders");
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();

    stack.limit_source(&json!({"back_off": {"max_replication_lag_seconds": 1}}));
    replicated.fall_behind(&stack.source);
    stack.empty_destinations("orders");
    let job = stack.append(&[Place::Postgres], "orders");
    assert!(job.waits_for("source_unwell").contains("seconds behind, more than 1"));
    replicated.go_on();
    assert_eq!(job.completes(), 1000);
}
