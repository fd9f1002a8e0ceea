//! A database for each test, gone when the test ends.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
};

use backfill_domain::source::ConnectionSettings;
use backfill_pg::{Client, connect};
use postgres::SimpleQueryMessage;

const HOW_TO_RUN: &str = "BACKFILL_TEST_POSTGRES_URL is not set. These tests need a PostgreSQL and a superuser's URL \
     to it: run `make test`, or `node deploy/dev/with-postgres.mjs cargo test -p backfill-pg`.";

/// The server that the tests run against.
pub(crate) fn server() -> ConnectionSettings {
    let url = env::var("BACKFILL_TEST_POSTGRES_URL").expect(HOW_TO_RUN);
    ConnectionSettings::from_url(&url).expect("BACKFILL_TEST_POSTGRES_URL is no PostgreSQL URL")
}

/// An empty database.
pub(crate) struct Database {
    settings: ConnectionSettings,
}

impl Database {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("backfill_pg_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        execute(&mut client(&server()), &format!("CREATE DATABASE {name}"));
        Self { settings: ConnectionSettings { database: name, ..server() } }
    }

    /// An empty database in which `sql` was executed, schema `public` on its search_path.
    pub(crate) fn with(sql: &str) -> Self {
        let database = Self::new();
        execute(&mut database.connect(), &format!("SET search_path = public; {sql}"));
        database
    }

    pub(crate) fn connect(&self) -> Client {
        client(&self.settings)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // No panic here: it would hide the one that is already under way.
        if let Ok(mut client) = connect(&server(), "backfill pg tests") {
            let _ = client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.settings.database));
        }
    }
}

fn client(settings: &ConnectionSettings) -> Client {
    connect(settings, "backfill pg tests").unwrap_or_else(|error| panic!("{error}"))
}

/// Executes statements that must not fail.
pub(crate) fn execute(client: &mut Client, sql: &str) {
    client.batch_execute(sql).unwrap_or_else(|error| panic!("{}\n{sql}", backfill_pg::describe(&error)));
}

/// The one value that a query returns, as text.
pub(crate) fn value(client: &mut Client, sql: &str) -> Result<Option<String>, postgres::Error> {
    let messages = client.simple_query(sql)?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.map(str::to_owned))
}
