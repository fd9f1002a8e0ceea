//! The audit trail.

use serde_json::{Value, json};

use crate::harness::{Scenario, TestApp, lake};

/// What is told of an event, in short.
fn told(event: &Value) -> String {
    let text = |field: &str| event[field].as_str().unwrap_or("?").to_owned();
    format!("{} {} {} by {}", text("target"), event["target_id"], text("action"), text("actor"))
}

fn events(app: &TestApp, path: &str) -> Vec<Value> {
    let list = app.get(path).json(200);
    let items = list["items"].as_array().unwrap().clone();
    assert_eq!(list["total"], items.len());
    items
}

/// All events, the oldest first.
fn trail(app: &TestApp) -> Vec<Value> {
    events(app, "/audit").into_iter().rev().collect()
}

#[test]
fn every_change_is_told_with_who_and_what() {
    let app = TestApp::start();
    let source =
        json!({"name": "shop", "host": "h", "database": "d", "username": "u", "password": "geheim1"});
    app.post("/sources", source.clone()).json(201);
    let mut changed = source;
    changed["host"] = json!("other");
    changed["password"] = json!("geheim2");
    app.put("/sources/1", changed).json(200);
    let dwh = json!({"host": "h", "database": "d", "username": "u", "password": "geheim3"});
    app.post("/destinations", json!({"name": "dwh", "type": "postgres", "config": dwh})).json(201);
    app.post("/destinations", lake("/data/lake")).json(201);
    let pipeline = |name: &str, ids: &[i64]| json!({"name": name, "source_id": 1, "destination_ids": ids});
    app.post("/pipelines", pipeline("a", &[1])).json(201);
    app.put("/pipelines/1", pipeline("b", &[1])).json(200);
    app.put("/pipelines/1", pipeline("b", &[2, 1])).json(200);
    app.delete("/pipelines/1");
    app.delete("/destinations/2");
    let trail = trail(&app);
    insta::assert_snapshot!(trail.iter().map(told).collect::<Vec<_>>().join("\n"), @"
    source 1 created by anonymous
    source 1 changed by anonymous
    destination 1 created by anonymous
    destination 2 created by anonymous
    pipeline 1 created by anonymous
    pipeline 1 destinations_added by anonymous
    pipeline 1 changed by anonymous
    pipeline 1 destinations_removed by anonymous
    pipeline 1 destinations_added by anonymous
    pipeline 1 deleted by anonymous
    pipeline 1 destinations_removed by anonymous
    destination 2 deleted by anonymous
    ");
    assert_eq!(trail[1]["before"], json!({"host": "h", "password": "***"}));
    assert_eq!(trail[1]["after"], json!({"host": "other", "password": "***"}));
    assert_eq!(trail[2]["after"]["settings"]["config"]["password"], "***");
    assert_eq!(trail[8]["after"], json!({"destination_ids": [2, 1]}));
    assert_eq!(trail[11]["before"]["name"], "lake");
    let all = app.database.value("SELECT string_agg(e::text, '') FROM audit_events e").unwrap();
    assert!(!all.contains("geheim"), "{all}");
}

#[test]
fn an_event_names_its_request_and_where_that_came_from() {
    let app = TestApp::start();
    let answer = app.post_through("/destinations", lake("/data/lake"), "203.0.113.9, 198.51.100.7");
    let event = &trail(&app)[0];
    assert_eq!(event["request_id"], answer.header("x-request-id"));
    // One proxy is trusted: what it adds is true, what it was told may be anything.
    assert_eq!(event["address"], "198.51.100.7");
    app.delete("/destinations/1");
    assert_eq!(trail(&app)[1]["address"], "127.0.0.1");
}

#[test]
fn what_is_refused_was_not_done() {
    let shop = Scenario::shop();
    let before = trail(&shop.app);
    shop.app.delete(&format!("/sources/{}", shop.source_id)).problem(409);
    shop.app.delete(&format!("/destinations/{}", shop.destination_id)).problem(409);
    shop.request(json!({"table_name": "nowhere"})).problem(422);
    assert_eq!(trail(&shop.app), before);
}

#[test]
fn what_befalls_a_job_is_told_and_stays() {
    let shop = Scenario::shop();
    let job = shop.request(json!({"table_name": "orders"})).json(201)["id"].as_i64().unwrap();
    let path = format!("/backfill/{job}");
    let daemon = "7d44f5a6-3d0e-4f0e-9d5e-111111111111";
    let by = |daemon: &str, sets: &str| {
        shop.app.database.execute(&format!(
            "SET backfill.actor = 'daemon:{daemon}'; UPDATE queue_backfill_data SET {sets} WHERE id = {job}"
        ));
    };
    let claim = format!(
        "status = 'EXECUTING', attempt = attempt + 1, claimed_by = '{daemon}', lease_expires_at = now() + '1 h'::interval"
    );
    let let_go = "claimed_by = NULL, lease_expires_at = NULL";
    shop.app.patch(&path, json!({"priority": 3})).json(200);
    by(daemon, &claim);
    by(daemon, "count_record = 10, updated_at = now()");
    by(daemon, "lease_expires_at = now() + '2 h'::interval");
    by(daemon, "snapshot_at = now()");
    by(
        daemon,
        &format!(
            "status = 'PENDING', error_message = 'no answer', failures = 1, snapshot_at = NULL, {let_go}"
        ),
    );
    by(daemon, "run_after = now() + '1 min'::interval");
    by(daemon, &claim);
    by("another", &format!("status = 'PENDING', error_message = 'fell silent', {let_go}"));
    by(daemon, &claim);
    by(daemon, &format!("status = 'PENDING', error_message = NULL, {let_go}"));
    by(daemon, &claim);
    shop.app.post(&format!("{path}/pause"), json!({})).json(200);
    shop.app.post(&format!("{path}/cancel"), json!({})).json(200);
    by(daemon, &format!("status = 'CANCELLED', pause_requested_at = NULL, {let_go}"));
    shop.app.post(&format!("{path}/resume"), json!({})).json(200);
    by(daemon, &claim);
    by(daemon, &format!("status = 'COMPLETED', {let_go}"));
    shop.app.post(&format!("{path}/verify"), json!({})).json(200);
    shop.app.post(&format!("{path}/pause"), json!({})).json(200);
    shop.app.delete(&path);
    let events = events(&shop.app, &format!("{path}/events"));
    let told: Vec<_> = events.iter().map(|event| told(event).replace(daemon, "D")).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    job 1 created by anonymous
    job 1 changed by anonymous
    job 1 claimed by daemon:D
    job 1 snapshot_taken by daemon:D
    job 1 retried by daemon:D
    job 1 put_off by daemon:D
    job 1 claimed by daemon:D
    job 1 lease_lost by daemon:another
    job 1 claimed by daemon:D
    job 1 handed_back by daemon:D
    job 1 claimed by daemon:D
    job 1 pause_requested by anonymous
    job 1 cancel_requested by anonymous
    job 1 cancelled by daemon:D
    job 1 resumed by anonymous
    job 1 claimed by daemon:D
    job 1 completed by daemon:D
    job 1 verify_requested by anonymous
    job 1 paused by anonymous
    job 1 deleted by anonymous
    ");
    assert_eq!(
        (&events[1]["before"], &events[1]["after"]),
        (&json!({"priority": 0}), &json!({"priority": 3}))
    );
    assert_eq!(events[4]["after"]["error_message"], "no answer");
    assert_eq!((&events[6]["before"]["attempt"], &events[6]["after"]["attempt"]), (&json!(1), &json!(2)));
    assert_eq!(events[19]["before"]["table_name"], "public.orders");
    shop.app.get("/backfill/99/events").problem(404);
}

#[test]
fn events_are_found() {
    let shop = Scenario::shop();
    let job = shop.job_in("PENDING");
    shop.app.database.execute("UPDATE queue_backfill_data SET priority = 1");
    let found = |query: &str| -> Vec<String> {
        events(&shop.app, &format!("/audit?{query}")).iter().map(told).collect()
    };
    let by_hand = format!("job {job} changed by database:postgres");
    assert_eq!(found("target=job"), [by_hand.clone(), format!("job {job} created by anonymous")]);
    assert_eq!(found(&format!("target=job&target_id={job}&action=changed,deleted")), [by_hand.as_str()]);
    assert_eq!(found("actor=database:postgres"), [by_hand.as_str()]);
    assert_eq!(found("since=2100-01-01T00:00:00Z"), [""; 0]);
    let page = shop.app.get("/audit?limit=1&skip=1").json(200);
    assert_eq!(
        (&page["total"], told(&page["items"][0])),
        (&json!(6), format!("job {job} created by anonymous"))
    );
    assert!(shop.app.get("/audit?action=burnt").bad_field().starts_with("action: unknown variant `burnt`"));
    assert!(shop.app.get("/audit?since=yesterday").bad_field().starts_with("since: "));
}

#[test]
fn the_trail_is_only_added_to() {
    let shop = Scenario::shop();
    for change in
        ["UPDATE audit_events SET actor = 'me'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
    {
        let refused = shop.app.database.connect().batch_execute(change).unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), "the audit trail is only ever added to");
    }
}
