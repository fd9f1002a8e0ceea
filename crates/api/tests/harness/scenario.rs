//! A server with a pipeline to work on.

use serde_json::{Value, json};

use super::{Answer, TestApp, TestDatabase};

/// A server that knows a source with some tables, a destination, and the pipeline between them.
pub(crate) struct Scenario {
    pub(crate) app: TestApp,
    pub(crate) source: TestDatabase,
    pub(crate) source_id: i64,
    pub(crate) destination_id: i64,
    pub(crate) pipeline_id: i64,
}

impl Scenario {
    /// The source holds what `sql` makes.
    pub(crate) fn with(sql: &str) -> Self {
        let (app, source) = (TestApp::start(), TestDatabase::create());
        source.execute(sql);
        let id = |answer: Answer| answer.json(201)["id"].as_i64().unwrap();
        let source_id = id(app.post("/sources", json!({"name": "shop", "url": source.url()})));
        let destination_id = id(app.post("/destinations", lake("/data/lake")));
        let pipeline =
            json!({"name": "shop to lake", "source_id": source_id, "destination_ids": [destination_id]});
        let pipeline_id = id(app.post("/pipelines", pipeline));
        Self { app, source, source_id, destination_id, pipeline_id }
    }

    /// The source holds a table `orders` with a few types.
    pub(crate) fn shop() -> Self {
        Self::with(
            "CREATE TYPE state AS ENUM ('new', 'paid');
             CREATE TABLE orders (id bigint PRIMARY KEY, customer text, state state, ordered date, price numeric(10,2),
                                  token uuid, attributes json, tags text[]);",
        )
    }

    pub(crate) fn request(&self, body: Value) -> Answer {
        self.app.post(&format!("/pipelines/{}/backfill", self.pipeline_id), body)
    }

    /// Requests `orders` with one filter.
    pub(crate) fn filter(&self, filter: Value) -> Answer {
        self.request(json!({"table_name": "orders", "filters": [filter]}))
    }

    /// A new job on `orders`, in a state that daemons would have brought it to.
    pub(crate) fn job_in(&self, state: &str) -> i64 {
        let job = self.request(json!({"table_name": "orders"})).json(201)["id"].as_i64().unwrap();
        let sets = match state {
            "EXECUTING" => {
                "status = 'EXECUTING', claimed_by = gen_random_uuid(), lease_expires_at = now() + '30 s'"
            }
            "LAPSED" => {
                "status = 'EXECUTING', claimed_by = gen_random_uuid(), lease_expires_at = now() - '1 s'::interval"
            }
            "CANCELLING" => {
                "status = 'EXECUTING', claimed_by = gen_random_uuid(), lease_expires_at = now() + '30 s',
                 cancel_requested_at = now()"
            }
            "PAUSING" => {
                "status = 'EXECUTING', claimed_by = gen_random_uuid(), lease_expires_at = now() + '30 s',
                 pause_requested_at = now()"
            }
            state => &format!("status = '{state}'"),
        };
        self.app.database.execute(&format!("UPDATE queue_backfill_data SET {sets} WHERE id = {job}"));
        job
    }
}

/// A request for a Parquet destination.
pub(crate) fn lake(path: &str) -> Value {
    json!({"name": "lake", "type": "parquet", "config": {"path": path}})
}
