use backfill_domain::id::JobId;
use duckdb::Connection;

use super::*;
use crate::destination::session::testing::*;

/// A folder whose name must be taken literally everywhere.
fn root(folder: &Folder) -> ParquetSettings {
    ParquetSettings { path: folder.join("it's a=1 [x]*?"), batch_rows: None, batch_bytes: None }
}

fn open(folder: &Folder, spec: &Arc<CopySpec>) -> Result<ParquetDestination, DestinationError> {
    ParquetDestination::open(&root(folder), spec, &mut Session::new(MEMORY), &Interrupts::default())
}

/// The names in the job's folder.
fn names(destination: &ParquetDestination) -> Vec<String> {
    let names = files(destination.folder.path()).into_iter();
    names.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// What the job's parts hold.
fn rows(destination: &ParquetDestination) -> Vec<String> {
    let connection = Connection::open_in_memory().unwrap();
    let parts = files(destination.folder.path())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "parquet"));
    let mut rows: Vec<_> = parts
        .flat_map(|path| {
            let copied = Folder::new();
            std::fs::copy(&path, copied.join("part")).unwrap();
            values(
                &connection,
                &format!(
                    "SELECT id || ' ' || coalesce(note, 'NULL') FROM read_parquet('{}')",
                    copied.join("part")
                ),
            )
        })
        .collect();
    rows.sort();
    rows
}

const LEDGER: &str = ".backfill-ledger.json";

#[test]
fn every_type_is_held_without_loss() {
    let mut source = RealTable::of_all_types();
    let (folder, spec) = (Folder::new(), Arc::new(spec(source.table.clone())));
    let mut destination = open(&folder, &spec).unwrap();
    let batches = source.batches(&layout(&destination, &spec));
    write_chunk(&mut destination, &spec, 1, &batches).unwrap();
    destination.commit().unwrap();
    let copied = folder.join("copied.parquet");
    std::fs::copy(destination.folder.path().join("part-000001.parquet"), &copied).unwrap();
    RealTable::assert_held(&Connection::open_in_memory().unwrap(), &format!("read_parquet('{copied}')"));
}

#[test]
fn chunks_are_taken_up_where_they_stopped() {
    let (folder, first) = (Folder::new(), Arc::new(spec(orders())));
    let mut destination = open(&folder, &first).unwrap();
    copy(&mut destination, &first, 1, &[(1, Some("a")), (2, None)]).unwrap();
    copy(&mut destination, &first, 2, &[]).unwrap();
    write_chunk(&mut destination, &first, 3, &batches(&[(9, Some("lost"))])).unwrap();
    assert_eq!(names(&destination), [LEDGER, ".part-000003.parquet.tmp-1", "part-000001.parquet"]);
    // As if it had died between the rename and the ledger's note.
    std::fs::copy(
        destination.folder.path().join(".part-000003.parquet.tmp-1"),
        destination.folder.path().join("part-000003.parquet"),
    )
    .unwrap();

    let second = next_attempt(&first);
    let mut destination = open(&folder, &second).unwrap();
    assert_eq!(names(&destination), [LEDGER, "part-000001.parquet"]);
    assert_eq!(destination.watermark(), Watermark { chunk: 2, rows: 2 });
    copy(&mut destination, &second, 3, &[(3, Some("c"))]).unwrap();
    assert_eq!(destination.watermark(), Watermark { chunk: 3, rows: 3 });
    assert_eq!(names(&destination), [LEDGER, "part-000001.parquet", "part-000003.parquet"]);
    assert_eq!(rows(&destination), ["1 a", "2 NULL", "3 c"]);
}

#[test]
fn a_chunk_taken_back_leaves_nothing() {
    let (folder, spec) = (Folder::new(), Arc::new(spec(orders())));
    let mut destination = open(&folder, &spec).unwrap();
    write_chunk(&mut destination, &spec, 1, &batches(&[(1, None)])).unwrap();
    destination.rollback();
    assert_eq!(names(&destination), [LEDGER]);
    copy(&mut destination, &spec, 1, &[(2, None)]).unwrap();
    assert_eq!(rows(&destination), ["2 NULL"]);
}

