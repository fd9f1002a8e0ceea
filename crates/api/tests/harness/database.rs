//! Databases that live as long as a test.

use std::env;

use backfill_domain::secret::open;
use postgres::{Client, NoTls};
use url::Url;
use uuid::Uuid;

/// A database of its own on the test server, dropped at the end.
pub(crate) struct TestDatabase {
    url: Url,
    name: String,
}

fn server() -> Url {
    let url = env::var("BACKFILL_TEST_POSTGRES_URL")
        .expect("BACKFILL_TEST_POSTGRES_URL is not set: run `node deploy/dev/with-postgres.mjs cargo test -p backfill-api`");
    url.parse().expect("BACKFILL_TEST_POSTGRES_URL is no URL")
}

fn connect(url: &Url) -> Client {
    Client::connect(url.as_str(), NoTls).expect("the test PostgreSQL does not answer")
}

impl TestDatabase {
    pub(crate) fn create() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut url = server();
        connect(&url).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        url.set_path(&name);
        Self { url, name }
    }

    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) fn parsed_url(&self) -> &Url {
        &self.url
    }

    /// Runs statements in the database.
    pub(crate) fn execute(&self, sql: &str) {
        connect(&self.url).batch_execute(sql).unwrap();
    }

    /// A session of its own.
    pub(crate) fn connect(&self) -> Client {
        connect(&self.url)
    }

    /// The only value that a query returns, as text.
    pub(crate) fn value(&self, query: &str) -> Option<String> {
        connect(&self.url).query_one(&format!("SELECT ({query})::text"), &[]).unwrap().get(0)
    }

    /// The stored password that a query returns, decrypted.
    pub(crate) fn password(&self, query: &str) -> String {
        let stored = self.value(query).unwrap();
        assert!(stored.starts_with("sealed:"), "{stored}");
        open(&stored).unwrap()
    }

    /// Cuts all connections and refuses new ones, as a server that is down does.
    pub(crate) fn shut(&self) {
        let (mut server, name) = (connect(&server()), &self.name);
        server.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).unwrap();
        let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
        server.query(cut, &[name]).unwrap();
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = connect(&server()).batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        if let Err(error) = dropped {
            eprintln!("{} stays behind: {error}", self.name);
        }
    }
}
