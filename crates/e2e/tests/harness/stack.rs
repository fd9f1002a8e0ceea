//! A whole Backfill: databases, API, destinations.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    fs,
    path::PathBuf,
    process::ExitStatus,
    thread,
};

use serde_json::{Value, json};

use super::{Answer, Client, Database, Job, Process, eventually, folder::Folder};

/// Where to copy to. A stack has one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Postgres,
    DuckDb,
    Parquet,
}

/// Every place there is.
pub(crate) const ALL: &[Place] = &[Place::Postgres, Place::DuckDb, Place::Parquet];

/// An API on fresh databases, with a source and a destination of each kind. Daemons are started by the test.
pub(crate) struct Stack {
    pub(crate) source: Database,
    pub(crate) destination: Database,
    pub(crate) metadata: Database,
    pub(crate) folder: Folder,
    pub(crate) client: Client,
    api: Process,
    batch_size: u32,
    source_id: i64,
    destinations: HashMap<Place, i64>,
    pipelines: RefCell<HashMap<Vec<i64>, i64>>,
    daemons: Cell<u32>,
}

impl Stack {
    /// With a source that holds what `sql` makes.
    #[track_caller]
    pub(crate) fn new(sql: &str) -> Self {
        Self::with_batches(10_000, sql)
    }

    /// The same, with chunks of so many rows.
    #[track_caller]
    pub(crate) fn with_batches(batch_size: u32, sql: &str) -> Self {
        Self::on(batch_size, sql, [Database::create(), Database::create(), Database::create()])
    }

    /// The same, on these databases: source, destination, metadata.
    #[track_caller]
    pub(crate) fn on(batch_size: u32, sql: &str, [source, destination, metadata]: [Database; 3]) -> Self {
        source.execute(sql);
        let folder = Folder::new();
        let environment = [
            ("DATABASE_URL", metadata.route().as_str()),
            ("BACKFILL_BIND", "127.0.0.1:0"),
            ("BACKFILL_SHUTDOWN_DELAY", "300"),
        ];
        let api = Process::start("backfill-api", folder.join("api.log"), &environment);
        let client = Client::new(eventually("the API's address", || address(&api.log())));
        eventually("the API to be ready", || (client.get("/health/ready").status == 200).then_some(()));
        let source_id = client.post("/sources", &source_request(&source)).id();
        let create = |(place, request): (Place, Value)| (place, client.post("/destinations", &request).id());
        let destinations = [
            (Place::Postgres, postgres_request("dwh", &destination)),
            (
                Place::DuckDb,
                json!({"name": "file", "type": "duckdb", "config": {"path": folder.path_of("dwh.duckdb")}}),
            ),
            (
                Place::Parquet,
                json!({"name": "lake", "type": "parquet", "config": {"path": folder.path_of("lake")}}),
            ),
        ];
        let destinations = destinations.into_iter().map(create).collect();
        let (pipelines, daemons) = (RefCell::default(), Cell::new(0));
        Self {
            source,
            destination,
            metadata,
            folder,
            client,
            api,
            batch_size,
            source_id,
            destinations,
            pipelines,
            daemons,
        }
    }

    /// Starts a daemon, which lives until it is dropped.
    pub(crate) fn daemon(&self) -> Process {
        self.daemon_with(&[])
    }

    /// The same, told more.
    pub(crate) fn daemon_with(&self, more: &[(&str, &str)]) -> Process {
        self.start_daemon(more, Process::start)
    }

    /// Starts a daemon whose files cannot grow beyond so many blocks of the shell's.
    pub(crate) fn daemon_on_a_full_disk(&self, blocks: u32) -> Process {
        self.start_daemon(&[], |program, log, environment| {
            Process::start_confined(program, blocks, log, environment)
        })
    }

    fn start_daemon(
        &self,
        more: &[(&str, &str)],
        start: impl Fn(&str, PathBuf, &[(&str, &str)]) -> Process,
    ) -> Process {
        self.daemons.set(self.daemons.get() + 1);
        let (batch_size, temporary) = (self.batch_size.to_string(), self.folder.path_of("tmp"));
        let environment = [
            ("DATABASE_URL", self.metadata.route().as_str()),
            ("BACKFILL_BATCH_SIZE", &batch_size),
            ("BACKFILL_POLL_INTERVAL", "1"),
            ("BACKFILL_RETRY_BASE", "0"),
            ("TMPDIR", &temporary),
        ];
        let log = self.folder.join(&format!("daemon-{}.log", self.daemons.get()));
        start("backfill-compute", log, &[&environment, more].concat())
    }

    /// The same, with something planned for some of its failpoints, such as `postgres-noted=kill@3`. It is the next to
    /// take jobs up, whoever held them.
    pub(crate) fn daemon_that(&self, plan: &str) -> Process {
        self.expire_leases();
        self.daemon_with(&[("BACKFILL_FAILPOINTS", plan)])
    }

    /// What all the daemons have written.
    pub(crate) fn daemon_logs(&self) -> String {
        let log = |number| {
            fs::read_to_string(self.folder.join(&format!("daemon-{number}.log"))).unwrap_or_default()
        };
        (1..=self.daemons.get()).map(|number| format!("daemon {number}:\n{}", log(number))).collect()
    }

    pub(crate) fn api_log(&self) -> String {
        self.api.log()
    }

    /// Tells the API to stop, which it puts off until it is told again.
    pub(crate) fn stop_api(&self) {
        self.api.signal("TERM");
    }