#[test]
fn an_empty_table_gives_one_file_that_shows_its_columns() {
    for (table, part) in [(orders(), "part-000001.parquet"), (keyless(), "part-000001-0001.parquet")] {
        let (folder, spec) = (Folder::new(), Arc::new(spec(table)));
        let mut destination = open(&folder, &spec).unwrap();
        copy(&mut destination, &spec, 1, &[]).unwrap();
        assert_eq!(names(&destination), [LEDGER, part]);
        assert!(rows(&destination).is_empty());
    }
}

#[test]
fn a_keyless_table_comes_in_many_parts() {
    let (folder, spec) = (Folder::new(), Arc::new(spec(keyless())));
    let mut destination = open(&folder, &spec).unwrap();
    let given: Vec<_> = (0..250_000).map(|id| (id % 1000, Some("again"))).collect();
    copy(&mut destination, &spec, 1, &given).unwrap();
    assert_eq!(
        names(&destination)[1..],
        ["part-000001-0001.parquet", "part-000001-0002.parquet", "part-000001-0003.parquet"]
    );
    assert_eq!(rows(&destination).len(), given.len());
    assert_eq!(destination.watermark(), Watermark { chunk: 1, rows: 250_000 });
}

#[test]
fn a_part_that_was_changed_fails_the_chunk() {
    let (folder, spec) = (Folder::new(), Arc::new(spec(orders())));
    let mut destination = open(&folder, &spec).unwrap();
    write_chunk(&mut destination, &spec, 1, &batches(&[(1, Some("a"))])).unwrap();
    let part = destination.chunk.as_ref().unwrap().parts[0].hidden.clone();
    let other = folder.join("other.parquet");
    let sql = format!("COPY (SELECT 1::BIGINT AS id, 'b' AS note) TO '{other}' (FORMAT parquet)");
    Connection::open_in_memory().unwrap().execute_batch(&sql).unwrap();
    std::fs::copy(other, part).unwrap();
    assert!(matches!(destination.verify(), Err(DestinationError::Mismatch { given: 1, held: 1, .. })));
}

#[test]
fn a_row_lost_before_the_proof_fails_the_chunk() {
    for table in [orders(), keyless()] {
        let (folder, spec) = (Folder::new(), Arc::new(spec(table)));
        let mut destination = open(&folder, &spec).unwrap();
        destination.begin(1, &layout(&destination, &spec)).unwrap();
        let given = batches(&[(1, Some("a")), (2, Some("b"))]);
        given.iter().for_each(|batch| destination.write(batch).unwrap());
        let rest = format!("FROM {} WHERE c0 <> 2", destination.stage.table());
        destination.stage.replace_rows(&rest);
        assert!(matches!(destination.verify(), Err(DestinationError::Mismatch { given: 2, held: 1, .. })));
    }
}

#[test]
fn parts_that_were_removed_are_missed() {
    let (folder, first) = (Folder::new(), Arc::new(spec(orders())));
    let mut destination = open(&folder, &first).unwrap();
    copy(&mut destination, &first, 1, &[(1, None), (2, None)]).unwrap();
    copy(&mut destination, &first, 2, &[(3, None)]).unwrap();
    // As if it had died between the rename and the ledger's note: that part does not make up for another.
    for lost in ["part-000001.parquet", "part-000002.parquet"] {
        let [lost, left_over] =
            [lost, "part-000003.parquet"].map(|name| destination.folder.path().join(name));
        std::fs::rename(lost, left_over).unwrap();
        let refusal = open(&folder, &next_attempt(&first)).map(drop).unwrap_err().to_string();
        assert!(refusal.contains("removed after 3 rows of this job; start a new job"), "{refusal}");
    }
    assert_eq!(names(&destination), [LEDGER]);
}

#[test]
fn an_empty_folder_is_no_loss_where_no_rows_were_committed() {
    let (folder, first) = (Folder::new(), Arc::new(spec(orders())));
    let mut destination = open(&folder, &first).unwrap();
    copy(&mut destination, &first, 1, &[]).unwrap();
    std::fs::remove_file(destination.folder.path().join("part-000001.parquet")).unwrap();
    let second = next_attempt(&first);
    let mut destination = open(&folder, &second).unwrap();
    copy(&mut destination, &second, 2, &[(1, None)]).unwrap();
    assert_eq!(rows(&destination), ["1 NULL"]);
}

