//! What a daemon's jobs hold in memory together. `docs/architecture.md` has the sum.
//!
//! Jobs take turns at what fills memory: a chunk for a columnar destination, and rows of megabytes.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::interrupt::{Interrupts, Stopped};

const MIB: u64 = 1 << 20;

/// Bytes from which on a row is wide.
pub(crate) const WIDE_ROW: usize = 1 << 20;

/// Bytes of wide rows that a job may hold before it reads another one. A chunk that is kept whole is smaller.
const MOST_WIDE: u64 = 40 * MIB;

/// How long a job waits for its turn at wide rows. It may have rows of the same chunk at its destinations already, and
/// the job before it may wait for just these: better too much memory than no end.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often who waits looks whether its job is to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// Jobs with a columnar destination that have a chunk at hand at the same time.
const COLUMNAR_AT_ONCE: usize = 2;

/// Memory of a job's DuckDB: while it has a chunk at hand, or one of wide rows, and while it waits for its turn. What
/// is more goes into a private folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DuckDbMemory {
    pub(crate) at_work: u64,
    pub(crate) at_wide_rows: u64,
    pub(crate) at_rest: u64,
}

impl DuckDbMemory {
    /// Enough for a chunk of a columnar destination, or for a row of some ten megabytes.
    pub(crate) const DEFAULT: Self = Self { at_work: 128 * MIB, at_wide_rows: 384 * MIB, at_rest: 8 * MIB };
}

/// What a daemon's jobs share.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    /// For each job's DuckDB.
    pub(crate) duckdb: DuckDbMemory,
    /// Turns at a chunk for a columnar destination.
    pub(crate) columnar: Turns,
    /// Turns at wide rows. Who waits for one may have a columnar turn, never the other way round.
    pub(crate) wide: Turns,
}

impl Memory {
    /// For a daemon with all its turns to give.
    pub(crate) fn new() -> Self {
        let columnar = Turns::new(COLUMNAR_AT_ONCE, None);
        Self { duckdb: DuckDbMemory::DEFAULT, columnar, wide: Turns::new(1, Some(PATIENCE)) }
    }
}

/// Turns of a daemon's jobs, in the order in which they ask.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How many jobs may have their turn at the same time.
    places: usize,
    /// How long a job waits at most.
    patience: Option<Duration>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Who asked; the first ones have their turn.
    queue: VecDeque<u64>,
    next: u64,
    /// Bytes of the wide rows that are held.
    held: u64,
}

/// A job's turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    shared: Arc<Shared>,
    number: u64,
}

/// The right to hold a wide row, until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    turn: Arc<Turn>,
    bytes: u64,
}

impl Turns {
    fn new(places: usize, patience: Option<Duration>) -> Self {
        Self(Arc::new(Shared { places, patience, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Waits for a turn.
    pub(crate) fn wait(&self, interrupts: &Interrupts) -> Result<Arc<Turn>, Stopped> {
        let number = {
            let mut state = self.0.state();
            let number = state.next;
            state.next += 1;
            state.queue.push_back(number);
            number
        };
        // Gives the place up should the job be stopped.
        let turn = Turn { shared: self.0.clone(), number };
        let is_first = |state: &State| state.queue.iter().take(self.0.places).any(|first| *first == number);
        drop(self.0.wait_until(interrupts, is_first)?);
        Ok(Arc::new(turn))
    }
}

impl Turn {
    /// Waits until a row of `bytes` may be held besides those that the job holds already.
    pub(crate) fn hold(self: &Arc<Self>, bytes: u64, interrupts: &Interrupts) -> Result<Hold, Stopped> {
        self.shared.wait_until(interrupts, |state| state.held <= MOST_WIDE)?.held += bytes;
        Ok(Hold { turn: self.clone(), bytes })
    }
}

impl Hold {
    /// The turn that it belongs to.
    pub(crate) fn turn(&self) -> &Arc<Turn> {
        &self.turn
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(
        &self,
        interrupts: &Interrupts,
        is_so: impl Fn(&State) -> bool,
    ) -> Result<MutexGuard<'_, State>, Stopped> {
        let deadline = self.patience.map(|patience| Instant::now() + patience);
        let mut state = self.state();
        while !is_so(&state) && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            if interrupts.fired() {
                return Err(Stopped);
            }
            state = self.changed.wait_timeout(state, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(state)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.state().queue.retain(|number| *number != self.number);
        self.shared.changed.notify_all();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.turn.shared.state();
        state.held -= self.bytes;
        drop(state);
        self.turn.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn jobs_take_turns_and_can_be_stopped_while_they_wait() {
        let (turns, interrupts) = (Turns::new(1, None), Interrupts::default());
        let first = turns.wait(&interrupts).unwrap();
        let stopped = Interrupts::default();
        stopped.fire();
        assert!(turns.wait(&stopped).is_err());
        let second = {
            let turns = turns.clone();
            thread::spawn(move || turns.wait(&Interrupts::default()).map(drop))
        };
        while turns.0.state().queue.len() < 2 {
            thread::yield_now();
        }
        assert!(!second.is_finished());
        drop(first);
        second.join().unwrap().unwrap();
    }

    #[test]
    fn a_row_may_be_held_once_the_ones_before_are_gone() {
        let (turns, interrupts) = (Turns::new(1, None), Interrupts::default());
        let turn = turns.wait(&interrupts).unwrap();
        let large = turn.hold(MOST_WIDE + 1, &interrupts).unwrap();
        let stopped = Interrupts::default();
        stopped.fire();
        assert!(turn.hold(1, &stopped).is_err());
        drop(large);
        turn.hold(1, &interrupts).unwrap();
    }
}
