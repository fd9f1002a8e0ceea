use std::{sync::mpsc, thread, time::Duration};

use duckdb::Connection;
use postgres::types::Type;

use super::*;
use crate::destination::session::testing::*;

mod modes;

/// A file for a test, and destinations in it.
struct File {
    folder: Folder,
}

impl File {
    fn new() -> Self {
        Self { folder: Folder::new() }
    }

    fn path(&self) -> String {
        self.folder.join("deep/down/it's.duckdb")
    }

    fn open(
        &self,
        session: &mut Session,
        spec: &Arc<CopySpec>,
    ) -> Result<DuckDbDestination, DestinationError> {
        let settings = DuckDbSettings {
            path: self.path(),
            schema: "Copied".to_owned(),
            batch_rows: None,
            batch_bytes: None,
        };
        DuckDbDestination::open(DestinationId(3), &settings, spec, session, &Interrupts::default())
    }

    /// A session with its destination, which ends both.
    fn with<T>(&self, spec: &Arc<CopySpec>, work: impl FnOnce(&mut DuckDbDestination) -> T) -> T {
        let mut session = Session::new(MEMORY);
        work(&mut self.open(&mut session, spec).unwrap())
    }

    /// What another program sees in the file, once no job has it open.
    fn look(&self, sql: &str) -> Vec<String> {
        values(&Connection::open(self.path()).unwrap(), sql)
    }

    fn prepare(&self, sql: &str) {
        std::fs::create_dir_all(std::path::Path::new(&self.path()).parent().unwrap()).unwrap();
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }

    fn refusal(&self, spec: &Arc<CopySpec>) -> String {
        self.open(&mut Session::new(MEMORY), spec).map(drop).unwrap_err().to_string()
    }
}

const ROWS: &str = "SELECT id || ' ' || coalesce(note, 'NULL') FROM copied.orders ORDER BY ALL";

#[test]
fn every_type_is_held_without_loss() {
    let mut source = RealTable::of_all_types();
    let (file, spec) = (File::new(), Arc::new(spec(source.table.clone())));
    file.with(&spec, |destination| {
        let batches = source.batches(&layout(destination, &spec));
        write_chunk(destination, &spec, 1, &batches).unwrap();
        destination.commit().unwrap();
    });
    RealTable::assert_held(&Connection::open(file.path()).unwrap(), "copied.real");
}

#[test]
fn a_value_that_cannot_be_held_is_named() {
    for (sql, value) in [
        (
            "n numeric(5,2)); INSERT INTO real VALUES (7, 'NaN')",
            "column n, row with id = 7: the destination cannot hold NaN",
        ),
        ("n integer[]); INSERT INTO real VALUES (7, '{{1},{2}}')", "an array of 2 dimensions is no list"),
        (
            "n integer[]); INSERT INTO real VALUES (7, '[0:1]={1,2}')",
            "an array that counts from 0 is no list",
        ),
        ("n timestamp); INSERT INTO real VALUES (7, '294276-12-31')", "end in the year 294247"),
        (
            r#"n json); INSERT INTO real VALUES (7, '"\ud800"')"#,
            r#"row with id = 7: the destination cannot hold "\ud800""#,
        ),
    ] {
        let mut source = RealTable::with(&format!("CREATE TABLE real (id integer PRIMARY KEY, {sql}"));
        let (file, spec) = (File::new(), Arc::new(spec(source.table.clone())));
        let error = file.with(&spec, |destination| {
            let batches = source.batches(&layout(destination, &spec));
            let result = write_chunk(destination, &spec, 1, &batches);
            destination.rollback();
            result.unwrap_err().to_string()
        });
        assert!(error.contains(value), "{error}");
    }
}

