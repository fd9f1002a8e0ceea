//! Values that a destination cannot hold go where their column's policy says.

use serde_json::{Value, json};

use crate::harness::{ALL, Database, Job, Place, Stack, eventually};

/// A table with 1000 rows, of which some hold what no columnar destination does.
const READINGS: &str = r#"
    CREATE TABLE readings (id int PRIMARY KEY, amount numeric(6,2), at timestamp, matrix int[], doc json, note text);
    INSERT INTO readings SELECT n, n / 7.0, timestamp '2024-01-01' + n * interval '1 minute', ARRAY[n, NULL], '{"n": 1}', 'note ' || n
    FROM generate_series(1, 1000) n;
    UPDATE readings SET amount = 'NaN' WHERE id IN (3, 500, 999);
    UPDATE readings SET at = '294276-12-31 23:59:59.5' WHERE id IN (3, 4);
    UPDATE readings SET matrix = '{{1,2},{3,4}}' WHERE id IN (5, 500);
    UPDATE readings SET doc = '"\ud800"' WHERE id = 6;"#;

const COLUMNAR: [Place; 2] = [Place::DuckDb, Place::Parquet];

fn request(policies: &Value) -> Value {
    json!({"table_name": "readings", "write_mode": "append", "value_policies": policies})
}

/// What each row holds of a column where it is not as in most rows.
#[track_caller]
fn held(job: &Job<'_>, place: Place, expression: &str) -> Vec<String> {
    job.select_in(
        place,
        "readings",
        &format!("SELECT id || ': ' || coalesce(({expression})::VARCHAR, 'NULL') FROM {{}} WHERE id < 7 OR id = 500 ORDER BY id"),
    )
}

/// The rows in quarantine of a destination.
#[track_caller]
fn entries(job: &Job<'_>, place: Place) -> Vec<Value> {
    let listing = job.stack.client.get(&format!("/backfill/{}/quarantine", job.id)).json(200);
    let id = job.stack.destination_id(place);
    let items = listing["items"].as_array().unwrap();
    assert_eq!(listing["total"], items.len());
    items.iter().filter(|entry| entry["destination_id"] == id).cloned().collect()
}

#[test]
fn a_value_that_cannot_be_held_fails_the_job_by_default_and_is_named() {
    let stack = Stack::new(READINGS);
    let _daemon = stack.daemon();
    for place in COLUMNAR {
        let job = stack.backfill(
            &[place],
            &json!({"table_name": "readings", "filters": [{"column": "id", "operator": ">=", "value": 500}]}),
        );
        job.fails_naming(&["public.readings", "column amount", "id = 500", "NaN"]);
        let job = stack.backfill(
            &[place],
            &json!({"table_name": "readings", "filters": [{"column": "id", "operator": "=", "value": 4}]}),
        );
        job.fails_naming(&["column at", "id = 4", "294276-12-31 23:59:59.5"]);
        let job = stack.backfill(
            &[place],
            &json!({"table_name": "readings", "filters": [{"column": "id", "operator": "=", "value": 5}]}),
        );
        job.fails_naming(&["column matrix", "id = 5", "{{1,2},{3,4}}"]);
    }
}

#[test]
fn text_holds_the_whole_column_as_the_source_writes_it() {
    let stack = Stack::with_batches(100, READINGS);
    let _daemon = stack.daemon();
    let policies = json!({"amount": "text", "at": "text", "matrix": "text", "doc": "text", "note": "text"});
    let job = stack.backfill(ALL, &request(&policies));
    assert_eq!(job.completes(), 1000);
    job.compare("readings").columns("id, note").assert_equal();
    for column in ["amount", "at", "matrix", "doc", "note"] {
        let wanted = stack.source.column(&format!("SELECT \"{column}\"::text FROM readings ORDER BY id"));
        for place in COLUMNAR {
            let query = format!("SELECT \"{column}\" FROM {{}} ORDER BY id");
            assert_eq!(job.select_in(place, "readings", &query), wanted, "{column} in {place:?}");
        }
    }
}