#[test]
fn an_older_attempt_is_fenced_off() {
    let (folder, first) = (Folder::new(), Arc::new(spec(orders())));
    let mut old = open(&folder, &first).unwrap();
    copy(&mut old, &first, 1, &[(1, None)]).unwrap();
    write_chunk(&mut old, &first, 2, &batches(&[(2, None)])).unwrap();
    let mut new = open(&folder, &next_attempt(&first)).unwrap();
    assert!(matches!(old.commit(), Err(DestinationError::Fenced)));
    old.rollback();
    assert!(matches!(open(&folder, &first), Err(DestinationError::Fenced)));
    copy(&mut new, &first, 2, &[(2, Some("new"))]).unwrap();
    assert_eq!(rows(&new), ["1 NULL", "2 new"]);
}

#[test]
fn another_jobs_folder_is_left_alone() {
    let (folder, first) = (Folder::new(), Arc::new(spec(orders())));
    let mut destination = open(&folder, &first).unwrap();
    copy(&mut destination, &first, 1, &[(1, None)]).unwrap();
    let refusal = open(&folder, &Arc::new(spec(orders()))).map(drop).unwrap_err().to_string();
    assert!(refusal.contains("move it away"), "{refusal}");
    std::fs::remove_file(destination.folder.path().join(LEDGER)).unwrap();
    assert!(open(&folder, &first).is_err());
    assert_eq!(rows(&destination), ["1 NULL"]);
}

#[test]
fn what_the_system_refuses_names_the_path() {
    let (folder, spec) = (Folder::new(), Arc::new(spec(orders())));
    std::fs::write(folder.join("file"), "").unwrap();
    let settings = ParquetSettings { path: folder.join("file/below"), batch_rows: None, batch_bytes: None };
    let refusal =
        ParquetDestination::open(&settings, &spec, &mut Session::new(MEMORY), &Interrupts::default());
    assert!(refusal.map(drop).unwrap_err().to_string().contains("file/below"));
}

#[test]
fn readers_are_pointed_at_the_job_that_replaced_the_others() {
    let folder = Folder::new();
    let current = |destination: &ParquetDestination| {
        let link = destination.folder.path().parent().unwrap().join("current");
        std::fs::read_link(link).ok().map(|to| to.to_str().unwrap().to_owned())
    };
    let replacing =
        |job| Arc::new(CopySpec { job_id: JobId(job), write_mode: WriteMode::Replace, ..spec(orders()) });
    let (first, second) = (replacing(7), replacing(8));
    let mut one = open(&folder, &first).unwrap();
    copy(&mut one, &first, 1, &[(1, None)]).unwrap();
    assert_eq!(current(&one), None);
    one.finish().unwrap();
    assert_eq!(current(&one).unwrap(), "job-7");
    let mut two = open(&folder, &second).unwrap();
    copy(&mut two, &second, 1, &[(2, None)]).unwrap();
    let _later = open(&folder, &next_attempt(&second)).unwrap();
    assert!(matches!(two.finish(), Err(DestinationError::Fenced)));
    assert_eq!(current(&two).unwrap(), "job-7");
    let mut two = open(&folder, &next_attempt(&next_attempt(&second))).unwrap();
    two.finish().unwrap();
    assert_eq!(current(&two).unwrap(), "job-8");
    // The first job's end was not noted: it is taken up again, and has nothing left to do.
    open(&folder, &next_attempt(&first)).unwrap().finish().unwrap();
    assert_eq!(current(&two).unwrap(), "job-8");
    assert_eq!(files(two.folder.path().parent().unwrap()).len(), 3, "two jobs and the link");
}

#[test]
fn a_folder_in_the_links_place_is_not_touched() {
    let (folder, spec) =
        (Folder::new(), Arc::new(CopySpec { write_mode: WriteMode::Replace, ..spec(orders()) }));
    let mut destination = open(&folder, &spec).unwrap();
    let current = destination.folder.path().parent().unwrap().join("current");
    std::fs::create_dir(&current).unwrap();
    copy(&mut destination, &spec, 1, &[(1, None)]).unwrap();
    assert!(destination.finish().unwrap_err().to_string().contains("it is no link"));
    assert!(current.is_dir());
}
