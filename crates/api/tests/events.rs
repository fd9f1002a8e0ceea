//! Following jobs as they change.

use serde_json::{Value, json};

use crate::harness::{Scenario, TestApp};

/// What a daemon does when it takes a job up.
const CLAIM: &str = "status = 'EXECUTING', attempt = attempt + 1, claimed_by = gen_random_uuid(),
     lease_expires_at = now() + '1 h'::interval, updated_at = now()";

/// What one does with a chunk.
const PROGRESS: &str = "count_record = count_record + 10, updated_at = clock_timestamp()";

impl Scenario {
    fn job(&self) -> i64 {
        self.request(json!({"table_name": "orders"})).json(201)["id"].as_i64().unwrap()
    }

    fn set(&self, job: i64, what: &str) {
        self.app.database.execute(&format!("UPDATE queue_backfill_data SET {what} WHERE id = {job}"));
    }

    fn find(&self, job: i64) -> Value {
        self.app.get(&format!("/backfill/{job}")).json(200)
    }
}

#[test]
fn every_change_of_a_job_is_told_in_full() {
    let shop = Scenario::shop();
    let stream = shop.app.follow("");
    let job = shop.job();
    assert_eq!(stream.next(), ("job".to_owned(), shop.find(job)));
    shop.set(job, CLAIM);
    assert_eq!(stream.next().1["status"], "EXECUTING");
    shop.set(job, PROGRESS);
    assert_eq!(stream.next().1["count_record"], 10);
    shop.app.database.execute(&format!(
        "INSERT INTO backfill_waiting SELECT id, attempt, 'rate', 'slowly', now() FROM queue_backfill_data WHERE id = {job}"
    ));
    assert_eq!(stream.next().1["waiting"]["detail"], "slowly");
    shop.set(job, "status = 'PENDING', claimed_by = NULL, lease_expires_at = NULL");
    assert_eq!(stream.next().1["status"], "PENDING");
    shop.app.patch(&format!("/backfill/{job}"), json!({"priority": 7})).json(200);
    assert_eq!(stream.next().1["priority"], 7);
    shop.app.post(&format!("/backfill/{job}/pause"), json!({})).json(200);
    assert_eq!(stream.next(), ("job".to_owned(), shop.find(job)));
    shop.app.delete(&format!("/backfill/{job}"));
    assert_eq!(stream.next(), ("deleted".to_owned(), json!({"id": job})));
}

#[test]
fn of_many_changes_the_last_is_told_in_any_case() {
    let shop = Scenario::shop();
    let (first, second) = (shop.app.follow(""), shop.app.follow(""));
    let job = shop.job();
    shop.set(job, CLAIM);
    for _ in 0..100 {
        shop.set(job, PROGRESS);
    }
    for stream in [first, second] {
        let mut told = 1;
        stream.until(|_, job| {
            told += 1;
            job["count_record"] == 1000
        });
        assert!(told < 100, "{told} events of 100 changes");
    }
}

#[test]
fn what_commits_late_is_told() {
    let shop = Scenario::shop();
    let [late, other] = ["orders", "public.other"].map(|table| {
        shop.source.execute("CREATE TABLE IF NOT EXISTS other (id int)");
        shop.request(json!({"table_name": table})).json(201)["id"].as_i64().unwrap()
    });
    let mut slow = shop.app.database.connect();
    let mut transaction = slow.transaction().unwrap();
    transaction.execute("UPDATE queue_backfill_data SET priority = 5 WHERE id = $1", &[&late]).unwrap();
    let stream = shop.app.follow("");
    shop.set(other, "priority = 1");
    assert_eq!(stream.next().1["id"], other);
    shop.set(other, "priority = 2");
    assert_eq!(stream.next().1["priority"], 2);
    transaction.commit().unwrap();
    let (_, told) = stream.next();
    assert_eq!((&told["id"], &told["priority"]), (&json!(late), &json!(5)));
}

#[test]
fn a_client_hears_of_what_it_asks_for() {
    let shop = Scenario::shop();
    let pipeline =
        json!({"name": "b", "source_id": shop.source_id, "destination_ids": [shop.destination_id]});
    let pipeline = shop.app.post("/pipelines", pipeline).json(201)["id"].as_i64().unwrap();
    let job = shop.job();
    let of_job = shop.app.follow(&format!("?job_id={job}"));
    let of_pipeline = shop.app.follow(&format!("?pipeline_id={pipeline}"));
    let other = shop.app.post(&format!("/pipelines/{pipeline}/backfill"), json!({"table_name": "orders"}));
    let other = other.json(201)["id"].clone();
    assert_eq!(of_pipeline.next().1["id"], other);
    shop.set(job, "priority = 3");
    assert_eq!(of_job.next().1["priority"], 3);
    shop.app.delete(&format!("/backfill/{job}"));
    assert_eq!(of_job.next().0, "deleted");
    assert_eq!(of_pipeline.next(), ("deleted".to_owned(), json!({"id": job})));
    assert!(shop.app.get("/events?job_id=x").bad_field().starts_with("job_id: "));
}

#[test]
fn a_stream_begins_anew_after_everybody_has_left() {
    let shop = Scenario::shop();
    let job = shop.job();
    for priority in [1, 2] {
        let stream = shop.app.follow("");
        shop.set(job, &format!("priority = {priority}"));
        assert_eq!(stream.next().1["priority"], priority);
    }
}

#[test]
fn a_stream_ends_when_something_may_have_been_missed() {
    let app = TestApp::start();
    let stream = app.follow("");
    app.database.shut();
    stream.ends();
    app.get("/events").problem(503);
}