#[test]
fn null_takes_the_place_of_what_cannot_be_held_and_is_counted() {
    let stack = Stack::with_batches(100, READINGS);
    let _daemon = stack.daemon();
    let job = stack
        .backfill(ALL, &request(&json!({"amount": "null", "at": "null", "matrix": "null", "doc": "null"})));
    job.becomes_status("COMPLETED");
    let expected =
        |nulled: i64| json!({"count_record": 1000, "verified": true, "quarantined": 0, "nulled": nulled});
    for (place, nulled) in [(Place::Postgres, 0), (Place::DuckDb, 8), (Place::Parquet, 8)] {
        let part = job.part(place);
        let part: Value = ["count_record", "verified", "quarantined", "nulled"]
            .map(|name| (name.to_owned(), part[name].clone()))
            .into_iter()
            .collect();
        assert_eq!(part, expected(nulled), "{place:?}");
    }
    for place in COLUMNAR {
        assert_eq!(
            held(&job, place, "amount"),
            ["1: 0.14", "2: 0.29", "3: NULL", "4: 0.57", "5: 0.71", "6: 0.86", "500: NULL"]
        );
        assert_eq!(
            held(&job, place, "\"at\" IS NULL"),
            ["1: false", "2: false", "3: true", "4: true", "5: false", "6: false", "500: false"]
        );
        assert_eq!(
            held(&job, place, "len(matrix)"),
            ["1: 2", "2: 2", "3: 2", "4: 2", "5: NULL", "6: 2", "500: NULL"]
        );
        assert_eq!(
            held(&job, place, "doc->>'n'"),
            ["1: 1", "2: 1", "3: 1", "4: 1", "5: 1", "6: NULL", "500: 1"]
        );
    }
    let whole = "SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM (SELECT id, amount, at, matrix, doc::text, note FROM readings) t";
    assert_eq!(stack.destination.value(whole), stack.source.value(whole));
}

#[test]
fn quarantine_keeps_rows_aside_and_copies_all_others() {
    let stack = Stack::with_batches(100, READINGS);
    let _daemon = stack.daemon();
    let policies = json!({"amount": "quarantine", "at": "quarantine", "matrix": "text", "doc": "quarantine"});
    let job = stack.backfill(ALL, &request(&policies));
    job.becomes_status("COMPLETED");
    assert_eq!(job.part(Place::Postgres)["quarantined"], 0);
    for place in COLUMNAR {
        let part = job.part(place);
        assert_eq!(
            (&part["count_record"], &part["quarantined"], &part["verified"]),
            (&json!(995), &json!(5), &json!(true))
        );
        assert_eq!(job.rows_in(place, "readings"), 995);
        let entries = entries(&job, place);
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| {
                format!(
                    "{} {} {} {} {}",
                    entry["chunk"], entry["place"], entry["key"]["id"], entry["column"], entry["value"]
                )
            })
            .collect();
        // Row 3 has two values that cannot be held: one is enough.
        assert_eq!(
            shown,
            [
                r#"1 3 "3" "amount" "NaN""#,
                r#"1 4 "4" "at" "294276-12-31 23:59:59.5""#,
                r#"1 6 "6" "doc" "\"\\ud800\"""#,
                r#"5 100 "500" "amount" "NaN""#,
                r#"10 99 "999" "amount" "NaN""#,
            ],
            "{place:?}"
        );
        assert_eq!(
            entries[3]["row"],
            json!({"id": "500", "amount": "NaN", "at": "2024-01-01 08:20:00", "matrix": "{{1,2},{3,4}}", "doc": "{\"n\": 1}", "note": "note 500"})
        );
        assert_eq!((&entries[0]["status"], &entries[0]["mended_value"]), (&json!("HELD"), &Value::Null));
    }
}

#[test]
fn a_table_without_a_key_keeps_rows_aside_too() {
    let stack = Stack::new(
        "CREATE TABLE readings AS SELECT n AS id, (CASE WHEN n % 1000 = 7 THEN 'NaN' ELSE n::numeric END)::numeric(9,2) AS amount FROM generate_series(1, 250000) n",
    );
    let _daemon = stack.daemon();
    let job = stack.backfill(&COLUMNAR, &request(&json!({"amount": "quarantine"})));
    job.becomes_status("COMPLETED");
    for place in COLUMNAR {
        assert_eq!(job.rows_in(place, "readings"), 249_750);
        assert_eq!(job.part(place)["quarantined"], 250);
    }
    assert_eq!(
        job.stack.client.get(&format!("/backfill/{}/quarantine?limit=1&skip=2", job.id)).json(200)["items"]
            [0]["place"],
        1007
    );
}

