//! A campaign as its client sees it.

use serde_json::{Value, json};

use super::{Job, Place, Stack, eventually};

/// A campaign that a test has created.
pub(crate) struct Campaign<'a> {
    stack: &'a Stack,
    id: i64,
    places: Vec<Place>,
}

impl<'a> Campaign<'a> {
    /// A new one that copies to `places`.
    #[track_caller]
    pub(crate) fn create(stack: &'a Stack, places: &[Place], request: &Value) -> Self {
        let pipeline = stack.pipeline_to(places);
        let id = stack.client.post(&format!("/pipelines/{pipeline}/campaigns"), request).id();
        Self { stack, id, places: places.to_vec() }
    }

    #[track_caller]
    pub(crate) fn get(&self) -> Value {
        self.stack.client.get(&format!("/campaigns/{}", self.id)).json(200)
    }

    /// Has something done with all of it, such as `cancel`.
    #[track_caller]
    pub(crate) fn post(&self, what: &str, body: &Value) -> Value {
        self.stack.client.post(&format!("/campaigns/{}/{what}", self.id), body).json(200)
    }

    /// Its windows in order, those of all tables.
    #[track_caller]
    pub(crate) fn windows(&self) -> Vec<Value> {
        let coverage = self.stack.client.get(&format!("/campaigns/{}/coverage", self.id)).json(200);
        let tables = coverage["tables"].as_array().unwrap().iter();
        let mut windows: Vec<_> =
            tables.flat_map(|table| table["windows"].as_array().unwrap().clone()).collect();
        windows.sort_by_key(|window| window["position"].as_i64());
        windows
    }

    /// The latest job of the window at this position.
    #[track_caller]
    pub(crate) fn job(&self, position: usize) -> Job<'a> {
        let id = self.windows()[position - 1]["job_id"].as_i64().unwrap();
        Job::new(self.stack, id, &self.places)
    }

    #[track_caller]
    pub(crate) fn becomes(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("campaign {} to be {what}", self.id), || {
            Some(self.get()).filter(|found| wanted(found))
        })
    }

    /// Waits until none of its jobs is active any more.
    #[track_caller]
    pub(crate) fn ends(&self) -> Value {
        self.becomes("at its end", |campaign| {
            ["pending", "executing", "paused"].iter().all(|status| campaign["windows"][status] == 0)
        })
    }

    /// Waits for the end, which must be a good one; returns the number of rows.
    #[track_caller]
    pub(crate) fn completes(&self) -> i64 {
        let ended = self.ends();
        let (windows, rows) = (self.windows(), &ended["count_record"]);
        assert!(windows.iter().all(|window| window["status"] == "done"), "{ended:#}\n{windows:#?}");
        let figures =
            json!({"progress": 1.0, "verified": true, "rows_per_second": null, "total_record": rows});
        for (name, expected) in figures.as_object().unwrap() {
            assert_eq!(ended[name], *expected, "{name} in {ended:#}");
        }
        rows.as_i64().unwrap()
    }
}
