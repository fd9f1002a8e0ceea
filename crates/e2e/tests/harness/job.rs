//! A job as its client sees it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Comparison, Place, Stack, eventually, wait::within};

/// The states that a job does not leave by itself.
const ENDS: [&str; 3] = ["COMPLETED", "FAILED", "CANCELLED"];

/// A job that a test has created.
pub(crate) struct Job<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) id: i64,
    pub(crate) places: Vec<Place>,
}

impl<'a> Job<'a> {
    pub(crate) fn new(stack: &'a Stack, id: i64, places: &[Place]) -> Self {
        Self { stack, id, places: places.to_vec() }
    }

    #[track_caller]
    pub(crate) fn get(&self) -> Value {
        self.stack.client.get(&format!("/backfill/{}", self.id)).json(200)
    }

    #[track_caller]
    pub(crate) fn status(&self) -> String {
        self.get()["status"].as_str().unwrap().to_owned()
    }

    /// Rows that every destination has committed.
    #[track_caller]
    pub(crate) fn rows(&self) -> i64 {
        self.get()["count_record"].as_i64().unwrap()
    }

    /// Waits until the job is as wanted; one that ends otherwise never will be.
    #[track_caller]
    pub(crate) fn becomes(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("job {} to be {what}", self.id), || {
            let job = self.get();
            if wanted(&job) {
                return Some(job);
            }
            let has_ended = ENDS.iter().any(|status| job["status"] == *status);
            assert!(!has_ended, "job {} did not become {what}: {job:#}", self.id);
            None
        })
    }

    #[track_caller]
    pub(crate) fn becomes_status(&self, status: &str) -> Value {
        self.becomes(status, |job| job["status"] == status)
    }

    /// Waits for the end, whichever it is.
    #[track_caller]
    pub(crate) fn becomes_end(&self) -> Value {
        self.becomes("at its end", |job| ENDS.iter().any(|status| job["status"] == *status))
    }

    /// Waits until some rows have arrived and the job still runs.
    #[track_caller]
    pub(crate) fn is_under_way(&self) {
        self.becomes("under way", |job| {
            job["status"] == "EXECUTING" && job["count_record"].as_i64() > Some(0)
        });
    }

    /// Waits for the end, which must be a good one, with every figure in place; returns the number of rows.
    #[track_caller]
    pub(crate) fn completes(&self) -> i64 {
        let job = self.becomes_status("COMPLETED");
        let rows = &job["count_record"];
        let expected = json!({
            "count_record": rows, "total_record": rows, "total_is_estimate": false, "progress": 1.0, "error_message": null,
            "rows_per_second": null, "eta_seconds": null,
        });
        for (name, expected) in expected.as_object().unwrap() {
            assert_eq!(job[name], *expected, "{name} in {job:#}");
        }
        assert!(job["started_at"].is_string() && job["finished_at"].is_string(), "{job:#}");
        for part in job["destinations"].as_array().unwrap() {
            let expected = json!({
                "destination_id": part["destination_id"], "name": part["name"], "type": part["type"],
                "status": "COMPLETED", "count_record": rows, "verified": true,
                "verified_by": "checksum", "error_message": null, "quarantined": 0, "nulled": 0,
            });
            assert_eq!(*part, expected, "{job:#}");
        }
        rows.as_i64().unwrap()
    }

    /// Its part for a destination.
    #[track_caller]
    pub(crate) fn part(&self, place: Place) -> Value {
        let id = self.stack.destination_id(place);
        let job = self.get();
        let part = job["destinations"].as_array().unwrap().iter().find(|part| part["destination_id"] == id);
        part.unwrap_or_else(|| panic!("{place:?} is not in {job:#}")).clone()
    }

    /// Waits until the job has failed; returns why.
    #[track_caller]
    pub(crate) fn fails(&self) -> String {
        let job = self.becomes_status("FAILED");
        assert!(job["finished_at"].is_string(), "{job:#}");
        let parts = job["destinations"].as_array().unwrap();
        assert!(parts.iter().all(|part| part["status"] == "FAILED" && part["verified"] != true), "{job:#}");
        job["error_message"].as_str().unwrap().to_owned()
    }

    /// Waits until the job has failed, with a message in which each of these is named.
    #[track_caller]
    pub(crate) fn fails_naming(&self, names: &[&str]) {
        let message = self.fails();
        for name in names {
            assert!(message.contains(name), "{name:?} is not in: {message}");
        }
    }

    /// Cancels it, which must take effect within the 2 seconds that users are promised, and some for a debug build.
    #[track_caller]
    pub(crate) fn cancel(&self) -> Value {
        self.stack.client.post(&format!("/backfill/{}/cancel", self.id), &json!({})).json(200);
        let cancelled = || Some(self.get()).filter(|job| job["status"] == "CANCELLED");
        within(Duration::from_secs(5), cancelled)
            .unwrap_or_else(|| panic!("not cancelled in time: {:#}", self.get()))
    }

    /// Changes it while it runs.
    #[track_caller]
    pub(crate) fn change(&self, changes: &Value) -> Value {
        self.stack.client.patch(&format!("/backfill/{}", self.id), changes).json(200)
    }

    /// Waits until it says that it waits for this; returns the words for it.
    #[track_caller]
    pub(crate) fn waits_for(&self, reason: &str) -> String {
        let job = self.becomes(&format!("waiting for {reason}"), |job| job["waiting"]["reason"] == reason);
        assert!(job["waiting"]["since"].is_string(), "{job:#}");
        job["waiting"]["detail"].as_str().unwrap().to_owned()
    }

    /// Asks to pause it, and waits until it is.
    #[track_caller]
    pub(crate) fn pause(&self) -> Value {
        self.stack.client.post(&format!("/backfill/{}/pause", self.id), &json!({})).json(200);
        self.becomes_status("PAUSED")
    }

    /// Has a daemon take it up where it stopped.
    #[track_caller]
    pub(crate) fn resume(&self) {
        self.stack.client.post(&format!("/backfill/{}/resume", self.id), &json!({})).json(200);
    }

    /// Compares what arrived of a table, named as in SQL, with the source. See [`Comparison`].
    pub(crate) fn compare(&self, table: &str) -> Comparison<'_> {
        Comparison::new(self, table)
    }
}
