//! Campaigns: what they are cut into, and what is done with all of their jobs.

use serde_json::{Value, json};

use crate::harness::{Answer, Scenario};

fn create(shop: &Scenario, request: Value) -> Answer {
    shop.app.post(&format!("/pipelines/{}/campaigns", shop.pipeline_id), request)
}

fn quarter() -> Value {
    json!({
        "name": "orders by month", "table_name": "orders",
        "window": {"column": "ordered", "unit": "month", "from": "2024-01-01", "to": "2024-04-01"},
    })
}

/// A request like [`quarter`] with other fields.
fn with(fields: Value) -> Value {
    let mut request = quarter();
    for (name, value) in fields.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn campaign(shop: &Scenario, request: Value) -> i64 {
    create(shop, request).json(201)["id"].as_i64().unwrap()
}

/// Each window of the campaign as `lower..upper status`.
fn calendar(shop: &Scenario, id: i64) -> Vec<String> {
    let coverage = shop.app.get(&format!("/campaigns/{id}/coverage")).json(200);
    let windows = |table: &Value| table["windows"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let windows = coverage["tables"].as_array().unwrap().iter().flat_map(windows);
    windows
        .map(|at| format!("{}..{} {}", text(&at["lower"]), text(&at["upper"]), text(&at["status"])))
        .collect()
}

fn set(shop: &Scenario, sql: &str) {
    shop.app.database.execute(sql);
}

/// Brings the job of a window to a state as daemons would.
fn bring(shop: &Scenario, position: i32, state: &str) {
    let holder = if state == "EXECUTING" {
        "gen_random_uuid(), now() + '30 s'::interval"
    } else {
        "NULL::uuid, NULL::timestamptz"
    };
    set(
        shop,
        &format!(
            "UPDATE queue_backfill_data SET status = '{state}', (claimed_by, lease_expires_at) = (SELECT {holder})
             WHERE campaign_position = {position}"
        ),
    );
}

/// The positions of the jobs that may be claimed.
fn in_slots(shop: &Scenario) -> String {
    let query = "SELECT coalesce(string_agg(campaign_position::text, ' ' ORDER BY campaign_position), '')
                 FROM queue_backfill_data WHERE campaign_slot IS NOT NULL";
    shop.app.database.value(query).unwrap()
}

#[test]
fn a_period_is_cut_into_jobs() {
    let shop = Scenario::shop();
    let filter = json!({"column": "customer", "operator": "=", "value": "ada"});
    let created =
        create(&shop, with(json!({"filters": [filter], "verification": "count", "max_running": 2})))
            .json(201);
    let id = created["id"].as_i64().unwrap();
    assert_eq!(created["tables"], json!([{"table_name": "public.orders", "window_column": "ordered"}]));
    assert_eq!((&created["max_running"], &created["order"]), (&json!(2), &json!("oldest_first")));
    assert_eq!((&created["windows"]["pending"], &created["windows"]["done"]), (&json!(3), &json!(0)));
    assert_eq!((&created["progress"], &created["verified"]), (&json!(0.0), &Value::Null));
    let jobs = shop.app.get(&format!("/backfill?campaign_id={id}")).json(200);
    let first = &jobs["items"][2];
    assert_eq!(
        first["filter_sql"],
        "\"customer\" = 'ada'::text; \"ordered\" >= '2024-01-01'::date; \"ordered\" < '2024-02-01'::date"
    );
    assert_eq!((&first["campaign_id"], &first["verification"]), (&json!(id), &json!("count")));
    assert_eq!(first["destinations"][0]["destination_id"], shop.destination_id);
    assert_eq!(
        calendar(&shop, id),
        [
            "2024-01-01..2024-02-01 pending",
            "2024-02-01..2024-03-01 pending",
            "2024-03-01..2024-04-01 pending"
        ]
    );
    assert_eq!(in_slots(&shop), "1 2");
    assert_eq!(jobs["items"][0]["waiting"]["reason"], "campaign_slot");
    assert_eq!(
        shop.app.get("/campaigns").json(200)["items"],
        json!([shop.app.get("/campaigns/1").json(200)])
    );
}

#[test]
fn tables_take_turns_each_by_its_own_column_and_filters() {
    let shop = Scenario::with(
        "CREATE TABLE orders (id int PRIMARY KEY, ordered date); CREATE TABLE items (id int PRIMARY KEY, at timestamp)",
    );
    let id = campaign(
        &shop,
        json!({
            "name": "both", "write_mode": "insert_missing", "order": "newest_first",
            "tables": [{"table_name": "orders"}, {"table_name": "items", "window_column": "at", "write_mode": "upsert"}],
            "window": {"column": "ordered", "unit": "year", "from": "2023-01-01", "to": "2025-01-01", "include_null": true},
        }),
    );
    let order = "SELECT string_agg(table_name || ' ' || write_mode || ' ' || filter_sql, E'\\n' ORDER BY id)
                 FROM queue_backfill_data";
    let expected = "public.orders insert_missing \"ordered\" >= '2024-01-01'::date; \"ordered\" < '2025-01-01'::date
public.items upsert \"at\" >= '2024-01-01T00:00:00'::timestamp without time zone; \"at\" < '2025-01-01T00:00:00'::timestamp without time zone
public.orders insert_missing \"ordered\" >= '2023-01-01'::date; \"ordered\" < '2024-01-01'::date
public.items upsert \"at\" >= '2023-01-01T00:00:00'::timestamp without time zone; \"at\" < '2024-01-01T00:00:00'::timestamp without time zone
public.orders insert_missing \"ordered\" IS NULL
public.items upsert \"at\" IS NULL";
    assert_eq!(shop.app.database.value(order).unwrap(), expected);
    let coverage = shop.app.get(&format!("/campaigns/{id}/coverage")).json(200);
    assert_eq!(coverage["tables"][1]["window_column"], "at");
    assert_eq!(coverage["tables"][1]["windows"][2]["is_null"], true);
}

#[test]
fn keys_are_cut_into_ranges_that_are_open_at_their_ends() {
    let shop = Scenario::with(
        "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 1000)",
    );
    let id = campaign(&shop, json!({"name": "ranges", "table_name": "orders", "ranges": {"count": 3}}));
    assert_eq!(calendar(&shop, id), ["..334 pending", "334..667 pending", "667.. pending"]);
    let alone = campaign(&shop, json!({"name": "one", "table_name": "orders", "ranges": {"count": 1}}));
    assert_eq!(calendar(&shop, alone), [".. pending"]);
}

#[test]
fn what_is_wrong_is_named() {
    let shop = Scenario::with(
        "CREATE TABLE orders (id int PRIMARY KEY, ordered date); CREATE TABLE log (at timestamptz)",
    );
    let bad = |fields: Value| create(&shop, with(fields)).bad_fields().join("; ");
    assert!(bad(json!({"name": ""})).starts_with("name: "));
    assert!(bad(json!({"window": null})).starts_with("window: give either window or ranges"));
    assert!(bad(json!({"ranges": {"count": 2}})).starts_with("window: give either"));
    assert!(bad(json!({"max_running": 0})).starts_with("max_running: must be from 1 to 256"));
    assert!(bad(json!({"order": "random"})).starts_with("order: unknown variant"));
    assert!(
        bad(json!({"write_mode": "replace"})).starts_with("write_mode: replaces the rows of the whole table")
    );
    assert!(bad(json!({"colour": "red"})).contains("unknown field `colour`"));
    assert!(bad(json!({"tables": []})).starts_with("tables: must name at least one table"));
    let two = json!([{"table_name": "orders"}, {"table_name": "nope"}]);
    assert!(bad(json!({"tables": two})).starts_with("tables[1].table_name: the source has no table"));
    let twice = json!([{"table_name": "orders"}, {"table_name": "public.orders"}]);
    assert!(
        bad(json!({"tables": twice}))
            .starts_with("tables[1].table_name: public.orders with these filters is there")
    );
    let column = json!([{"table_name": "orders", "window_column": "at"}]);
    assert!(
        bad(json!({"tables": column})).starts_with("tables[0].window_column: public.orders has no column")
    );
    let window = |column: &str, unit: &str, to: &str| {
        bad(json!({"window": {"column": column, "unit": unit, "from": "2024-01-01", "to": to}}))
    };
    assert!(window("id", "day", "2024-02-01").starts_with("window.column: id is of type integer"));
    assert!(window("at", "day", "2024-02-01").starts_with("window.column: public.orders has no column"));
    assert!(window("ordered", "day", "2023-02-01").starts_with("window.to: must be later"));
    assert!(window("ordered", "day", "2094-02-01").starts_with("window: makes more than 10000 windows"));
    assert!(window("ordered", "fortnight", "2024-02-01").starts_with("window.unit: unknown variant"));
    let ranges =
        create(&shop, json!({"name": "log", "table_name": "log", "ranges": {"count": 2}})).bad_field();
    assert!(ranges.starts_with("table_name: public.log has no primary key"), "{ranges}");
    let filters = json!([{"column": "id", "operator": ">", "value": 1}]);
    let six: Vec<_> = (0..6).map(|_| filters[0].clone()).collect();
    assert!(bad(json!({"filters": six})).starts_with("filters: has 6 filters; at most 5"));
    create(&shop, with(json!({"filters": six[..5]}))).json(201);
    shop.app.post("/pipelines/99/campaigns", quarter()).problem(404);
    for path in ["/campaigns/99", "/campaigns/99/coverage"] {
        shop.app.get(path).problem(404);
    }
}

#[test]
fn an_active_job_for_the_same_rows_is_in_the_way() {
    let shop = Scenario::shop();
    campaign(&shop, quarter());
    let again = create(
        &shop,
        with(
            json!({"window": {"column": "ordered", "unit": "month", "from": "2024-03-01", "to": "2024-05-01"}}),
        ),
    );
    let detail = again.problem(409)["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.starts_with("job 3 is active for the same rows of public.orders: \"ordered\" >= '2024-03-01'"),
        "{detail}"
    );
    assert_eq!(shop.app.get("/campaigns").json(200)["total"], 1);
}

#[test]
fn one_writer_at_a_time_has_a_duckdb_file() {
    let shop = Scenario::shop();
    set(
        &shop,
        r#"UPDATE destinations SET settings = '{"type": "duckdb", "config": {"path": "/data/dwh.duckdb", "schema": "main"}}'"#,
    );
    let refused = create(&shop, with(json!({"max_running": 2}))).bad_field();
    assert!(refused.starts_with("max_running: must be 1: destination lake is a DuckDB file"), "{refused}");
    assert_eq!(create(&shop, quarter()).json(201)["max_running"], 1);
}

/// Whatever becomes of jobs, never more than `max_running` have a slot, and none stays free that a job waits for.
#[test]
fn slots_pass_from_job_to_job() {
    let shop = Scenario::shop();
    let year = json!({"column": "ordered", "unit": "month", "from": "2024-01-01", "to": "2024-09-01"});
    let id = campaign(&shop, with(json!({"window": year, "max_running": 2})));
    assert_eq!(in_slots(&shop), "1 2");
    bring(&shop, 1, "EXECUTING");
    bring(&shop, 1, "COMPLETED");
    assert_eq!(in_slots(&shop), "2 3");
    // One that goes back keeps its slot, one that is paused or deleted does not.
    bring(&shop, 2, "EXECUTING");
    bring(&shop, 2, "PENDING");
    assert_eq!(in_slots(&shop), "2 3");
    bring(&shop, 2, "PAUSED");
    assert_eq!(in_slots(&shop), "3 4");
    set(&shop, "DELETE FROM queue_backfill_data WHERE campaign_position = 3");
    assert_eq!(in_slots(&shop), "4 5");
    bring(&shop, 4, "FAILED");
    assert_eq!(in_slots(&shop), "5 6");
    // It is before the others, and waits for its turn.
    bring(&shop, 2, "PENDING");
    assert_eq!(in_slots(&shop), "5 6");
    bring(&shop, 5, "COMPLETED");
    assert_eq!(in_slots(&shop), "2 6");
    shop.app.post(&format!("/campaigns/{id}/cancel"), json!({})).json(200);
    assert_eq!(in_slots(&shop), "");
    let sums = shop.app.post(&format!("/campaigns/{id}/resume"), json!({})).json(200);
    assert_eq!(
        sums["windows"],
        json!({"none": 1, "pending": 5, "executing": 0, "paused": 0, "done": 2, "failed": 0, "cancelled": 0})
    );
    assert_eq!(in_slots(&shop), "2 4");
    // Nobody can run one without a slot, however it is claimed.
    let over = "DO $$ BEGIN
        UPDATE queue_backfill_data SET status = 'EXECUTING', claimed_by = gen_random_uuid(), lease_expires_at = now()
        WHERE campaign_position = 7;
        RAISE 'it was let through';
    EXCEPTION WHEN check_violation THEN END $$";
    set(&shop, over);
}

#[test]
fn the_calendar_tells_what_became_of_each_window() {
    let shop = Scenario::shop();
    let year = json!({"column": "ordered", "unit": "month", "from": "2024-01-01", "to": "2024-08-01"});
    let id = campaign(&shop, with(json!({"window": year})));
    set(
        &shop,
        "UPDATE queue_backfill_data SET count_record = 10, total_record = 20 WHERE campaign_position < 6;
                UPDATE backfill_job_destinations SET verified = true",
    );
    for (position, state) in
        [(1, "COMPLETED"), (2, "COMPLETED"), (3, "FAILED"), (4, "CANCELLED"), (5, "EXECUTING")]
    {
        bring(&shop, position, state);
    }
    shop.app.delete("/backfill/2").json(204);
    shop.app.delete("/backfill/7").json(204);
    let states: Vec<_> =
        calendar(&shop, id).iter().map(|at| at.split(' ').next_back().unwrap().to_owned()).collect();
    assert_eq!(states, ["done", "done", "failed", "cancelled", "executing", "pending", "none"]);
    let coverage = shop.app.get(&format!("/campaigns/{id}/coverage")).json(200);
    let deleted = &coverage["tables"][0]["windows"][1];
    assert_eq!(
        (&deleted["job_id"], &deleted["count_record"], &deleted["verified"]),
        (&Value::Null, &json!(10), &json!(true))
    );
    let sums = shop.app.get(&format!("/campaigns/{id}")).json(200);
    assert_eq!(
        (&sums["count_record"], &sums["total_record"], &sums["verified"]),
        (&json!(50), &Value::Null, &Value::Null)
    );
    assert_eq!(sums["progress"].as_f64().unwrap(), (1.0 + 1.0 + 0.5 + 0.5 + 0.5) / 7.0);
    // While a job executes, the campaign stays.
    let detail = format!("a job of campaign {id} is EXECUTING; cancel it first");
    assert_eq!(shop.app.delete(&format!("/campaigns/{id}")).problem(409)["detail"], detail);
    bring(&shop, 5, "COMPLETED");
    shop.app.delete(&format!("/campaigns/{id}")).json(204);
    assert_eq!(shop.app.get("/backfill").json(200)["total"], 0);
    shop.app.delete(&format!("/campaigns/{id}")).problem(404);
}

#[test]
fn chosen_windows_are_copied_once_more() {
    let shop = Scenario::shop();
    let id = campaign(&shop, quarter());
    let rerun = |only: Value| shop.app.post(&format!("/campaigns/{id}/rerun"), json!({"only": only}));
    assert_eq!(
        rerun(json!("failed")).problem(409)["detail"],
        format!("campaign {id} has no window that has failed")
    );
    assert!(
        rerun(json!({"windows": [1]})).problem(409)["detail"]
            .as_str()
            .unwrap()
            .starts_with("job 1 of window 1 is active")
    );
    assert!(
        rerun(json!({"windows": [1, 4]})).status != 200
            && rerun(json!({"windows": [4]})).bad_field().contains("no window 4")
    );
    assert!(rerun(json!("all")).bad_field().starts_with("only: "));
    bring(&shop, 1, "COMPLETED");
    bring(&shop, 2, "FAILED");
    shop.app.delete("/backfill/3").json(204);
    assert_eq!(rerun(json!("none")).json(200)["windows"]["pending"], 1);
    assert_eq!(rerun(json!("failed")).json(200)["windows"]["pending"], 2);
    assert_eq!(rerun(json!({"windows": [1, 1]})).json(200)["windows"]["pending"], 3);
    let coverage = shop.app.get(&format!("/campaigns/{id}/coverage")).json(200);
    let jobs: Vec<_> =
        coverage["tables"][0]["windows"].as_array().unwrap().iter().map(|at| at["job_id"].clone()).collect();
    assert_eq!(jobs, [6, 5, 4]);
    // The jobs before are still there, and are not the campaign's any more when it is resumed or cancelled.
    assert_eq!(shop.app.get("/backfill/2").json(200)["status"], "FAILED");
    shop.app.post(&format!("/campaigns/{id}/cancel"), json!({})).json(200);
    shop.app.post(&format!("/campaigns/{id}/resume"), json!({})).json(200);
    assert_eq!(shop.app.get("/backfill/2").json(200)["status"], "FAILED");
}

#[test]
fn rows_are_not_appended_twice() {
    let shop = Scenario::shop();
    let id = campaign(&shop, with(json!({"write_mode": "append"})));
    bring(&shop, 1, "FAILED");
    bring(&shop, 2, "FAILED");
    set(&shop, "UPDATE queue_backfill_data SET count_record = 7 WHERE campaign_position = 1");
    let rerun = |only: Value| shop.app.post(&format!("/campaigns/{id}/rerun"), json!({"only": only}));
    let detail = rerun(json!("failed")).problem(409)["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("the destinations have 7 rows of window 1 already"), "{detail}");
    rerun(json!({"windows": [2]})).json(200);
}

#[test]
fn all_jobs_are_verified_and_repaired_together() {
    let shop = Scenario::shop();
    let id = campaign(&shop, quarter());
    let ask = |what: &str| shop.app.post(&format!("/campaigns/{id}/{what}"), json!({}));
    assert_eq!(
        ask("verify").problem(409)["detail"],
        format!("campaign {id} has no job whose copy is complete")
    );
    assert_eq!(
        ask("resume").problem(409)["detail"],
        format!("campaign {id} has no job that is PAUSED, CANCELLED or FAILED")
    );
    bring(&shop, 1, "COMPLETED");
    bring(&shop, 2, "COMPLETED");
    assert!(ask("repair").problem(409)["detail"].as_str().unwrap().ends_with("verify it first"));
    assert_eq!(ask("verify").json(200)["windows"]["pending"], 3);
    let coverage = shop.app.get(&format!("/campaigns/{id}/coverage")).json(200);
    assert_eq!(coverage["tables"][0]["windows"][0]["task"], "verify");
    set(
        &shop,
        "UPDATE queue_backfill_data SET status = 'COMPLETED', task = 'copy';
                INSERT INTO backfill_chunks (job_id, number, status, row_count, byte_count, attempt, differs)
                VALUES (2, 1, 'DONE', 10, 100, 1, '{1}');
                UPDATE backfill_job_destinations SET verified = job_id <> 2",
    );
    assert_eq!(shop.app.get(&format!("/campaigns/{id}")).json(200)["verified"], false);
    assert_eq!(
        ask("repair").json(200)["windows"],
        json!({"none": 0, "pending": 1, "executing": 0, "paused": 0, "done": 2, "failed": 0, "cancelled": 0})
    );
    assert_eq!(ask("cancel").json(200)["windows"]["cancelled"], 1);
    assert_eq!(ask("cancel").problem(409)["detail"], format!("campaign {id} has no job that is active"));
    for what in ["cancel", "resume", "verify", "repair"] {
        shop.app.post(&format!("/campaigns/99/{what}"), json!({})).problem(404);
    }
}

#[test]
fn all_jobs_are_paused_and_resumed_together() {
    let shop = Scenario::shop();
    let id = campaign(&shop, quarter());
    let ask = |what: &str| shop.app.post(&format!("/campaigns/{id}/{what}"), json!({}));
    bring(&shop, 1, "EXECUTING");
    let paused = ask("pause").json(200);
    assert_eq!((&paused["windows"]["executing"], &paused["windows"]["paused"]), (&json!(1), &json!(2)));
    assert_eq!(in_slots(&shop), "1");
    // The daemon has stopped as well.
    set(&shop, "UPDATE queue_backfill_data SET pause_requested_at = NULL");
    bring(&shop, 1, "PAUSED");
    assert_eq!(in_slots(&shop), "");
    assert_eq!(ask("pause").status, 409);
    assert_eq!(ask("resume").json(200)["windows"]["pending"], 3);
    assert_eq!(in_slots(&shop), "1 2 3");
}

#[test]
fn ten_thousand_windows_are_created_at_once() {
    let shop = Scenario::shop();
    let days = json!({"column": "ordered", "unit": "day", "from": "2000-01-01", "to": "2027-05-19"});
    let created = create(&shop, with(json!({"window": days}))).json(201);
    assert_eq!(created["windows"]["pending"], 10_000);
    assert_eq!(in_slots(&shop), "1 2 3 4");
    let ask =
        |what: &str| shop.app.post(&format!("/campaigns/{}/{what}", created["id"]), json!({})).json(200);
    assert_eq!(ask("cancel")["windows"]["cancelled"], 10_000);
    assert_eq!(ask("resume")["windows"]["pending"], 10_000);
    assert_eq!(in_slots(&shop), "1 2 3 4");
}