#[test]
fn chunks_are_taken_up_where_they_stopped() {
    let (file, spec) = (File::new(), Arc::new(spec(orders())));
    file.with(&spec, |destination| {
        copy(destination, &spec, 1, &[(1, Some("a")), (2, None)]).unwrap();
        copy(destination, &spec, 2, &[]).unwrap();
        write_chunk(destination, &spec, 3, &batches(&[(9, Some("lost"))])).unwrap();
    });
    let spec = next_attempt(&spec);
    file.with(&spec, |destination| {
        assert_eq!(destination.watermark(), Watermark { chunk: 2, rows: 2 });
        copy(destination, &spec, 3, &[(3, Some("c"))]).unwrap();
        assert_eq!(destination.watermark(), Watermark { chunk: 3, rows: 3 });
    });
    assert_eq!(file.look(ROWS), ["1 a", "2 NULL", "3 c"]);
    assert_eq!(
        files(std::path::Path::new(&file.path()).parent().unwrap()).len(),
        1,
        "a log stayed beside the file"
    );
}

#[test]
fn an_upsert_replaces_and_an_append_refuses_what_is_there() {
    let (file, first) = (File::new(), Arc::new(spec(orders())));
    file.with(&first, |destination| copy(destination, &first, 1, &[(1, Some("a")), (2, Some("b"))]).unwrap());
    let again = Arc::new(spec(orders()));
    file.with(&again, |destination| copy(destination, &again, 1, &[(2, None), (3, Some("c"))]).unwrap());
    assert_eq!(file.look(ROWS), ["1 a", "2 NULL", "3 c"]);
    let append = Arc::new(CopySpec { write_mode: backfill_domain::job::WriteMode::Append, ..spec(orders()) });
    file.with(&append, |destination| {
        assert!(copy(destination, &append, 1, &[(3, Some("x")), (4, None)]).is_err());
        destination.rollback();
        copy(destination, &append, 1, &[(4, None)]).unwrap();
    });
    assert_eq!(file.look(ROWS), ["1 a", "2 NULL", "3 c", "4 NULL"]);
}

#[test]
fn a_table_of_nothing_but_its_key_can_be_upserted() {
    let mut source = RealTable::with(
        "CREATE TABLE real AS SELECT 1 AS a, 2 AS b; ALTER TABLE real ADD PRIMARY KEY (b, a)",
    );
    let file = File::new();
    for _ in 0..2 {
        let spec = Arc::new(spec(source.table.clone()));
        file.with(&spec, |destination| {
            let batches = source.batches(&layout(destination, &spec));
            write_chunk(destination, &spec, 1, &batches).unwrap();
            destination.commit().unwrap();
        });
    }
    assert_eq!(file.look("SELECT a || ' ' || b FROM copied.real"), ["1 2"]);
}

#[test]
fn a_keyless_table_comes_as_one_chunk_of_any_size_beside_rows_that_are_there() {
    let (file, spec) = (File::new(), Arc::new(spec(keyless())));
    file.prepare(
        "CREATE SCHEMA copied; CREATE TABLE copied.orders (extra INTEGER, note VARCHAR, id DECIMAL(30,2)); \
                  INSERT INTO copied.orders VALUES (1, 'there', 0)",
    );
    let rows: Vec<_> = (0..250_000).map(|id| (id % 1000, Some("again"))).collect();
    file.with(&spec, |destination| {
        write_chunk(destination, &spec, 1, &batches(&rows)).unwrap();
        destination.rollback();
        copy(destination, &spec, 1, &rows).unwrap();
    });
    let counts = "SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || count(extra) FROM copied.orders";
    assert_eq!(file.look(counts), ["250001 1000 1"]);
}

