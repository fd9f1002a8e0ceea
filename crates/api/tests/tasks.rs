//! Verifying and repairing, from each state.

use serde_json::{Value, json};

use crate::harness::{Answer, Scenario};

fn ask(shop: &Scenario, job: i64, what: &str) -> Answer {
    shop.app.post(&format!("/backfill/{job}/{what}"), json!({}))
}

/// Gives the job two chunks, of which the second differs.
fn look_at(shop: &Scenario, job: i64) {
    shop.app.database.execute(&format!(
        "INSERT INTO backfill_chunks (job_id, number, status, row_count, byte_count, attempt, differs)
         VALUES ({job}, 1, 'DONE', 10, 100, 1, '{{}}'), ({job}, 2, 'DONE', 10, 100, 1, '{{1}}');
         UPDATE backfill_job_destinations SET verified = false, verified_by = 'checksum', error_message = 'differs'"
    ));
}

#[test]
fn a_copied_job_waits_once_more() {
    for (state, task) in [("COMPLETED", "copy"), ("FAILED", "repair"), ("CANCELLED", "verify")] {
        for what in ["verify", "repair"] {
            let shop = Scenario::shop();
            let job = shop.job_in(state);
            look_at(&shop, job);
            shop.app.database.execute(&format!(
                "UPDATE queue_backfill_data SET task = '{task}', error_message = 'old', cancel_requested_at = now()"
            ));
            let queued = ask(&shop, job, what).json(200);
            assert_eq!((&queued["status"], &queued["task"]), (&json!("PENDING"), &json!(what)), "{queued:#}");
            assert_eq!(
                (&queued["error_message"], &queued["cancel_requested_at"]),
                (&Value::Null, &Value::Null)
            );
            // What was found before is of no use to a new look, and all that a repair has to go by.
            let part = &queued["destinations"][0];
            let verified = if what == "verify" { Value::Null } else { json!(false) };
            assert_eq!(part["verified"], verified, "{queued:#}");
            let chunks = shop.app.get(&format!("/backfill/{job}/chunks")).json(200);
            let differs = if what == "verify" { Value::Null } else { json!([1]) };
            assert_eq!(chunks["items"][1]["differs"], differs);
        }
    }
}

#[test]
fn a_job_that_is_not_copied_is_refused() {
    for state in ["PENDING", "EXECUTING", "PAUSED", "FAILED", "CANCELLED"] {
        for what in ["verify", "repair"] {
            let shop = Scenario::shop();
            let job = shop.job_in(state);
            look_at(&shop, job);
            let detail = format!("job {job} is {state}: this needs a COMPLETED one");
            assert_eq!(ask(&shop, job, what).problem(409)["detail"], detail);
            ask(&shop, job + 1, what).problem(404);
        }
    }
}

#[test]
fn what_has_no_damage_is_not_repaired() {
    let shop = Scenario::shop();
    let job = shop.job_in("COMPLETED");
    let detail = format!("job {job} has no chunk that was found to differ: verify it first");
    assert_eq!(ask(&shop, job, "repair").problem(409)["detail"], detail);
}

#[test]
fn another_active_job_for_the_same_rows_is_in_the_way() {
    let shop = Scenario::shop();
    let job = shop.job_in("COMPLETED");
    look_at(&shop, job);
    shop.job_in("PENDING");
    for what in ["verify", "repair"] {
        let detail = "another job is active for the same pipeline, table and filters";
        assert_eq!(ask(&shop, job, what).problem(409)["detail"], detail);
    }
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let shop = Scenario::with("CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE log (n int)");
    let completed = |request: Value| {
        let job = shop.request(request).json(201)["id"].as_i64().unwrap();
        shop.app.database.execute("UPDATE queue_backfill_data SET status = 'COMPLETED'");
        job
    };
    let missing = completed(json!({"table_name": "orders", "write_mode": "insert_missing"}));
    let problem = ask(&shop, missing, "verify").problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("has kept rows that were there already"));
    let log = completed(json!({"table_name": "log"}));
    ask(&shop, log, "verify").json(200);
    shop.app.database.execute("UPDATE queue_backfill_data SET status = 'COMPLETED'");
    let log = completed(json!({"table_name": "log"}));
    shop.app.database.execute(
        r#"UPDATE destinations SET settings = '{"type": "duckdb", "config": {"path": "/data/dwh.duckdb", "schema": "main"}}'"#,
    );
    let problem = ask(&shop, log, "verify").problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("has copied no primary key"));
}
