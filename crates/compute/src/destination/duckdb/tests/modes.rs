//! What becomes of rows that are there already.

use super::*;

/// A job that replaces what [`orders`] or [`keyless`] hold.
fn replacing(table: backfill_domain::catalog::Table) -> Arc<CopySpec> {
    Arc::new(CopySpec { write_mode: WriteMode::Replace, ..spec(table) })
}

const TABLES: &str = "SELECT table_name FROM duckdb_tables() ORDER BY 1";

#[test]
fn rows_are_gathered_aside_until_they_replace_the_others() {
    for table in [orders(), keyless()] {
        let (file, first) =
            (File::new(), Arc::new(CopySpec { write_mode: WriteMode::Append, ..spec(table.clone()) }));
        file.with(&first, |destination| {
            copy(destination, &first, 1, &[(1, Some("old")), (2, Some("old"))]).unwrap()
        });
        let new = replacing(table.clone());
        file.with(&new, |destination| {
            copy(destination, &new, 1, &[(2, Some("new"))]).unwrap();
            copy(destination, &new, 2, &[(3, Some("new"))]).unwrap();
        });
        assert_eq!(file.look(ROWS), ["1 old", "2 old"]);
        let new = next_attempt(&new);
        file.with(&new, |destination| {
            copy(destination, &new, 3, &[(4, None)]).unwrap();
            destination.finish().unwrap();
            destination.finish().unwrap();
        });
        assert_eq!(file.look(ROWS), ["2 new", "3 new", "4 NULL"]);
        assert_eq!(file.look(TABLES), [ledger::TABLE, "orders"]);
        // The job's end was not noted. What is there by now stays, and what is found yet is added.
        file.prepare("UPDATE copied.orders SET note = 'live' WHERE id = 2");
        let new = next_attempt(&new);
        file.with(&new, |destination| {
            assert_eq!(destination.watermark(), Watermark { chunk: 3, rows: 3 });
            destination.finish().unwrap();
            copy(destination, &new, 4, &[(5, Some("late"))]).unwrap();
            destination.finish().unwrap();
        });
        assert_eq!(file.look(ROWS), ["2 live", "3 new", "4 NULL", "5 late"]);
    }
}

#[test]
fn a_table_with_more_than_its_new_one_keeps_it() {
    for more in [
        "CREATE INDEX i ON copied.orders (note)",
        "COMMENT ON TABLE copied.orders IS 'ours'",
        "COMMENT ON COLUMN copied.orders.note IS 'ours'",
        "ALTER TABLE copied.orders ALTER note SET DEFAULT 'x'",
        "ALTER TABLE copied.orders ADD COLUMN more INTEGER DEFAULT 7",
        "ALTER TABLE copied.orders ALTER note SET NOT NULL",
    ] {
        let file = File::new();
        file.prepare(&format!(
            "CREATE SCHEMA copied; CREATE TABLE copied.orders (id BIGINT PRIMARY KEY, note VARCHAR); {more};
             INSERT INTO copied.orders (id, note) VALUES (1, 'old'), (2, 'old')"
        ));
        let facts = "SELECT sql || ' ' || coalesce(comment, '') || (SELECT count(*) FROM duckdb_indexes())
                            || (SELECT coalesce(string_agg(comment), '') FROM duckdb_columns() WHERE table_name = 'orders')
                     FROM duckdb_tables() WHERE table_name = 'orders'";
        let (before, spec) = (file.look(facts), replacing(orders()));
        file.with(&spec, |destination| {
            copy(destination, &spec, 1, &[(2, Some("new")), (3, Some("new"))]).unwrap();
            destination.finish().unwrap();
        });
        assert_eq!(
            (file.look(ROWS), file.look(facts)),
            (vec!["2 new".to_owned(), "3 new".to_owned()], before),
            "{more}"
        );
    }
}

#[test]
fn a_removed_or_an_older_attempts_table_replaces_nothing() {
    let (file, spec) = (File::new(), replacing(orders()));
    file.prepare("CREATE SCHEMA copied; CREATE TABLE copied.orders (id BIGINT PRIMARY KEY, note VARCHAR); INSERT INTO copied.orders VALUES (1, 'old')");
    let mut session = Session::new(MEMORY);
    let mut old = file.open(&mut session, &spec).unwrap();
    copy(&mut old, &spec, 1, &[(2, Some("new"))]).unwrap();
    let next = next_attempt(&spec);
    let new = file.open(&mut session, &next).unwrap();
    assert!(matches!(old.finish(), Err(DestinationError::Fenced)));
    drop((old, new, session));
    assert_eq!(file.look(ROWS), ["1 old"]);
    let side =
        file.look("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%replace%'").remove(0);
    file.prepare(&format!("DROP TABLE copied.{side}"));
    assert!(
        file.refusal(&next_attempt(&next))
            .contains(&format!("{side} cannot take the rows: it was removed after 1 rows"))
    );
}

#[test]
fn rows_of_chunks_that_do_not_count_are_not_gathered() {
    let (file, spec) = (File::new(), replacing(orders()));
    file.with(&spec, |destination| copy(destination, &spec, 1, &[(1, Some("given up"))]).unwrap());
    file.prepare(&format!("UPDATE copied.{} SET rows = 0", ledger::TABLE));
    let spec = next_attempt(&spec);
    file.with(&spec, |destination| {
        copy(destination, &spec, 2, &[(1, Some("new"))]).unwrap();
        destination.finish().unwrap();
    });
    assert_eq!(file.look(ROWS), ["1 new"]);
}

#[test]
fn the_ledger_of_an_earlier_version_is_taken_over() {
    let (file, spec) = (File::new(), replacing(orders()));
    file.prepare(&format!(
        "CREATE SCHEMA copied; CREATE TABLE copied.{} (job_uid UUID, destination_id BIGINT, attempt INTEGER NOT NULL,
             chunk BIGINT NOT NULL, rows BIGINT NOT NULL, PRIMARY KEY (job_uid, destination_id))",
        ledger::TABLE
    ));
    file.with(&spec, |destination| {
        copy(destination, &spec, 1, &[(1, None)]).unwrap();
        destination.finish().unwrap();
    });
    assert_eq!(file.look(ROWS), ["1 NULL"]);
}

#[test]
fn rows_that_are_there_are_kept_where_only_the_missing_are_wanted() {
    let (file, first) = (File::new(), Arc::new(spec(orders())));
    file.with(&first, |destination| {
        copy(destination, &first, 1, &[(1, Some("live")), (2, Some("live"))]).unwrap()
    });
    let missing = Arc::new(CopySpec { write_mode: WriteMode::InsertMissing, ..spec(orders()) });
    file.with(&missing, |destination| {
        copy(destination, &missing, 1, &[(0, None), (1, None)]).unwrap();
        copy(destination, &missing, 2, &[(2, Some("x")), (3, Some("x"))]).unwrap();
        assert_eq!(destination.watermark().rows, 4);
        // A row that the table holds otherwise than given is noticed beside one that is kept.
        destination.begin(3, &layout(destination, &missing)).unwrap();
        batches(&[(1, None), (9, None)]).iter().for_each(|batch| destination.write(batch).unwrap());
        let twice = format!("FROM {} UNION ALL SELECT 9, 'twice'", destination.stage.table());
        destination.stage.replace_rows(&twice);
        assert!(destination.verify().is_err());
        destination.rollback();
    });
    assert_eq!(file.look(ROWS), ["0 NULL", "1 live", "2 live", "3 x"]);
}
