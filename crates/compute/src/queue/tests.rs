use std::time::Duration;

use diesel::{
    Connection, PgConnection, connection::SimpleConnection as _, prelude::*, sql_query, sql_types::Text,
};
use uuid::Uuid;

use super::{Backoff, Queue, lease};

/// A metadata database with a pipeline, gone at the test's end.
struct Metadata {
    server: String,
    url: String,
}

impl Metadata {
    fn create() -> Self {
        let server = std::env::var("BACKFILL_TEST_POSTGRES_URL").unwrap();
        let name = format!("queue_{}", Uuid::new_v4().simple());
        on(&server, &format!("CREATE DATABASE {name}"));
        let (address, _) = server.rsplit_once('/').unwrap();
        let metadata = Self { url: format!("{address}/{name}"), server };
        Queue::connect(&metadata.url, Uuid::new_v4(), 1, Backoff::new(Duration::ZERO)).unwrap();
        on(
            &metadata.url,
            "INSERT INTO sources (name, host, port, database, username, sslmode) VALUES ('s', 'h', 1, 'd', 'u', 'disable');
             INSERT INTO pipelines (name, source_id) VALUES ('p', 1)",
        );
        metadata
    }

    fn add(&self, jobs: u32, status: &str) {
        on(
            &self.url,
            &format!(
                "INSERT INTO queue_backfill_data (pipeline_id, source_id, table_name, write_mode, status, finished_at)
                 SELECT 1, 1, gen_random_uuid(), 'append', '{status}', now() FROM generate_series(1, {jobs})"
            ),
        );
    }

    /// Pages that a claim of one job touches.
    fn pages_of_a_claim(&self) -> i64 {
        #[derive(QueryableByName)]
        struct Explained {
            #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
            plan: String,
        }
        on(&self.url, "VACUUM ANALYZE queue_backfill_data");
        let mut connection = PgConnection::establish(&self.url).unwrap();
        let claim = lease::claim().replace("$1", "1").replace("$2", "gen_random_uuid()").replace("$3", "30");
        let lines = connection.test_transaction(|connection| {
            sql_query(format!("EXPLAIN (ANALYZE, BUFFERS) {claim}")).load::<Explained>(connection)
        });
        let plan: Vec<_> = lines.into_iter().map(|line| line.plan).collect();
        // The first line with buffers is the root's, which sums its children's up.
        let buffers = plan.iter().find(|line| line.contains("Buffers: shared")).unwrap();
        let pages = ["hit=", "read="].map(|word| {
            let rest = buffers.split_once(word).map_or("0", |(_, rest)| rest);
            rest.split_whitespace().next().unwrap_or("0").parse::<i64>().unwrap()
        });
        pages.iter().sum()
    }
}

impl Drop for Metadata {
    fn drop(&mut self) {
        let (_, name) = self.url.rsplit_once('/').unwrap();
        on(&self.server, &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

fn on(url: &str, statements: &str) {
    PgConnection::establish(url).unwrap().batch_execute(statements).unwrap();
}

#[test]
fn a_claim_costs_the_same_however_many_jobs_there_are() {
    let metadata = Metadata::create();
    metadata.add(10, "PENDING");
    let few = metadata.pages_of_a_claim();
    metadata.add(100_000, "COMPLETED");
    metadata.add(10_000, "PENDING");
    let many = metadata.pages_of_a_claim();
    // Each of the table's indexes is a level or two deeper by then.
    assert!(many <= few + 40, "{few} pages of 10 jobs, {many} of 110,010");
}
