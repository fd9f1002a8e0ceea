//! Ways to stop what a job's threads are running, from outside of them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

type Interrupt = Box<dyn Fn() + Send>;

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
