//! The DuckDB in which a job's columnar destinations work.

mod claim;
mod file;
mod folder;
mod stage;
mod staged;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod values;

use std::{
    ops::Deref,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use duckdb::{Config, Connection};

use self::{claim::Claim, folder::PrivateFolder};
pub(super) use self::{
    file::DatabaseFile,
    stage::{Stage, append},
};
use super::{CopySpec, DestinationError};
use crate::{
    interrupt::Interrupts,
    memory::{DuckDbMemory, Turns},
};

/// Threads that a job's DuckDB runs queries with, besides those that ask. A second one costs more work than it saves
/// time: a chunk is small, and destinations and jobs work beside each other.
const THREADS: i64 = 1;

/// A job's own DuckDB, in memory, opened when a destination first asks for it. No secret ever enters it.
pub(crate) struct Session {
    memory: DuckDbMemory,
    /// At which it is closed.
    closing: Option<(Turns, Interrupts)>,
    instance: Option<Arc<Instance>>,
    files: Vec<Arc<DatabaseFile>>,
}

impl Session {
    /// A session that keeps within `memory`.
    pub(crate) fn new(memory: DuckDbMemory) -> Self {
        Self { memory, closing: None, instance: None, files: Vec::new() }
    }

    /// Has it close its files in turn with other jobs. What is only in a file's log then goes into its tables and
    /// indexes, which takes as much memory as a chunk.
    pub(crate) fn closing_in(mut self, turns: Turns, interrupts: Interrupts) -> Self {
        self.closing = Some((turns, interrupts));
        self
    }

    /// Whether a destination has asked for it.
    pub(crate) fn is_open(&self) -> bool {
        self.instance.is_some()
    }

    /// A connection of its own for a destination; what runs on it can be stopped through `interrupts`.
    pub(crate) fn connect(&mut self, interrupts: &Interrupts) -> Result<SessionConnection, DestinationError> {
        SessionConnection::open(self.instance()?, interrupts)
    }

    /// A stage for the rows of a job.
    pub(crate) fn stage(
        &mut self,
        spec: &CopySpec,
        interrupts: &Interrupts,
    ) -> Result<Stage, DestinationError> {
        Stage::new(self.connect(interrupts)?, spec)
    }

    /// Attaches a database file, made when absent. A file belongs to one job of the process at a time: another job
    /// waits here until that one has let go of it, or until it is itself stopped.
    pub(crate) fn attach(
        &mut self,
        path: &str,
        interrupts: &Interrupts,
    ) -> Result<Arc<DatabaseFile>, DestinationError> {
        let path = file::resolved(path)?;
        if let Some(file) = self.files.iter().find(|file| file.path() == path) {
            return Ok(Arc::clone(file));
        }
        let claim = self.claim(path, interrupts)?;
        let alias = format!("file_{}", self.files.len());
        let file = Arc::new(DatabaseFile::attach(self.instance()?, alias, claim, interrupts)?);
        self.files.push(Arc::clone(&file));
        Ok(file)
    }

    /// A job that holds a file already waits for a second one for a while only: the other job may be waiting for the
    /// first, and nothing would ever end it.
    fn claim(&self, path: PathBuf, interrupts: &Interrupts) -> Result<Claim, DestinationError> {
        if self.files.is_empty() {
            Claim::wait(path, interrupts)
        } else {
            Claim::wait_a_while(path, interrupts)
        }
    }

    fn instance(&mut self) -> Result<Arc<Instance>, DestinationError> {
        match &self.instance {
            Some(instance) => Ok(Arc::clone(instance)),
            None => Ok(Arc::clone(self.instance.insert(Arc::new(Instance::open(self.memory)?)))),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let closing = self.closing.as_ref().filter(|_| self.instance.is_some());
        let _turn = closing.map(|(turns, interrupts)| turns.wait_a_while(interrupts));
        self.files.clear();
        self.instance = None;
    }
}

/// A DuckDB, with what must outlast it: it is closed, and its files with it, when the last connection has gone; only
/// then may others open the files, and the folder for what its memory does not hold be removed.
struct Instance {
    root: Mutex<Connection>,
    claims: Mutex<Vec<Claim>>,
    memory: DuckDbMemory,
    /// How many destinations have a chunk at hand.
    at_work: Mutex<usize>,
    _spill: PrivateFolder,
}

impl Instance {
    fn open(memory: DuckDbMemory) -> Result<Self, DestinationError> {
        let spill = PrivateFolder::new()?;
        let config = Config::default()
            .enable_autoload_extension(false)?
            .with("autoinstall_known_extensions", "false")?
            .with("temp_directory", spill.path().to_string_lossy())?
            .max_memory(&format!("{}B", memory.at_work))?
            .threads(THREADS)?;
        let root = Connection::open_in_memory_with_flags(config)?;
        staged::register(&root)?;
        let root = Mutex::new(root);
        Ok(Self { root, claims: Mutex::default(), memory, at_work: Mutex::default(), _spill: spill })
    }

    /// Keeps the right to a file for as long as it may be open.
    fn keep(&self, claim: Claim) {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).push(claim);
    }

    /// Has a destination begin a chunk, or end it. Once none is at work, what DuckDB remembers of its files goes.
    fn work(&self, begins: bool) -> Result<(), DestinationError> {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *at_work;
        *at_work = if begins { before + 1 } else { before.saturating_sub(1) };
        let limit = match (before, *at_work) {
            (0, 1) => self.memory.at_work,
            (1, 0) => self.memory.at_rest,
            _ => return Ok(()),
        };
        self.limit(limit)
    }

    /// Gives DuckDB room for rows of megabytes, until it rests.
    fn make_room(&self) -> Result<(), DestinationError> {
        self.limit(self.memory.at_wide_rows)
    }

    fn limit(&self, bytes: u64) -> Result<(), DestinationError> {
        Ok(self.root().execute_batch(&format!("SET memory_limit = '{bytes}B'"))?)
    }

    fn root(&self) -> MutexGuard<'_, Connection> {
        self.root.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that keeps its DuckDB open.
pub(crate) struct SessionConnection {
    connection: Connection,
    instance: Arc<Instance>,
    interrupts: Interrupts,
}

impl SessionConnection {
    fn open(instance: Arc<Instance>, interrupts: &Interrupts) -> Result<Self, DestinationError> {
        let connection = instance.root().try_clone()?;
        let handle = connection.interrupt_handle();
        interrupts.add(move || handle.interrupt());
        Ok(Self { connection, instance, interrupts: interrupts.clone() })
    }

    /// What opens one more of the same DuckDB, in another thread.
    pub(super) fn another(&self) -> impl FnOnce() -> Result<Self, DestinationError> + Send + use<> {
        let (instance, interrupts) = (Arc::clone(&self.instance), self.interrupts.clone());
        move || Self::open(instance, &interrupts)
    }
}

impl Deref for SessionConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}