#[test]
fn a_key_that_cannot_be_held_is_kept_aside() {
    let stack = Stack::new(
        "CREATE TABLE readings (at timestamp PRIMARY KEY, note text); INSERT INTO readings VALUES ('2024-01-01', 'a'), ('294276-01-01', 'b')",
    );
    let _daemon = stack.daemon();
    let job = stack.backfill(&COLUMNAR, &request(&json!({"at": "quarantine"})));
    job.becomes_status("COMPLETED");
    for place in COLUMNAR {
        assert_eq!(job.rows_in(place, "readings"), 1);
        assert_eq!(entries(&job, place)[0]["key"], json!({"at": "294276-01-01 00:00:00"}));
    }
}

#[test]
fn a_quarantine_is_for_exceptions() {
    let stack = Stack::new(
        "CREATE TABLE readings (id int PRIMARY KEY, amount numeric(9,2)); INSERT INTO readings SELECT n, 'NaN' FROM generate_series(1, 10001) n",
    );
    let _daemon = stack.daemon();
    let job = stack.backfill(&[Place::Parquet], &request(&json!({"amount": "quarantine"})));
    job.fails_naming(&["10000 rows", "quarantine", "`text`"]);
    let kept = stack.client.get(&format!("/backfill/{}/quarantine", job.id)).json(200);
    assert!(kept["total"].as_i64() <= Some(10_000));
}

#[test]
fn a_policy_is_for_a_column_that_can_have_it() {
    let stack =
        Stack::new("CREATE TABLE readings (id int PRIMARY KEY, amount numeric(9,2) NOT NULL, note text)");
    for (policies, field) in [
        (json!({"nothing": "text"}), "value_policies.nothing"),
        (json!({"id": "null"}), "value_policies.id"),
        (json!({"amount": "null"}), "value_policies.amount"),
        (json!({"note": "burn"}), "value_policies.note"),
    ] {
        let problem = stack.request(&[Place::DuckDb], &request(&policies)).json(422);
        assert_eq!(problem["errors"][0]["field"], field, "{problem:#}");
    }
    stack
        .request(&[Place::DuckDb], &request(&json!({"id": "quarantine", "amount": "text", "note": "null"})))
        .json(201);
}

/// Mends a row of the quarantine, which must be possible.
#[track_caller]
fn mend(job: &Job<'_>, entry: &Value, value: &Value) -> Value {
    let path = format!("/backfill/{}/quarantine/{}", job.id, entry["id"]);
    job.stack.client.put(&path, &json!({"value": value})).json(200)
}

#[track_caller]
fn replay(job: &Job<'_>) {
    job.stack.client.post(&format!("/backfill/{}/quarantine/replay", job.id), &json!({})).json(200);
}