#[test]
fn a_row_that_is_not_held_as_given_fails_the_chunk() {
    for (table, key) in [(orders(), "PRIMARY KEY"), (keyless(), "")] {
        let (file, spec) = (File::new(), Arc::new(spec(table)));
        file.prepare(&format!(
            "CREATE SCHEMA copied; CREATE TABLE copied.orders (id BIGINT {key}, note VARCHAR)"
        ));
        file.with(&spec, |destination| {
            let layout = layout(destination, &spec);
            destination.begin(1, &layout).unwrap();
            batches(&[(1, Some("a")), (2, Some("b"))])
                .iter()
                .for_each(|batch| destination.write(batch).unwrap());
            let stage = destination.stage.table();
            destination.stage.replace_rows(&if key.is_empty() {
                format!("SELECT c0, CASE c0 WHEN 2 THEN 'x' ELSE c1 END FROM {stage}")
            } else {
                // The same key twice: the table holds one row of the two that were given.
                format!("FROM {stage} UNION ALL SELECT 2, 'b'")
            });
            assert!(destination.verify().is_err());
            destination.rollback();
        });
        assert!(file.look(ROWS).is_empty());
    }
}

#[test]
fn a_row_lost_before_the_proof_fails_the_chunk() {
    let (file, spec) = (File::new(), Arc::new(spec(orders())));
    file.with(&spec, |destination| {
        destination.begin(1, &layout(destination, &spec)).unwrap();
        let given = batches(&[(1, Some("a")), (2, Some("b"))]);
        given.iter().for_each(|batch| destination.write(batch).unwrap());
        let rest = format!("FROM {} WHERE c0 <> 2", destination.stage.table());
        destination.stage.replace_rows(&rest);
        assert!(matches!(destination.verify(), Err(DestinationError::Mismatch { given: 2, held: 1, .. })));
        destination.rollback();
    });
    assert!(file.look(ROWS).is_empty());
}

#[test]
fn a_table_that_was_removed_is_not_made_again_for_the_rest() {
    let (file, first) = (File::new(), Arc::new(spec(orders())));
    file.with(&first, |destination| copy(destination, &first, 1, &[(1, None), (2, None)]).unwrap());
    file.prepare("DROP TABLE copied.orders");
    let refusal = file.refusal(&next_attempt(&first));
    assert!(
        refusal.contains("Copied.orders")
            && refusal.contains("it was removed after 2 rows of this job; start a new job"),
        "{refusal}"
    );
    let tables = "SELECT table_name FROM duckdb_tables()";
    assert_eq!(file.look(tables), [ledger::TABLE]);
    let new = Arc::new(spec(orders()));
    file.with(&new, |destination| copy(destination, &new, 1, &[(1, Some("new"))]).unwrap());
    assert_eq!(file.look(ROWS), ["1 new"]);
}

#[test]
fn a_table_that_was_removed_before_the_first_chunk_is_made_again() {
    let (file, first) = (File::new(), Arc::new(spec(orders())));
    file.with(&first, |_| ());
    file.prepare("DROP TABLE copied.orders");
    let second = next_attempt(&first);
    file.with(&second, |destination| copy(destination, &second, 1, &[(1, None)]).unwrap());
    assert_eq!(file.look(ROWS), ["1 NULL"]);
}

#[test]
fn an_older_attempt_is_fenced_off() {
    let (file, first) = (File::new(), Arc::new(spec(orders())));
    let mut session = Session::new(MEMORY);
    let mut old = file.open(&mut session, &first).unwrap();
    copy(&mut old, &first, 1, &[(1, None)]).unwrap();
    write_chunk(&mut old, &first, 2, &batches(&[(2, None)])).unwrap();
    old.rollback();
    let second = next_attempt(&first);
    let new = file.open(&mut session, &second).unwrap();
    assert_eq!(new.watermark(), Watermark { chunk: 1, rows: 1 });
    assert!(matches!(copy(&mut old, &first, 2, &[(2, None)]), Err(DestinationError::Fenced)));
    assert!(matches!(file.open(&mut session, &first), Err(DestinationError::Fenced)));
    drop((old, new, session));
    assert_eq!(file.look(ROWS), ["1 NULL"]);
}

