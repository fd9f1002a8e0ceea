//! A DuckDB file that a job has open.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use backfill_domain::sql::duckdb_literal;
use duckdb::Connection;

use super::{Instance, claim::Claim};
use crate::{destination::DestinationError, interrupt::Interrupts};

/// How long to try for a file that another program has open. Tools open files for the length of a query.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

/// The part of DuckDB's memory that a file's indexes may take until it is opened anew. DuckDB keeps every part of an
/// index that it has touched, until it cannot go on; a part that is not loaded costs nothing, and a backfill does not
/// come back to it.
const LARGE_INDEXES: u64 = 4;

/// An attached database file.
pub(crate) struct DatabaseFile {
    instance: Arc<Instance>,
    alias: String,
    path: PathBuf,
}

impl DatabaseFile {
    pub(super) fn attach(
        instance: Arc<Instance>,
        alias: String,
        claim: Claim,
        interrupts: &Interrupts,
    ) -> Result<Self, DestinationError> {
        let path = claim.path().to_owned();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let attached = attach(&instance.root(), &path, &alias)?;
            match attached {
                Ok(()) => break,
                Err(error) if !is_locked(&error) => return Err(error.into()),
                Err(_) if interrupts.fired() => {
                    return Err(DestinationError::Stopped(path.display().to_string()));
                }
                Err(_) if Instant::now() > deadline => return Err(open_elsewhere(&path)),
                Err(_) => thread::sleep(PAUSE),
            }
        }
        instance.keep(claim);
        Ok(Self { instance, alias, path })
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name under which SQL knows it.
    pub(crate) fn alias(&self) -> &str {
        &self.alias
    }

    /// Frees the memory of the file's indexes where they have become large. No transaction may be open meanwhile: not
    /// for a file that two destinations of a job share.
    pub(crate) fn shrink(self: &Arc<Self>) -> Result<(), DestinationError> {
        // One for the session, one for the destination that asks.
        let is_shared = Arc::strong_count(self) > 2;
        let large = self.instance.memory.at_work / LARGE_INDEXES;
        if is_shared || index_memory(&self.instance.root())? < large { Ok(()) } else { self.reopen() }
    }

    fn reopen(&self) -> Result<(), DestinationError> {
        let root = self.instance.root();
        root.execute_batch(&format!("CHECKPOINT {alias}; DETACH {alias}", alias = self.alias))?;
        Ok(attach(&root, &self.path, &self.alias)??)
    }
}

fn attach(root: &Connection, path: &Path, alias: &str) -> Result<duckdb::Result<()>, DestinationError> {
    let path =
        path.to_str().ok_or_else(|| io_error(path, io::Error::from(io::ErrorKind::InvalidFilename)))?;
    // The type is named, for DuckDB would take other databases' files as such.
    Ok(root.execute_batch(&format!("ATTACH {} AS {alias} (TYPE duckdb)", duckdb_literal(path))))
}

fn index_memory(root: &Connection) -> duckdb::Result<u64> {
    let sql =
        "SELECT coalesce(sum(memory_usage_bytes), 0)::UBIGINT FROM duckdb_memory() WHERE tag = 'ART_INDEX'";
    root.query_row(sql, [], |row| row.get(0))
}

fn is_locked(error: &duckdb::Error) -> bool {
    error.to_string().contains("Could not set lock on file")
}

fn open_elsewhere(path: &Path) -> DestinationError {
    let reason = "another program has the file open: close it there and start a new job";
    io_error(path, io::Error::new(io::ErrorKind::ResourceBusy, reason))
}

fn io_error(path: &Path, error: io::Error) -> DestinationError {
    DestinationError::Io { path: path.to_owned(), error }
}

/// The one path of a file by whatever path it is given, its folders made where absent.
pub(super) fn resolved(path: &str) -> Result<PathBuf, DestinationError> {
    let path = Path::new(path);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io_error(path, io::Error::from(io::ErrorKind::IsADirectory)));
    };
    fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = fs::canonicalize(folder).map_err(|error| io_error(folder, error))?;
            Ok(folder.join(name))
        }
        resolved => resolved.map_err(|error| io_error(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::destination::{
        Session,
        session::testing::{Folder, MEMORY},
    };

    #[test]
    fn a_file_has_one_path_by_whatever_path_it_is_given() {
        let folder = Folder::new();
        let file = folder.join("a/file.duckdb");
        let absent = resolved(&file).unwrap();
        fs::write(&file, "").unwrap();
        symlink(folder.join("a"), folder.join("b")).unwrap();
        symlink(&file, folder.join("link")).unwrap();
        for path in ["a/file.duckdb", "a/./file.duckdb", "b/file.duckdb", "link"] {
            assert_eq!(resolved(&folder.join(path)).unwrap(), absent, "{path}");
        }
        assert!(resolved("/").is_err());
    }

    #[test]
    fn a_reopened_file_is_as_it_was_for_every_connection() {
        let (folder, interrupts, mut session) = (Folder::new(), Interrupts::default(), Session::new(MEMORY));
        let file = session.attach(&folder.join("file"), &interrupts).unwrap();
        let connection = session.connect(&interrupts).unwrap();
        let table = format!("{}.main.t", file.alias());
        connection
            .execute_batch(&format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY); INSERT INTO {table} VALUES (1)"
            ))
            .unwrap();
        file.reopen().unwrap();
        connection.execute_batch(&format!("INSERT INTO {table} VALUES (2)")).unwrap();
        assert!(connection.execute_batch(&format!("INSERT INTO {table} VALUES (1)")).is_err());
    }
}
