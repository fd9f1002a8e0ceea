//! A database that lives as long as a test.

use std::env;

use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use url::Url;
use uuid::Uuid;

use super::Proxy;

const HOW_TO_RUN: &str = "BACKFILL_TEST_POSTGRES_URL is not set. These tests need a PostgreSQL and a superuser's URL \
     to it: run `make test`, or `node deploy/dev/with-postgres.mjs cargo test -p backfill-e2e`.";

/// A database on the test server. Dropped, it is gone, whoever is connected.
pub(crate) struct Database {
    server: Url,
    url: Url,
    /// How Backfill reaches it.
    route: Url,
}

fn test_server() -> Url {
    env::var("BACKFILL_TEST_POSTGRES_URL")
        .expect(HOW_TO_RUN)
        .parse()
        .expect("BACKFILL_TEST_POSTGRES_URL is no URL")
}

fn connect(url: &Url) -> Client {
    let mut config: Config = url.as_str().parse().unwrap();
    config.application_name("e2e").connect(NoTls).expect("the test PostgreSQL does not answer")
}

impl Database {
    pub(crate) fn create() -> Self {
        Self::create_on(test_server())
    }

    /// One on another server, known by a superuser's URL.
    pub(crate) fn create_on(server: Url) -> Self {
        let name = format!("e2e_{}", Uuid::new_v4().simple());
        connect(&server).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let mut url = server.clone();
        url.set_path(&name);
        Self { server, route: url.clone(), url }
    }

    /// The same for Backfill by way of a proxy to its server.
    pub(crate) fn behind(mut self, proxy: &Proxy) -> Self {
        self.route.set_port(Some(proxy.port())).unwrap();
        self
    }

    /// The same for Backfill on its server's replica.
    pub(crate) fn read_at(mut self, port: u16) -> Self {
        self.route.set_port(Some(port)).unwrap();
        self
    }

    /// How a test reaches it.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// How Backfill reaches it.
    pub(crate) fn route(&self) -> &Url {
        &self.route
    }

    pub(crate) fn name(&self) -> &str {
        self.url.path().trim_start_matches('/')
    }

    pub(crate) fn connect(&self) -> Client {
        connect(&self.url)
    }

    /// Runs statements that must not fail.
    #[track_caller]
    pub(crate) fn execute(&self, sql: &str) {
        if let Err(error) = self.connect().batch_execute(sql) {
            panic!(
                "{}\n{sql}",
                error.as_db_error().map_or_else(|| error.to_string(), |error| format!("{error:?}"))
            );
        }
    }

    /// Every row of every table, as text.
    pub(crate) fn dump(&self) -> String {
        let tables = self.column("SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND oid >= 16384");
        tables
            .iter()
            .flat_map(|table| self.column(&format!("SELECT t::text FROM {table} t")))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The first column of a query's rows, as text.
    #[track_caller]
    pub(crate) fn column(&self, query: &str) -> Vec<String> {
        let messages =
            self.connect().simple_query(query).unwrap_or_else(|error| panic!("{error:?}\n{query}"));
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        });
        rows.collect()
    }

    /// The one value that a query yields, as text.
    #[track_caller]
    pub(crate) fn value(&self, query: &str) -> String {
        let mut values = self.column(query);
        assert_eq!(values.len(), 1, "{query}");
        values.remove(0)
    }

    #[track_caller]
    pub(crate) fn count(&self, from: &str) -> i64 {
        self.value(&format!("SELECT count(*) FROM {from}")).parse().unwrap()
    }

    /// Locks a table against everybody else, readers as well, until the lock is released or dropped.
    pub(crate) fn lock(&self, table: &str) -> Lock {
        self.lock_in(table, "ACCESS EXCLUSIVE")
    }

    /// Locks a table against writers.
    pub(crate) fn lock_writers(&self, table: &str) -> Lock {
        self.lock_in(table, "SHARE")
    }

    fn lock_in(&self, table: &str, mode: &str) -> Lock {
        let mut client = self.connect();
        client.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN {mode} MODE")).unwrap();
        Lock(client)
    }

    /// Whether somebody waits for a lock in this database.
    pub(crate) fn has_waiters(&self) -> bool {
        let database = format!("(SELECT oid FROM pg_database WHERE datname = '{}')", self.name());
        self.count(&format!("pg_locks WHERE NOT granted AND database = {database}")) > 0
    }

    /// What Backfill's connections to this database are doing, as `application_name: state`.
    pub(crate) fn backfill_sessions(&self) -> Vec<String> {
        self.column(&format!(
            "SELECT application_name || ': ' || state FROM pg_stat_activity \
             WHERE datname = '{}' AND application_name LIKE 'backfill%' AND backend_type = 'client backend'",
            self.name()
        ))
    }

    /// Ends Backfill's sessions in this database.
    pub(crate) fn terminate_backfill_sessions(&self) {
        self.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{}' AND pid <> pg_backend_pid() AND application_name <> 'e2e'",
            self.name()
        ));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped =
            connect(&self.server).batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name()));
        if let Err(error) = dropped {
            eprintln!("{} stays behind: {error}", self.name());
        }
    }
}

/// A lock on a table.
pub(crate) struct Lock(Client);

impl Lock {
    /// Lets go of the table.
    pub(crate) fn release(mut self) {
        self.0.batch_execute("COMMIT").unwrap();
    }
}