#[test]
fn a_table_that_does_not_fit_is_refused_with_the_reason() {
    let orders = Arc::new(spec(orders()));
    for (present, reason) in [
        ("orders (id BIGINT PRIMARY KEY)", "it has no column note"),
        ("orders (id INTEGER PRIMARY KEY, note VARCHAR)", "its column id is INTEGER"),
        ("orders (id BIGINT, note VARCHAR)", "UNIQUE constraint on (id)"),
        ("orders (id BIGINT, note VARCHAR, UNIQUE (id, note))", "UNIQUE constraint on (id)"),
        ("\"Orders\" (id BIGINT PRIMARY KEY, note VARCHAR)", "the table Orders"),
    ] {
        let file = File::new();
        file.prepare(&format!("CREATE SCHEMA copied; CREATE TABLE copied.{present}"));
        let refusal = file.refusal(&orders);
        assert!(refusal.contains(reason), "{refusal}");
    }
    let twins = Arc::new(spec(table(vec![column("id", &Type::INT8), column("ID", &Type::INT8)], &["id"])));
    assert!(File::new().refusal(&twins).contains("columns id and ID"));
}

#[test]
fn a_second_job_gets_the_file_when_the_first_is_done() {
    let (file, first) = (File::new(), Arc::new(spec(orders())));
    let mut session = Session::new(MEMORY);
    let mut destination = file.open(&mut session, &first).unwrap();
    copy(&mut destination, &first, 1, &[(1, Some("first"))]).unwrap();
    thread::scope(|scope| {
        let (done, second) = mpsc::channel();
        let file = &file;
        scope.spawn(move || {
            let spec = Arc::new(spec(orders()));
            file.with(&spec, |destination| copy(destination, &spec, 1, &[(2, Some("second"))]).unwrap());
            done.send(()).unwrap();
        });
        assert!(second.recv_timeout(Duration::from_millis(300)).is_err());
        drop((destination, session));
        second.recv_timeout(Duration::from_secs(20)).unwrap();
    });
    assert_eq!(file.look(ROWS), ["1 first", "2 second"]);
}

#[test]
fn two_destinations_of_a_job_share_a_file() {
    let (file, spec) = (File::new(), Arc::new(spec(orders())));
    let mut session = Session::new(MEMORY);
    let settings =
        DuckDbSettings { path: file.path(), schema: "other".to_owned(), batch_rows: None, batch_bytes: None };
    let open = |session: &mut Session, id| {
        DuckDbDestination::open(DestinationId(id), &settings, &spec, session, &Interrupts::default()).unwrap()
    };
    let (mut one, mut two) = (file.open(&mut session, &spec).unwrap(), open(&mut session, 4));
    write_chunk(&mut one, &spec, 1, &batches(&[(1, None)])).unwrap();
    write_chunk(&mut two, &spec, 1, &batches(&[(1, None)])).unwrap();
    one.commit().unwrap();
    two.commit().unwrap();
    drop((one, two, session));
    assert_eq!(
        file.look("SELECT count(*)::VARCHAR FROM (FROM copied.orders UNION ALL FROM other.orders)"),
        ["2"]
    );
}

#[test]
fn an_interrupted_chunk_can_be_taken_back_and_done_again() {
    let (file, spec) = (File::new(), Arc::new(spec(keyless())));
    let interrupts = Interrupts::default();
    let settings = DuckDbSettings {
        path: file.path(),
        schema: "copied".to_owned(),
        batch_rows: None,
        batch_bytes: None,
    };
    let mut session = Session::new(MEMORY);
    let mut destination =
        DuckDbDestination::open(DestinationId(3), &settings, &spec, &mut session, &interrupts).unwrap();
    destination.begin(1, &layout(&destination, &spec)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..20).for_each(|_| {
                thread::sleep(Duration::from_millis(50));
                interrupts.fire();
            })
        });
        let sql = "SELECT sum(hash(a.range)) FROM range(10_000_000) a, range(10_000) b";
        assert!(destination.connection.execute_batch(sql).is_err());
    });
    destination.rollback();
    copy(&mut destination, &spec, 1, &[(1, None)]).unwrap();
}
