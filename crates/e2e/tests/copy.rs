//! Tables of every size and shape arrive whole, at every destination at once.

use serde_json::{Value, json};

use crate::harness::{ALL, Place, Stack, orders};

#[test]
fn a_table_reaches_every_destination_at_once() {
    let stack = Stack::new(&orders(25_000));
    let _daemon = stack.daemon();
    let job = stack.backfill(ALL, &json!({"table_name": "public.orders"}));
    assert_eq!(job.completes(), 25_000);
    job.compare("orders").assert_equal();
    assert_eq!(job.get()["write_mode"], "upsert", "the default for a table with a key");
    assert_eq!(stack.destination.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'p'"), "PRIMARY KEY (id)");
}

#[test]
fn only_filtered_rows_arrive() {
    let stack = Stack::with_batches(100, &orders(20_000));
    let _daemon = stack.daemon();
    let filters = json!([
        {"column": "amount", "operator": ">=", "value": "5000"},
        {"column": "customer", "operator": "LIKE", "value": "customer 1%"},
        {"column": "paid", "operator": "=", "value": "true"},
        {"column": "placed", "operator": "<", "value": "2024-01-13"},
    ]);
    let job = stack.backfill(ALL, &json!({"table_name": "orders", "filters": filters}));
    let condition = "amount >= 5000 AND customer LIKE 'customer 1%' AND paid AND placed < TIMESTAMPTZ '2024-01-13 00:00:00+00'";
    assert_eq!(job.completes(), stack.source.count(&format!("orders WHERE {condition}")));
    job.compare("orders").filtered(condition).assert_equal();
    assert!(job.rows() > 300, "the filters leave more than a few chunks");
}

#[test]
fn null_filters_and_values_with_quotes_select_as_in_sql() {
    let stack = Stack::new(
        "CREATE TABLE notes (id int PRIMARY KEY, note text);
         INSERT INTO notes VALUES (1, NULL), (2, ''), (3, 'it''s; -- a \\ test'), (4, '100%')",
    );
    let _daemon = stack.daemon();
    for (filter, condition) in [
        (json!({"column": "note", "operator": "IS NULL"}), "note IS NULL"),
        (json!({"column": "note", "operator": "=", "value": ""}), "note = ''"),
        (json!({"column": "note", "operator": "=", "value": "it's; -- a \\ test"}), "id = 3"),
        (json!({"column": "note", "operator": "!=", "value": "100%"}), "note <> '100%'"),
    ] {
        let job = stack.backfill(&[Place::Parquet], &json!({"table_name": "notes", "filters": [filter]}));
        job.completes();
        job.compare("notes").filtered(condition).assert_equal();
    }
}

#[test]
fn tables_of_awkward_sizes_are_whole() {
    let table = |rows| {
        format!(
            "CREATE TABLE t{rows} (id int PRIMARY KEY, v text); INSERT INTO t{rows} SELECT n, 'v' || n FROM generate_series(1, {rows}) n;"
        )
    };
    let sizes = [0, 1, 499, 500, 501, 1000, 2500];
    let stack = Stack::with_batches(500, &sizes.map(table).concat());
    let _daemon = stack.daemon();
    let jobs = sizes.map(|rows| (rows, stack.backfill(ALL, &json!({"table_name": format!("t{rows}")}))));
    for (rows, job) in jobs {
        assert_eq!(job.completes(), rows);
        job.compare(&format!("t{rows}")).assert_equal();
    }
}

#[test]
fn progress_moves_while_the_job_runs() {
    let stack = Stack::with_batches(200, &orders(10_000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let job = stack.backfill(&[Place::Postgres, Place::Parquet], &json!({"table_name": "orders"}));
    let first = job.becomes("at some rows", |job| {
        job["count_record"].as_i64() > Some(0) && job["status"] == "EXECUTING"
    });
    let second = job.becomes("at more rows", |job| {
        job["count_record"].as_i64() > first["count_record"].as_i64() && job["status"] == "EXECUTING"
    });
    for seen in [&first, &second] {
        let progress = seen["progress"].as_f64().unwrap();
        assert!(0.0 < progress && progress < 1.0, "{seen:#}");
        assert_eq!(
            (&seen["total_record"], &seen["total_is_estimate"]),
            (&json!(10_000), &json!(true)),
            "{seen:#}"
        );
        assert!(
            seen["rows_per_second"].as_f64() > Some(0.0) && seen["eta_seconds"].as_f64() > Some(0.0),
            "{seen:#}"
        );
    }
    let chunks = stack.client.get(&format!("/backfill/{}/chunks", job.id)).json(200);
    assert!(chunks["items"][0]["row_count"] == 200 && chunks["items"][0]["status"] == "DONE", "{chunks:#}");
    assert_eq!(job.completes(), 10_000);
    let chunks = stack.client.get(&format!("/backfill/{}/chunks?limit=1000", job.id)).json(200);
    let chunks = chunks["items"].as_array().unwrap();
    assert!(chunks.iter().all(|chunk| chunk["status"] == "DONE"));
    assert_eq!(chunks.iter().map(|chunk| chunk["row_count"].as_i64().unwrap()).sum::<i64>(), 10_000);
}

#[test]
fn a_table_without_a_key_arrives_with_its_double_rows() {
    let stack = Stack::with_batches(
        500,
        "CREATE TABLE log (at timestamp, line text); INSERT INTO log SELECT timestamp '2024-01-01', 'line ' || n % 100 FROM generate_series(1, 5000) n",
    );
    let _daemon = stack.daemon();
    let job = stack.backfill(ALL, &json!({"table_name": "log"}));
    assert_eq!(job.completes(), 5000);
    job.compare("log").assert_equal();
    assert_eq!(job.get()["write_mode"], "append", "the default for a table without a key");
}

#[test]
fn views_materialized_views_and_partitioned_tables_are_sources_too() {
    let stack = Stack::with_batches(
        300,
        &(orders(3000)
            + "CREATE VIEW paid AS SELECT id, amount FROM orders WHERE paid;
               CREATE MATERIALIZED VIEW sums AS SELECT customer, sum(weight) AS total FROM orders GROUP BY customer;
               CREATE TABLE events (id int, day date, note text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
               CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
               CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
               CREATE TABLE events_rest PARTITION OF events DEFAULT;
               INSERT INTO events SELECT n, date '2024-01-01' + n % 90, 'event ' || n FROM generate_series(1, 2000) n;
               CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1);
               CREATE TABLE child (extra text) INHERITS (parent); INSERT INTO child VALUES (2, 'x');"),
    );
    let _daemon = stack.daemon();
    for (table, rows) in [("paid", 1000), ("sums", 997), ("events", 2000)] {
        let job = stack.backfill(ALL, &json!({"table_name": table}));
        assert_eq!(job.completes(), rows, "{table}");
        job.compare(table).assert_equal();
    }
    // An inheriting table's rows are the parent's too, as in any SELECT from it.
    let job = stack.backfill(&[Place::Postgres], &json!({"table_name": "parent"}));
    assert_eq!(job.completes(), 2);
    job.compare("parent").assert_equal();
}

#[test]
fn several_jobs_run_beside_each_other() {
    let tables: Vec<_> = (1..=6).map(|n| format!("t{n}")).collect();
    let create = |t: &String| {
        format!(
            "CREATE TABLE {t} (id int PRIMARY KEY, v text); INSERT INTO {t} SELECT n, '{t} ' || n FROM generate_series(1, 2000) n;"
        )
    };
    let stack = Stack::with_batches(200, &tables.iter().map(create).collect::<String>());
    let _daemons = [stack.daemon(), stack.daemon_with(&[("BACKFILL_MAX_JOBS", "2")])];
    let places: &[&[Place]] = &[&[Place::Postgres, Place::Parquet], &[Place::Postgres], &[Place::Parquet]];
    let jobs: Vec<_> = tables
        .iter()
        .zip(places.iter().cycle())
        .map(|(table, places)| (table, stack.append(places, table)))
        .collect();
    for (table, job) in jobs {
        assert_eq!(job.completes(), 2000);
        job.compare(table).assert_equal();
    }
}

#[test]
fn jobs_on_one_duckdb_file_wait_for_each_other() {
    let stack = Stack::with_batches(
        500,
        &["a", "b", "c"]
            .map(|t| {
                format!(
                    "CREATE TABLE {t} (id int PRIMARY KEY); INSERT INTO {t} SELECT generate_series(1, 3000);"
                )
            })
            .concat(),
    );
    let _daemon = stack.daemon();
    let jobs = ["a", "b", "c"].map(|table| (table, stack.append(&[Place::DuckDb], table)));
    for (table, job) in jobs {
        assert_eq!(job.completes(), 3000);
        job.compare(table).assert_equal();
    }
}

#[test]
fn chunks_are_no_larger_than_any_destination_wants() {
    let stack = Stack::with_batches(
        1000,
        "CREATE TABLE t (id int PRIMARY KEY, v text);
         INSERT INTO t SELECT n, repeat(md5(n::text), 32) FROM generate_series(1, 3000) n",
    );
    let _daemon = stack.daemon();
    let sized = |name: &str, field: &str, size: u32| {
        let config = json!({"path": stack.folder.path_of(name), field: size});
        stack.add_destination(&json!({"name": name, "type": "parquet", "config": config}))
    };
    let sizes = |destinations: &[i64]| {
        let job = stack.backfill_to(destinations, &json!({"table_name": "t"}));
        assert_eq!(job.completes(), 3000);
        let chunks = stack.client.get(&format!("/backfill/{}/chunks", job.id)).json(200);
        let size = |chunk: &Value| {
            let size = |field: &str| chunk[field].as_i64().unwrap();
            (size("row_count"), size("byte_count"))
        };
        chunks["items"].as_array().unwrap().iter().map(size).collect::<Vec<_>>()
    };
    let (few, many) = (sized("few", "batch_rows", 300), sized("many", "batch_rows", 2000));
    let rows = |destinations: &[i64]| sizes(destinations).into_iter().map(|(rows, _)| rows).max();
    assert_eq!(rows(&[many, few]), Some(300));
    assert_eq!(rows(&[many]), Some(1000));
    let small = sizes(&[sized("small", "batch_bytes", 128 << 10)]);
    // The first chunk ends with a batch, the next ones know how wide rows are.
    assert!(small[1..].iter().all(|(_, bytes)| *bytes < 140 << 10), "{small:?}");
}

#[test]
fn rows_that_find_room_on_a_tables_older_pages_are_found_there() {
    for (columns, key) in [("n int, note text", ""), ("n int PRIMARY KEY, note text", "with a key")] {
        let stack = Stack::with_batches(
            1000,
            &format!(
                "CREATE TABLE log ({columns}); INSERT INTO log SELECT n, 'row ' || n FROM generate_series(1, 5000) n"
            ),
        );
        stack.destination.execute(&format!(
            "CREATE TABLE log ({columns}); INSERT INTO log SELECT n, 'row ' || n FROM generate_series(1, 9000) n; DELETE FROM log"
        ));
        stack.destination.execute("VACUUM (TRUNCATE false) log");
        let _daemon = stack.daemon();
        let job = stack.append(&[Place::Postgres], "log");
        assert_eq!(job.completes(), 5000, "{key}");
        job.compare("log").assert_equal();
    }
}
