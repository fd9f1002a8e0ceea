//! What breaks says what and where, hurts nothing else, and never looks like success.

use serde_json::{Value, json};

use crate::harness::{ALL, Job, Place, Stack, eventually, orders, postgres_request, source_request};

const HEALTHY: &str =
    "CREATE TABLE healthy (id int PRIMARY KEY); INSERT INTO healthy SELECT generate_series(1, 100);";

/// Asserts that the daemon lives and does its next job.
fn next_job_completes(stack: &Stack) {
    let job = stack.append(&[Place::Parquet], "healthy");
    assert_eq!(job.completes(), 100);
    job.compare("healthy").assert_equal();
}

/// A pending job on `orders`.
fn pending(stack: &Stack) -> Job<'_> {
    stack.backfill(&[Place::Postgres], &json!({"table_name": "orders", "max_attempts": 1}))
}

/// Gives the source other settings.
fn change_source(stack: &Stack, change: impl Fn(&mut url::Url)) {
    let mut url = stack.source.url().clone();
    change(&mut url);
    let mut request = source_request(&stack.source);
    request["url"] = json!(url.as_str());
    stack.client.put(&format!("/sources/{}", stack.source_id()), &request).json(200);
}

fn with_healthy(sql: &str) -> Stack {
    Stack::with_batches(100, &format!("{sql}{HEALTHY}"))
}

/// A request for the PostgreSQL destination with one setting changed.
fn broken(stack: &Stack, setting: &str, value: impl Into<Value>) -> Value {
    let mut request = postgres_request("broken", &stack.destination);
    request["config"][setting] = value.into();
    request
}

#[test]
fn a_source_that_cannot_be_reached_is_named() {
    let stack = with_healthy(&orders(10));
    let job = pending(&stack);
    change_source(&stack, |url| url.set_port(Some(1)).unwrap());
    let _daemon = stack.daemon();
    job.fails_naming(&["source shop", "127.0.0.1:1"]);
    change_source(&stack, |_| {});
    next_job_completes(&stack);
}

#[test]
fn a_wrong_password_at_the_source_is_named() {
    let stack = with_healthy(&orders(10));
    let job = pending(&stack);
    change_source(&stack, |url| url.set_password(Some("wr0ng")).unwrap());
    let _daemon = stack.daemon();
    job.fails_naming(&["source shop", "password"]);
    change_source(&stack, |_| {});
    next_job_completes(&stack);
}

#[test]
fn a_table_that_is_gone_is_named() {
    let stack = with_healthy(&orders(10));
    let job = pending(&stack);
    stack.source.execute("DROP TABLE orders");
    let _daemon = stack.daemon();
    job.fails_naming(&["source shop", "orders", "does not exist"]);
    next_job_completes(&stack);
}