    /// Waits for the API's end.
    pub(crate) fn api_ends(&mut self) -> ExitStatus {
        self.api.ends()
    }

    pub(crate) fn source_id(&self) -> i64 {
        self.source_id
    }

    /// Sets what the source can bear.
    #[track_caller]
    pub(crate) fn limit_source(&self, limits: &Value) {
        let mut request = source_request(&self.source);
        request["limits"] = limits.clone();
        self.client.put(&format!("/sources/{}", self.source_id), &request).json(200);
    }

    pub(crate) fn destination_id(&self, place: Place) -> i64 {
        self.destinations[&place]
    }

    /// Creates a destination beside those that a stack has anyway.
    #[track_caller]
    pub(crate) fn add_destination(&self, request: &Value) -> i64 {
        self.client.post("/destinations", request).id()
    }

    /// The pipeline from the source to these destinations.
    #[track_caller]
    pub(crate) fn pipeline(&self, destinations: &[i64]) -> i64 {
        let create = || {
            let request = json!({"name": "p", "source_id": self.source_id, "destination_ids": destinations});
            self.client.post("/pipelines", &request).id()
        };
        *self.pipelines.borrow_mut().entry(destinations.to_vec()).or_insert_with(create)
    }

    /// The same, to these of the stack's own.
    #[track_caller]
    pub(crate) fn pipeline_to(&self, places: &[Place]) -> i64 {
        let ids: Vec<_> = places.iter().map(|place| self.destinations[place]).collect();
        self.pipeline(&ids)
    }

    /// Asks for a backfill to `places`.
    #[track_caller]
    pub(crate) fn request(&self, places: &[Place], request: &Value) -> Answer {
        let pipeline = self.pipeline_to(places);
        self.client.post(&format!("/pipelines/{pipeline}/backfill"), request)
    }

    /// A new job that copies to `places`.
    #[track_caller]
    pub(crate) fn backfill(&self, places: &[Place], request: &Value) -> Job<'_> {
        Job::new(self, self.request(places, request).id(), places)
    }

    /// A new job that copies a whole table to `places`, row by row.
    #[track_caller]
    pub(crate) fn append(&self, places: &[Place], table: &str) -> Job<'_> {
        self.backfill(places, &json!({"table_name": table, "write_mode": "append"}))
    }

    /// The same, of a job that no number of daemons' deaths is too many for.
    #[track_caller]
    pub(crate) fn append_at_all_costs(&self, places: &[Place], table: &str) -> Job<'_> {
        let request = json!({"table_name": table, "write_mode": "append", "max_attempts": 1000});
        self.backfill(places, &request)
    }

    /// A new job that copies to other destinations than the stack's own.
    #[track_caller]
    pub(crate) fn backfill_to(&self, destinations: &[i64], request: &Value) -> Job<'_> {
        let pipeline = self.pipeline(destinations);
        Job::new(self, self.client.post(&format!("/pipelines/{pipeline}/backfill"), request).id(), &[])
    }

    /// Makes each chunk's INSERT into a table of the PostgreSQL destination take so many milliseconds. The table is
    /// made like the source's.
    pub(crate) fn slow_down(&self, table: &str, milliseconds: u32) {
        let seconds = f64::from(milliseconds) / 1000.0;
        let columns = self.source.value(&format!(
            "SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) \
             FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
        ));
        let keys = self.source.column(&format!(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'p'"
        ));
        let definition = [vec![columns], keys].concat().join(", ");
        self.destination.execute(&format!(
            "CREATE TABLE {table} ({definition});
             CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$;
             CREATE TRIGGER slow BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION slow()"
        ));
    }

    /// Hands failed jobs back to the queue.
    pub(crate) fn retry_failed(&self) {
        let failed = self.client.get("/backfill?status=FAILED").json(200);
        for job in failed["items"].as_array().unwrap() {
            self.client.post(&format!("/backfill/{}/resume", job["id"]), &json!({})).json(200);
        }
    }

    /// Empties the destinations, for the next job to find them as the first did.
    pub(crate) fn empty_destinations(&self, table: &str) {
        self.destination.execute(&format!("DROP TABLE IF EXISTS {table}"));
        for leftover in ["dwh.duckdb", "dwh.duckdb.wal"] {
            let removed = fs::remove_file(self.folder.join(leftover));
            assert!(removed.is_ok() || !self.folder.join(leftover).exists());
        }
    }

    /// Lets every lease lapse, as half a minute without a sign of life would. A living daemon renews its own.
    pub(crate) fn expire_leases(&self) {
        self.metadata.execute(
            "UPDATE queue_backfill_data SET lease_expires_at = now() - interval '1 second' WHERE status = 'EXECUTING'",
        );
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("API:\n{}\n{}", self.api_log(), self.daemon_logs());
        }
    }
}

/// A request for the source that a database is.
pub(crate) fn source_request(database: &Database) -> Value {
    json!({"name": "shop", "url": database.route().as_str()})
}

/// A request for the destination that a database is.
pub(crate) fn postgres_request(name: &str, database: &Database) -> Value {
    let url = database.route();
    json!({"name": name, "type": "postgres", "config": {
        "host": url.host_str(), "port": url.port(), "database": database.name(),
        "username": url.username(), "password": url.password(),
    }})
}

/// The address in the API's log.
fn address(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("listening on ")?;
    // A line that is not yet ended may be cut.
    rest.split_once('\n').map(|(address, _)| address.trim().to_owned())
}
