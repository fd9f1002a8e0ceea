//! What each request does to a job in each state.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{Answer, Scenario};

/// For a job in each state, what cancel, pause, resume and delete are answered, and the state that it is in then. An
/// executing job of a daemon that does not stop stays so. LAPSED is one whose daemon is silent; CANCELLING and PAUSING are
/// asked to stop already.
const TRANSITIONS: [(&str, [(u16, &str); 4]); 9] = [
    ("PENDING", [(200, "CANCELLED"), (200, "PAUSED"), (409, "PENDING"), (204, "")]),
    ("EXECUTING", [(200, "EXECUTING"), (200, "EXECUTING"), (409, "EXECUTING"), (409, "EXECUTING")]),
    ("CANCELLING", [(200, "EXECUTING"), (409, "EXECUTING"), (409, "EXECUTING"), (409, "EXECUTING")]),
    ("PAUSING", [(200, "EXECUTING"), (200, "EXECUTING"), (409, "EXECUTING"), (409, "EXECUTING")]),
    ("LAPSED", [(200, "CANCELLED"), (200, "PAUSED"), (409, "EXECUTING"), (409, "EXECUTING")]),
    ("PAUSED", [(200, "CANCELLED"), (409, "PAUSED"), (200, "PENDING"), (204, "")]),
    ("COMPLETED", [(409, "COMPLETED"), (409, "COMPLETED"), (409, "COMPLETED"), (204, "")]),
    ("FAILED", [(409, "FAILED"), (409, "FAILED"), (200, "PENDING"), (204, "")]),
    ("CANCELLED", [(409, "CANCELLED"), (409, "CANCELLED"), (200, "PENDING"), (204, "")]),
];

const ACTIONS: [&str; 4] = ["cancel", "pause", "resume", "delete"];

fn act(shop: &Scenario, job: i64, action: &str) -> Answer {
    match action {
        "delete" => shop.app.delete(&format!("/backfill/{job}")),
        action => shop.app.post(&format!("/backfill/{job}/{action}"), json!({})),
    }
}

/// The requests that an executing job's daemon has been made.
fn asked(job: &Value) -> (bool, bool) {
    (job["cancel_requested_at"].is_string(), job["pause_requested_at"].is_string())
}

fn check(state: &str, action: &str, (status, then): (u16, &str)) {
    let shop = Scenario::shop();
    let job = shop.job_in(state);
    let before = shop.app.get(&format!("/backfill/{job}")).json(200);
    assert_eq!(act(&shop, job, action).status, status, "{state}: {action}");
    if then.is_empty() {
        shop.app.get(&format!("/backfill/{job}")).problem(404);
        return;
    }
    let after = shop.app.get(&format!("/backfill/{job}")).json(200);
    assert_eq!(after["status"], then, "{state}: {action}");
    if status == 409 {
        assert_eq!(after, before, "{state}: {action}");
        return;
    }
    let (cancelling, pausing) = asked(&before);
    let is_asked = |wanted: &str| then == "EXECUTING" && action == wanted;
    let expected = (is_asked("cancel") || cancelling, is_asked("pause") || pausing);
    assert_eq!(asked(&after), expected, "{state}: {action}");
    assert_eq!(after["finished_at"].is_string(), then == "CANCELLED", "{state}: {action}");
    if then != "EXECUTING" {
        assert_eq!(after["destinations"][0]["status"], then, "{state}: {action}");
    }
}

#[test]
fn each_request_does_to_each_state_what_it_should() {
    thread::scope(|scope| {
        for (state, expected) in TRANSITIONS {
            scope.spawn(move || {
                for (action, expected) in ACTIONS.iter().zip(expected) {
                    check(state, action, expected);
                }
            });
        }
    });
}

#[test]
fn there_is_nothing_to_do_with_a_job_that_does_not_exist() {
    let shop = Scenario::shop();
    for action in ACTIONS {
        act(&shop, 99, action).problem(404);
    }
}
