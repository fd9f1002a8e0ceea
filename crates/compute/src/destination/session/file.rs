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
use crate::{destination::DestinationError, job::Interrupts};

/// How long to try for a file that another program has open. Tools open files for the length of a query.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

/// Memory of a file's indexes after which it is opened anew. DuckDB keeps every part of an index that it has touched,
/// until it cannot go on; a part that is not loaded costs nothing, and a backfill does not come back to it.
const LARGE_INDEXES: u64 = 64 << 20;

/// An attached database file. Dropped, it is brought up to date, so that no log stays beside it, and closed.
pub(crate) struct DatabaseFile {
    instance: Arc<Instance>,
    alias: String,
    claim: Claim,
}

impl DatabaseFile {
    pub(super) fn attach(
        instance: Arc<Instance>,
        alias: String,
        claim: Claim,
        interrupts: &Interrupts,
    ) -> Result<Self, DestinationError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let attached = attach(&instance.root(), claim.path(), &alias)?;
            match attached {
                Ok(()) => return Ok(Self { instance, alias, claim }),
                Err(error) if !is_locked(&error) => return Err(error.into()),
                Err(_) if interrupts.fired() => {
                    return Err(DestinationError::Stopped(claim.path().display().to_string()));
                }
                Err(_) if Instant::now() > deadline => return Err(open_elsewhere(claim.path())),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        self.claim.path()
    }

    /// The name under which SQL knows it.
    pub(crate) fn alias(&self) -> &str {
        &self.alias
    }

    /// Frees the memory of the file's indexes where they have become large. Nothing may use the file meanwhile: not
    /// for a file that two destinations of a job share.
    pub(crate) fn shrink(self: &Arc<Self>) -> Result<(), DestinationError> {
        // One for the session, one for the destination that asks.
        let is_shared = Arc::strong_count(self) > 2;
        let root = self.instance.root();
        if is_shared || index_memory(&root)? < LARGE_INDEXES {
            return Ok(());
        }
        root.execute_batch(&self.closing())?;
        Ok(attach(&root, self.path(), &self.alias)??)
    }

    fn closing(&self) -> String {
        format!("CHECKPOINT {alias}; DETACH {alias}", alias = self.alias)
    }
}

impl Drop for DatabaseFile {
    fn drop(&mut self) {
        if let Err(error) = self.instance.root().execute_batch(&self.closing()) {
            // Nothing is lost: what the log beside the file holds is taken in when it is next opened.
            log::warn!("{} could not be closed in order: {error}", self.path().display());
        }
    }
}

fn attach(root: &Connection, path: &Path, alias: &str) -> Result<duckdb::Result<()>, DestinationError> {
    let path = path.to_str().ok_or_else(|| io_error(path, io::Error::from(io::ErrorKind::InvalidFilename)))?;
    // The type is named, for DuckDB would take other databases' files as such.
    Ok(root.execute_batch(&format!("ATTACH {} AS {alias} (TYPE duckdb)", duckdb_literal(path))))
}

fn index_memory(root: &Connection) -> duckdb::Result<u64> {
    let sql = "SELECT coalesce(sum(memory_usage_bytes), 0)::UBIGINT FROM duckdb_memory() WHERE tag = 'ART_INDEX'";
    root.query_row(sql, [], |row| row.get(0))
}

fn is_locked(error: &duckdb::Error) -> bool {
    error.to_string().contains("Could not set lock on file")
}

fn open_elsewhere(path: &Path) -> DestinationError {
    let reason = "another program has the file open: close it there, then resume the job";
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
