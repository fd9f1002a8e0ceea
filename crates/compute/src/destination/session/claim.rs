//! One job at a time for a database file.
//!
//! DuckDB locks its files against other processes, but such locks don't hold within one process: two instances in it
//! would both open the file, and destroy it.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{destination::DestinationError, interrupt::Interrupts};

/// The files that jobs of this process have open.
static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
static FREED: Condvar = Condvar::new();

/// How often a waiting job looks whether it is to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// How long a job waits that holds another file.
const A_WHILE: Duration = Duration::from_secs(60);

/// The right to open a file, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim(PathBuf);

impl Claim {
    /// Waits until no other job has the file.
    pub(super) fn wait(path: PathBuf, interrupts: &Interrupts) -> Result<Self, DestinationError> {
        Self::wait_until(path, None, interrupts)
    }

    /// The same, but gives up after a while.
    pub(super) fn wait_a_while(path: PathBuf, interrupts: &Interrupts) -> Result<Self, DestinationError> {
        Self::wait_until(path, Some(Instant::now() + A_WHILE), interrupts)
    }

    fn wait_until(
        path: PathBuf,
        deadline: Option<Instant>,
        interrupts: &Interrupts,
    ) -> Result<Self, DestinationError> {
        let mut claimed = claimed();
        while claimed.contains(&path) {
            if interrupts.fired() {
                return Err(DestinationError::Stopped(format!(
                    "{}, which another job writes",
                    path.display()
                )));
            }
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                let error = io::Error::new(io::ErrorKind::ResourceBusy, "another job writes the file");
                return Err(DestinationError::Io { path, error });
            }
            claimed = FREED.wait_timeout(claimed, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        claimed.insert(path.clone());
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        claimed().remove(&self.0);
        FREED.notify_all();
    }
}

fn claimed() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    CLAIMED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_second_job_waits_and_can_be_stopped() {
        let path = || PathBuf::from("/claimed/by/a/test");
        let held = Claim::wait(path(), &Interrupts::default()).unwrap();
        let interrupts = Interrupts::default();
        interrupts.fire();
        assert!(matches!(Claim::wait(path(), &interrupts), Err(DestinationError::Stopped(_))));
        let second = thread::spawn(move || Claim::wait(path(), &Interrupts::default()).map(drop));
        thread::sleep(GLANCE);
        assert!(!second.is_finished());
        drop(held);
        second.join().unwrap().unwrap();
    }
}
