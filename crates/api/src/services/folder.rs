//! Tests of destinations that are files, as the host of the API sees them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use backfill_domain::connection_test::DestinationTest;
use uuid::Uuid;

/// What each finding ends with: the daemons that write may run on other hosts.
const SEEN_FROM: &str = "as the API's host sees it; what counts is the host of the daemons";

/// Where a DuckDB file has its mark, and the mark.
const DUCKDB_MARK_AT: u64 = 8;
const DUCKDB_MARK: &[u8; 4] = b"DUCK";

/// Tests whether Parquet files could be written below `folder`.
pub(crate) fn probe_folder(folder: &Path) -> DestinationTest {
    result(check_folder(folder))
}

/// Tests whether a DuckDB database could be written at `file`.
pub(crate) fn probe_duckdb(file: &Path) -> DestinationTest {
    let parent = file.parent().unwrap_or(Path::new("/"));
    result(check_folder(parent).and_then(|()| check_duckdb(file)))
}

fn result(checked: Result<(), String>) -> DestinationTest {
    let missing: Vec<_> = checked.err().map(|why| format!("{why} ({SEEN_FROM})")).into_iter().collect();
    DestinationTest { reachable: missing.is_empty(), version: None, missing }
}

/// Checks that `folder`, or the nearest folder above it that exists, can be written to.
fn check_folder(folder: &Path) -> Result<(), String> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    if !existing.is_dir() {
        return Err(format!("{} is no folder", existing.display()));
    }
    try_write(existing)
        .map_err(|error| format!("folder {} cannot be written to: {error}", existing.display()))
}

/// Only an attempt tells: permission bits don't know of read-only mounts.
fn try_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".backfill-test-{}", Uuid::new_v4()));
    OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)
}

fn check_duckdb(file: &Path) -> Result<(), String> {
    let shown = file.display();
    if !file.exists() {
        return Ok(());
    }
    if !file.is_file() {
        return Err(format!("{shown} is no file"));
    }
    match has_duckdb_mark(file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("{shown} exists and is no DuckDB database")),
        Err(error) => Err(format!("{shown} cannot be opened for writing: {error}")),
    }
}

fn has_duckdb_mark(path: &Path) -> io::Result<bool> {
    let mut file: File = OpenOptions::new().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(DUCKDB_MARK_AT))?;
    let mut mark = [0; DUCKDB_MARK.len()];
    match file.read_exact(&mut mark) {
        Ok(()) => Ok(&mark == DUCKDB_MARK),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