#[test]
fn mended_rows_are_replayed_as_they_were_but_for_the_mended_value() {
    let stack = Stack::with_batches(100, READINGS);
    let _daemon = stack.daemon();
    let policies =
        json!({"amount": "quarantine", "at": "quarantine", "matrix": "quarantine", "doc": "quarantine"});
    let job = stack.backfill(ALL, &request(&policies));
    job.becomes_status("COMPLETED");
    // What the source holds by now is of no account.
    stack.source.execute("UPDATE readings SET note = 'later'; INSERT INTO readings VALUES (2000, 1)");
    let refused = stack.client.post(&format!("/backfill/{}/quarantine/replay", job.id), &json!({}));
    assert!(refused.json(409)["detail"].as_str().unwrap().contains("no mended rows"));
    for place in COLUMNAR {
        for entry in entries(&job, place) {
            let (key, column) = (entry["key"]["id"].as_str().unwrap(), entry["column"].as_str().unwrap());
            let value = match (key, column) {
                // It holds a second value that cannot be held.
                ("3", _) => json!("1.23"),
                ("4", "at") => json!("infinity"),
                ("5", "matrix") => json!("{1,2,3,4}"),
                ("6", "doc") => Value::Null,
                ("500", "amount") => json!("-0.5"),
                _ => continue,
            };
            let mended = mend(&job, &entry, &value);
            assert_eq!((&mended["status"], &mended["mended_value"]), (&json!("MENDED"), &value));
        }
    }
    replay(&job);
    job.becomes_status("COMPLETED");
    for place in COLUMNAR {
        let part = job.part(place);
        // Rows 3 and 500 came back for their other columns, and 999 was left as it is.
        assert_eq!(
            (&part["count_record"], &part["quarantined"], &part["verified"]),
            (&json!(997), &json!(3), &json!(true)),
            "{place:?}"
        );
        assert_eq!(job.rows_in(place, "readings"), 997);
        assert_eq!(held(&job, place, "amount"), ["1: 0.14", "2: 0.29", "4: 0.57", "5: 0.71", "6: 0.86"]);
        assert_eq!(
            held(&job, place, "CASE WHEN isfinite(\"at\") THEN 'finite' ELSE \"at\"::VARCHAR END")[2],
            "4: infinity"
        );
        assert_eq!(held(&job, place, "matrix")[3], "5: [1, 2, 3, 4]");
        assert_eq!(held(&job, place, "doc")[4], "6: NULL");
        assert_eq!(held(&job, place, "note")[4], "6: note 6");
        let again: Vec<_> = entries(&job, place).into_iter().filter(|entry| entry["chunk"] == 12).collect();
        let shown: Vec<_> =
            again.iter().map(|entry| format!("{} {}", entry["column"], entry["row"]["amount"])).collect();
        assert_eq!(shown, [r#""at" "1.23""#, r#""matrix" "-0.50""#]);
        mend(&job, &again[0], &json!("2024-01-01"));
        mend(&job, &again[1], &json!("{}"));
        let replayed = entries(&job, place).into_iter().find(|entry| entry["status"] == "REPLAYED").unwrap();
        let path = format!("/backfill/{}/quarantine/{}", job.id, replayed["id"]);
        stack.client.put(&path, &json!({"value": null})).json(409);
    }
    replay(&job);
    job.becomes_status("COMPLETED");
    for place in COLUMNAR {
        assert_eq!(
            held(&job, place, "amount || ' ' || note"),
            [
                "1: 0.14 note 1",
                "2: 0.29 note 2",
                "3: 1.23 note 3",
                "4: 0.57 note 4",
                "5: 0.71 note 5",
                "6: 0.86 note 6",
                "500: -0.50 note 500"
            ]
        );
        assert_eq!(
            (&job.part(place)["count_record"], &job.part(place)["quarantined"]),
            (&json!(999), &json!(1))
        );
        assert_eq!(job.rows_in(place, "readings"), 999);
    }
    assert_eq!(job.rows_in(Place::Postgres, "readings"), 1000);
    assert_eq!(job.get()["count_record"], 1000);
}

#[test]
fn a_mended_value_is_one_of_the_columns_type() {
    let stack = Stack::new(READINGS);
    let daemon = stack.daemon();
    let job = stack.backfill(
        &[Place::Parquet],
        &request(&json!({"amount": "quarantine", "at": "text", "matrix": "text", "doc": "text"})),
    );
    job.becomes_status("COMPLETED");
    let entry = entries(&job, Place::Parquet).remove(0);
    let path = format!("/backfill/{}/quarantine/{}", job.id, entry["id"]);
    for (body, field) in [
        (json!({"value": "much"}), "value"),
        (json!({"value": "1e9"}), "value"),
        (json!({}), "value"),
        (json!({"value": "\0"}), "value"),
    ] {
        assert_eq!(stack.client.put(&path, &body).json(422)["errors"][0]["field"], field, "{body}");
    }
    stack.client.put(&format!("/backfill/{}/quarantine/999", job.id), &json!({"value": "1"})).json(404);
    stack.client.get("/backfill/999/quarantine").json(404);
    drop(daemon);
    stack.client.post("/backfill/999/quarantine/replay", &json!({})).json(404);
}

#[test]
fn a_replay_that_fails_leaves_its_rows_to_be_mended_again() {
    let stack = Stack::new(
        "CREATE TABLE readings (at timestamp PRIMARY KEY, note text); INSERT INTO readings VALUES ('2024-01-01', 'a'), ('294276-01-01', 'b')",
    );
    let _daemon = stack.daemon();
    let job = stack.backfill(&[Place::DuckDb], &request(&json!({"at": "quarantine"})));
    job.becomes_status("COMPLETED");
    let entry = entries(&job, Place::DuckDb).remove(0);
    mend(&job, &entry, &json!("2024-01-01"));
    replay(&job);
    job.fails_naming(&["Duplicate key"]);
    assert_eq!(job.rows_in(Place::DuckDb, "readings"), 1);
    mend(&job, &entry, &json!("2024-01-02"));
    replay(&job);
    job.becomes_status("COMPLETED");
    let rows = job.select_in(Place::DuckDb, "readings", "SELECT \"at\" || ' ' || note FROM {} ORDER BY 1");
    assert_eq!(rows, ["2024-01-01 00:00:00 a", "2024-01-02 00:00:00 b"]);
    assert_eq!(job.part(Place::DuckDb)["quarantined"], 0);
}

#[test]
fn mended_rows_are_replayed_once_whatever_dies() {
    let places = [Place::DuckDb, Place::Parquet, Place::Postgres];
    let stack = Stack::new(READINGS);
    let daemon = stack.daemon();
    let policies = json!({"amount": "quarantine", "at": "quarantine", "matrix": "text", "doc": "quarantine"});
    let job = stack.backfill(&places, &request(&policies));
    job.becomes_status("COMPLETED");
    drop(daemon);
    for place in COLUMNAR {
        // Row 3 holds a second value that cannot be held, and goes back.
        for entry in entries(&job, place).iter().filter(|entry| entry["column"] == "amount") {
            mend(&job, entry, &json!("7"));
        }
    }
    replay(&job);
    let waits =
        |database: &Database| eventually("the replay to wait", || database.has_waiters().then_some(()));
    // A daemon dies before it has fixed the replay's rows; the next one when two destinations have committed them and the
    // third has not, and they cannot be mended any more; the third one when all have.
    let before = stack.metadata.lock_writers("backfill_quarantine");
    let daemon = stack.daemon();
    waits(&stack.metadata);
    drop(daemon);
    stack.expire_leases();
    let daemon = stack.daemon();
    eventually("the next attempt", || (job.get()["attempt"] == 3).then_some(()));
    waits(&stack.metadata);
    let between = stack.destination.lock_writers("_backfill_ledger");
    before.release();
    waits(&stack.destination);
    drop(daemon);
    between.release();
    stack.expire_leases();
    let entry = entries(&job, Place::Parquet).remove(0);
    let path = format!("/backfill/{}/quarantine/{}", job.id, entry["id"]);
    stack.client.put(&path, &json!({"value": "8"})).json(409);
    let after = stack.metadata.lock_writers("backfill_job_destinations");
    let daemon = stack.daemon();
    waits(&stack.metadata);
    drop(daemon);
    after.release();
    stack.expire_leases();
    let _daemon = stack.daemon();
    job.becomes_status("COMPLETED");
    for place in COLUMNAR {
        assert_eq!(job.part(place)["count_record"], 997, "{place:?}");
        assert_eq!(job.part(place)["quarantined"], 3, "{place:?}");
        assert_eq!(job.rows_in(place, "readings"), 997, "{place:?}");
        assert_eq!(held(&job, place, "amount"), ["1: 0.14", "2: 0.29", "5: 0.71", "500: 7.00"]);
    }
    assert_eq!(job.rows_in(Place::Postgres, "readings"), 1000);
}

#[test]
fn rows_are_kept_aside_once_whatever_dies() {
    let stack = Stack::with_batches(
        100,
        "CREATE TABLE readings AS SELECT n AS id, (CASE WHEN n % 10 = 7 THEN 'NaN' ELSE n::numeric END)::numeric(9,2) AS amount, NULLIF(n % 50, 0) AS note FROM generate_series(1, 6000) n; ALTER TABLE readings ADD PRIMARY KEY (id)",
    );
    stack.slow_down("readings", 10);
    let job = stack.backfill(ALL, &request(&json!({"amount": "quarantine"})));
    for attempt in 1..=6 {
        let daemon = stack.daemon();
        job.becomes("taken up", |now| now["attempt"] == attempt && now["status"] == "EXECUTING");
        let rows = job.rows();
        job.becomes("further", |now| now["count_record"].as_i64() > Some(rows));
        drop(daemon);
        stack.expire_leases();
    }
    let _daemon = stack.daemon();
    job.becomes_status("COMPLETED");
    for place in COLUMNAR {
        let part = job.part(place);
        assert_eq!((&part["count_record"], &part["quarantined"]), (&json!(5400), &json!(600)), "{place:?}");
        assert_eq!(job.rows_in(place, "readings"), 5400, "{place:?}");
    }
    let kept = stack.metadata.value("SELECT string_agg(DISTINCT destination_id || ': ' || n, ', ') FROM (SELECT destination_id, count(DISTINCT key) || ' of ' || count(*) AS n FROM backfill_quarantine GROUP BY destination_id) t");
    assert_eq!(
        kept,
        format!(
            "{}: 600 of 600, {}: 600 of 600",
            stack.destination_id(Place::DuckDb),
            stack.destination_id(Place::Parquet)
        )
    );
}
