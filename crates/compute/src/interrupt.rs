//! Ways to stop what a job's threads are running, from outside of them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use backfill_pg::CancelHandle;

type Interrupt = Box<dyn Fn() + Send>;

/// The job is being stopped.
#[derive(Debug, thiserror::Error)]
#[error("stopped while it waited")]
pub(crate) struct Stopped;

/// What a job's connections run can be interrupted through this. Clones share one list.
#[derive(Clone, Default)]
pub(crate) struct Interrupts {
    interrupts: Arc<Mutex<Vec<Interrupt>>>,
    fired: Arc<AtomicBool>,
}

impl Interrupts {
    /// Adds a way to interrupt one connection. It may be called often, from any thread, and whatever runs.
    pub(crate) fn add(&self, interrupt: impl Fn() + Send + 'static) {
        self.interrupts.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(interrupt));
    }

    /// Adds a connection to a PostgreSQL: what it runs is cancelled.
    pub(crate) fn add_postgres(&self, handle: CancelHandle) {
        self.add(move || cancel(&handle));
    }

    /// Interrupts every connection.
    pub(crate) fn fire(&self) {
        self.fired.store(true, Ordering::Release);
        self.interrupts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .for_each(|interrupt| interrupt());
    }

    /// Whether the job is being stopped: what waits for something should give up.
    pub(crate) fn fired(&self) -> bool {
        self.fired.load(Ordering::Acquire)
    }
}

/// Asks a PostgreSQL to cancel what a connection runs. One that cannot be asked has lost the connection as well.
pub(crate) fn cancel(handle: &CancelHandle) {
    if let Err(error) = handle.cancel() {
        log::debug!("cannot cancel a query: {error}");
    }
}