#[test]
fn a_table_that_is_dropped_meanwhile_does_not_look_complete() {
    let stack = with_healthy(&orders(20_000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let job = stack.append(&[Place::Postgres, Place::DuckDb], "orders");
    job.is_under_way();
    stack.source.execute("DROP TABLE orders");
    job.fails_naming(&["source shop", "orders"]);
    assert!(job.rows() < 20_000);
    assert_eq!(
        (job.rows_in(Place::Postgres, "orders"), job.rows_in(Place::DuckDb, "orders")),
        (job.rows(), job.rows())
    );
    next_job_completes(&stack);
}

/// Such a change writes the table anew, and to a snapshot taken before it, the new table looks empty: a query that has
/// waited for it reads no rows and meets no error.
#[test]
fn a_table_that_is_rewritten_meanwhile_does_not_look_finished() {
    for (change, breaks) in
        [("ALTER COLUMN n TYPE bigint", true), ("ADD COLUMN at timestamptz DEFAULT clock_timestamp()", false)]
    {
        let stack = with_healthy(
            "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT n, n FROM generate_series(1, 5000) n;",
        );
        stack.slow_down("t", 20);
        let _daemon = stack.daemon();
        let job = stack.append(&[Place::Postgres, Place::DuckDb], "t");
        job.is_under_way();
        let mut client = stack.source.connect();
        client.batch_execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE").unwrap();
        eventually("the reader to wait for the lock", || stack.source.has_waiters().then_some(()));
        client.batch_execute(&format!("ALTER TABLE t {change}; COMMIT")).unwrap();
        if breaks {
            job.fails_naming(&["t"]);
            assert!(job.rows() < 5000);
        } else {
            assert_eq!(job.completes(), 5000);
            job.compare("t").columns("id, n").assert_equal();
        }
        next_job_completes(&stack);
    }
}

#[test]
fn a_table_without_a_key_that_is_rewritten_meanwhile_does_not_look_empty() {
    let stack = Stack::new(
        "CREATE TABLE log AS SELECT n FROM generate_series(1, 500) n; CREATE MATERIALIZED VIEW sums AS SELECT n * 2 AS n FROM log;",
    );
    for (table, rewrite) in [
        ("log", "ALTER TABLE log ADD COLUMN at timestamptz DEFAULT clock_timestamp()"),
        ("sums", "REFRESH MATERIALIZED VIEW sums"),
    ] {
        stack.destination.execute(&format!("CREATE TABLE {table} (n int, at timestamptz)"));
        let job = stack.append(&[Place::Postgres], table);
        // The daemon is held up between its first look at the source and the copy.
        let lock = stack.destination.lock(table);
        let _daemon = stack.daemon();
        eventually("the job to come to the destination", || stack.destination.has_waiters().then_some(()));
        let mut client = stack.source.connect();
        client.batch_execute(&format!("BEGIN; {rewrite}")).unwrap();
        lock.release();
        eventually("the job to wait for the lock", || stack.source.has_waiters().then_some(()));
        client.batch_execute("COMMIT").unwrap();
        assert_eq!(job.completes(), 500, "{table}");
        job.compare(table).columns("n").assert_equal();
    }
}

#[test]
fn a_filter_on_a_column_that_is_gone_is_named() {
    let stack = with_healthy(&orders(10));
    let filters = json!([{"column": "paid", "operator": "=", "value": true}]);
    let job = stack.backfill(ALL, &json!({"table_name": "orders", "filters": filters}));
    stack.source.execute("ALTER TABLE orders DROP COLUMN paid");
    let _daemon = stack.daemon();
    job.fails_naming(&["source shop", "paid"]);
    next_job_completes(&stack);
}

#[test]
fn a_destination_that_cannot_be_reached_is_named_and_its_sibling_is_not_complete() {
    let stack = with_healthy(&orders(1000));
    let _daemon = stack.daemon();
    for (setting, value, named) in [
        ("port", json!(1), "127.0.0.1:1"),
        ("password", json!("wr0ng"), "password"),
        ("database", json!("nowhere"), "nowhere"),
    ] {
        let down = stack.add_destination(&broken(&stack, setting, value));
        let job = stack.backfill_to(
            &[stack.destination_id(Place::Parquet), down],
            &json!({"table_name": "orders", "max_attempts": 1}),
        );
        job.fails_naming(&["destination broken", named]);
        let part = job.get()["destinations"][1].clone();
        assert!(part["error_message"].as_str().unwrap().contains(named), "{part:#}");
    }
    next_job_completes(&stack);
}

#[test]
fn a_destination_that_goes_down_meanwhile_is_named() {
    let stack = with_healthy(&orders(20_000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let request = json!({"table_name": "orders", "write_mode": "append", "max_attempts": 1});
    let job = stack.backfill(&[Place::DuckDb, Place::Postgres, Place::Parquet], &request);
    job.is_under_way();
    let name = stack.destination.name();
    stack.metadata.execute(&format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    ));
    job.fails_naming(&["destination dwh"]);
    stack.metadata.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    assert_eq!(job.rows_in(Place::Postgres, "orders"), job.rows());
    next_job_completes(&stack);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let stack = with_healthy(&orders(10));
    std::fs::write(stack.folder.join("file"), "not a folder").unwrap();
    let _daemon = stack.daemon();
    for (kind, path, named) in [
        ("parquet", "file/lake", "file/lake"),
        ("duckdb", "file/dwh.duckdb", "file"),
        ("duckdb", "file", "file"),
    ] {
        let (path, named) = (stack.folder.path_of(path), stack.folder.path_of(named));
        let id =
            stack.add_destination(&json!({"name": "unwritable", "type": kind, "config": {"path": path}}));
        stack
            .backfill_to(&[id], &json!({"table_name": "orders"}))
            .fails_naming(&["destination unwritable", &named]);
    }
    next_job_completes(&stack);
}

#[test]
fn a_value_that_a_destination_cannot_hold_is_named_with_its_place() {
    let stack = with_healthy(
        "CREATE TABLE prices (id int PRIMARY KEY, price numeric(10,2)); INSERT INTO prices SELECT n, n FROM generate_series(1, 500) n; UPDATE prices SET price = 'NaN' WHERE id = 317;
         CREATE TABLE moments (id int PRIMARY KEY, at timestamp); INSERT INTO moments VALUES (1, now()), (2, '294276-12-31');",
    );
    let _daemon = stack.daemon();
    for place in [Place::DuckDb, Place::Parquet] {
        stack.append(&[place], "prices").fails_naming(&["prices", "price", "317", "NaN"]);
        stack.append(&[place], "moments").fails_naming(&["moments", "at", "id = 2"]);
    }
    next_job_completes(&stack);
}

#[test]
fn a_job_that_fails_does_not_hurt_the_one_beside_it() {
    let stack = with_healthy(&orders(10_000));
    stack.slow_down("orders", 10);
    let down = stack.add_destination(&broken(&stack, "port", 1));
    let _daemon = stack.daemon();
    let good = stack.append(&[Place::Postgres, Place::DuckDb], "orders");
    good.is_under_way();
    let request = json!({"table_name": "orders", "max_attempts": 1});
    stack.backfill_to(&[down], &request).fails_naming(&["destination broken"]);
    assert_eq!(good.status(), "EXECUTING");
    assert_eq!(good.completes(), 10_000);
    good.compare("orders").assert_equal();
}

#[test]
fn a_job_may_be_asked_for_again_after_it_failed() {
    let stack = with_healthy(&orders(1000));
    stack.destination.execute("CREATE TABLE orders (id bigint PRIMARY KEY)");
    let _daemon = stack.daemon();
    pending(&stack).fails_naming(&["orders"]);
    stack.destination.execute("DROP TABLE orders");
    let job = pending(&stack);
    assert_eq!(job.completes(), 1000);
    job.compare("orders").assert_equal();
}

/// Waits until every job has done some chunks, and has their daemon hand them back.
fn hand_back(stack: &Stack, jobs: &[Job<'_>]) {
    let mut daemon = stack.daemon();
    jobs.iter().for_each(Job::is_under_way);
    daemon.signal("TERM");
    assert!(daemon.ends().success());
    jobs.iter().for_each(|job| assert_eq!(job.status(), "PENDING", "{:#}", job.get()));
}

/// A table whose rows are of several types.
fn facts(rows: u32) -> String {
    format!(
        "CREATE TABLE facts (id int PRIMARY KEY, json text, moment timestamp);
         INSERT INTO facts SELECT n, '{{\"n\":' || n || '}}', timestamp '2024-01-01' + n * interval '1 hour'
         FROM generate_series(1, {rows}) n;"
    )
}

/// Changes to that table, each with what is to be compared where a job survives it.
const RETYPED: [(&str, &str); 2] = [
    ("ALTER COLUMN json TYPE jsonb USING json::jsonb", "id, replace(json::varchar, ' ', '') AS json"),
    (
        "ALTER COLUMN moment TYPE timestamptz USING moment AT TIME ZONE 'Asia/Tokyo'",
        "id, moment::timestamptz AS moment",
    ),
];

/// Asserts that a job on the table has told of a change, or has brought what the table holds now.
#[track_caller]
fn fails_or_is_right(job: &Job<'_>, change: &str, columns: &str) {
    if job.becomes_end()["status"] == "COMPLETED" {
        return job.compare("facts").columns(columns).assert_equal();
    }
    let message = job.fails();
    let tells = message.contains("start a new job") || message.contains("cannot take the rows");
    assert!(message.contains("facts") && tells, "{change}: {message}");
}

#[test]
fn a_column_whose_type_changes_while_a_job_runs_is_never_misread() {
    for (change, columns) in RETYPED {
        let stack = Stack::with_batches(20, &facts(2000));
        stack.slow_down("facts", 10);
        let _daemon = stack.daemon();
        let job = stack.append(ALL, "facts");
        job.is_under_way();
        stack.source.execute(&format!("ALTER TABLE facts {change}"));
        fails_or_is_right(&job, change, columns);
    }
}

#[test]
fn a_column_whose_type_changes_between_two_attempts_is_never_misread() {
    for (change, columns) in RETYPED {
        let stack = Stack::with_batches(10, &facts(2000));
        stack.slow_down("facts", 10);
        let jobs: Vec<_> = ALL.iter().map(|place| stack.append(&[*place], "facts")).collect();
        hand_back(&stack, &jobs);
        stack.source.execute(&format!("ALTER TABLE facts {change}"));
        let _daemon = stack.daemon();
        jobs.iter().for_each(|job| fails_or_is_right(job, change, columns));
    }
}

/// Chunks go on behind the last one's key, which means nothing in another order.
#[test]
fn a_key_that_changes_between_two_attempts_is_noticed() {
    let changes = [
        ("id", "DROP CONSTRAINT t0_pkey, ADD PRIMARY KEY (other)"),
        ("id, name", "DROP CONSTRAINT t1_pkey, ADD PRIMARY KEY (name, id)"),
        ("id", "ALTER COLUMN id TYPE text"),
        ("name", "ALTER COLUMN name TYPE text COLLATE \"en-x-icu\""),
    ];
    let table = |(at, (key, _)): (usize, &(&str, &str))| {
        format!(
            "CREATE TABLE t{at} (id int, name text COLLATE \"C\", other int NOT NULL, PRIMARY KEY ({key}));
             INSERT INTO t{at} SELECT n, chr(CASE WHEN n % 2 = 0 THEN 78 ELSE 97 END + n % 13) || n, 5000 - n
             FROM generate_series(1, 3000) n;"
        )
    };
    let stack = Stack::with_batches(10, &changes.iter().enumerate().map(table).collect::<String>());
    let jobs: Vec<_> = (0..4).map(|at| stack.append(&[Place::Parquet], &format!("t{at}"))).collect();
    hand_back(&stack, &jobs);
    for (at, (_, change)) in changes.iter().enumerate() {
        stack.source.execute(&format!("ALTER TABLE t{at} {change}"));
    }
    let _daemon = stack.daemon();
    let unnoticed = |(job, (key, change)): (&Job<'_>, &(&str, &str))| {
        let ended = job.becomes_end();
        let message = ended["error_message"].as_str().unwrap_or_default();
        let is_noticed = ended["status"] == "FAILED" && message.contains("start a new job");
        (!is_noticed).then(|| format!("({key}) {change}: {} of 3000 rows, {message}", ended["count_record"]))
    };
    let unnoticed: Vec<_> = jobs.iter().zip(&changes).filter_map(unnoticed).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

#[test]
fn what_was_copied_and_is_removed_between_two_attempts_is_missed() {
    let stack = Stack::with_batches(10, &orders(3000));
    stack.slow_down("orders", 10);
    let jobs: Vec<_> = ALL.iter().map(|place| stack.append(&[*place], "orders")).collect();
    hand_back(&stack, &jobs);
    stack.destination.execute("DROP TABLE orders");
    let file = duckdb::Connection::open(stack.folder.join("dwh.duckdb")).unwrap();
    file.execute_batch("DROP TABLE orders").unwrap();
    drop(file);
    std::fs::remove_file(a_part(&stack, &jobs[2])).unwrap();
    let _daemon = stack.daemon();
    for job in &jobs {
        job.fails_naming(&["orders", "removed after", "start a new job"]);
    }
}

/// One of the files that a job has written.
fn a_part(stack: &Stack, job: &Job<'_>) -> std::path::PathBuf {
    let folder = stack.folder.join("lake").join("public.orders").join(format!("job-{}", job.id));
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths = files.map(|file| file.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|extension| extension == "parquet")).unwrap()
}
