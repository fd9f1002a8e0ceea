//! What a daemon's jobs hold in memory together. `docs/architecture.md` has the sum.
//!
//! Jobs take turns at what fills memory: a chunk for a columnar destination, and rows of megabytes.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use backfill_domain::{id::JobId, waiting::WaitReason};

use crate::{
    interrupt::{Interrupts, Stopped},
    standing::{Standing, Waiting},
};

const MIB: u64 = 1 << 20;

/// Bytes from which on a row is wide.
pub(crate) const WIDE_ROW: usize = 1 << 20;

/// Bytes of wide rows that a job may hold before it reads another one. A chunk that is kept whole is smaller.
const MOST_WIDE: u64 = 40 * MIB;

/// How long a job waits for its turn at wide rows. It may have rows of the same chunk at its destinations already, and
/// the job before it may wait for just these: better too much memory than no end.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a job waits for its turn at a first row, of whose width it knows nothing, behind one that knows no more: that
/// may wait for a source that takes its time.
const CURIOSITY: Duration = Duration::from_secs(10);

/// How often who waits looks whether its job is to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// Chunks for columnar destinations that a job has at hand at the same time, on two lanes, while no other job waits.
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

    /// As `job` takes part in it.
    pub(crate) fn of(&self, job: JobId) -> Self {
        let turns = |turns: &Turns| Turns { shared: turns.shared.clone(), job: Some(job) };
        Self { duckdb: self.duckdb, columnar: turns(&self.columnar), wide: turns(&self.wide) }
    }
}

/// Turns of a daemon's jobs, in the order in which they ask: one job has its turn at a time.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    shared: Arc<Shared>,
    /// Who asks.
    job: Option<JobId>,
}

#[derive(Debug)]
struct Shared {
    /// How many turns a job may have at the same time.
    places: usize,
    /// How long a job waits at most.
    patience: Option<Duration>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Who asked.
    queue: VecDeque<Asked>,
    next: u64,
    /// Whose turn has turned out to be at wide rows.
    wide: Vec<u64>,
    /// Bytes of the wide rows that are held.
    held: u64,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy)]
struct Asked {
    number: u64,
    job: Option<JobId>,
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
        let shared = Shared { places, patience, state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), job: None }
    }

    /// Waits for a turn.
    pub(crate) fn wait(&self, interrupts: &Interrupts) -> Result<Arc<Turn>, Stopped> {
        let turn = self.ask();
        drop(self.shared.wait_until(self.shared.patience, interrupts, |state| {
            self.shared.is_first(state, turn.number)
        })?);
        Ok(Arc::new(turn))
    }

    /// Waits for a turn at what has to be done with it or without: for a while, and not if the job is to stop.
    pub(crate) fn wait_a_while(&self, interrupts: &Interrupts) -> Turn {
        let turn = self.ask();
        let is_first = |state: &State| self.shared.is_first(state, turn.number);
        drop(self.shared.wait_until(Some(CURIOSITY), interrupts, is_first));
        turn
    }

    /// Waits for a turn at a row that may turn out to be wide: until no job before is at wide ones, for all that is known. No
    /// other job waits for who looks, since it has no row of its chunk yet.
    fn look(&self, interrupts: &Interrupts) -> Result<Arc<Turn>, Stopped> {
        let turn = self.ask();
        let mut seen = Instant::now();
        let may_look = |state: &State| {
            if state.queue.front().is_some_and(|first| state.wide.contains(&first.number)) {
                seen = Instant::now();
            }
            self.shared.is_first(state, turn.number) || seen.elapsed() > CURIOSITY
        };
        drop(self.shared.wait_until(None, interrupts, may_look)?);
        Ok(Arc::new(turn))
    }

    /// A place in the queue, which is given up should the job be stopped.
    fn ask(&self) -> Turn {
        let mut state = self.shared.state();
        let number = state.next;
        state.next += 1;
        state.queue.push_back(Asked { number, job: self.job });
        Turn { shared: self.shared.clone(), number }
    }
}

/// What a job knows of its rows' width.
#[derive(Clone)]
pub(crate) struct Widths {
    turns: Turns,
    interrupts: Interrupts,
    standing: Standing,
    /// Whether rows were seen, and none of them wide.
    are_narrow: Arc<AtomicBool>,
}

impl Widths {
    /// Of a job that takes part in `turns` at wide rows, can be stopped through `interrupts`, and says in `standing` what
    /// it waits for.
    pub(crate) fn new(turns: Turns, interrupts: Interrupts, standing: Standing) -> Self {
        Self { turns, interrupts, standing, are_narrow: Arc::default() }
    }

    fn wait(&self) -> Waiting {
        self.standing.wait(WaitReason::Memory, "another job of its daemon has wide rows at hand")
    }

    /// Waits until a chunk may be asked for, whose first row is in memory before its width is known.
    pub(crate) fn chunk(&self) -> Result<WideRows, Stopped> {
        let may_be_wide = !self.are_narrow.load(Ordering::Relaxed);
        let _waiting = self.wait();
        let turn = may_be_wide.then(|| self.turns.look(&self.interrupts)).transpose()?;
        Ok(WideRows { widths: self.clone(), turn, is_wide: false })
    }
}

/// A chunk's way to hold wide rows: each is a batch of its own, and belongs to the job's turn.
pub(crate) struct WideRows {
    widths: Widths,
    turn: Option<Arc<Turn>>,
    is_wide: bool,
}

impl WideRows {
    /// A narrow row came: as long as that is all that come, the job needs no turn.
    pub(crate) fn note_narrow(&mut self) {
        if !self.is_wide && self.turn.take().is_some() {
            self.widths.are_narrow.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until the job may hold a row of so many bytes.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<Hold, Stopped> {
        let _waiting = self.widths.wait();
        let Widths { turns, interrupts, are_narrow, .. } = &self.widths;
        self.is_wide = true;
        are_narrow.store(false, Ordering::Relaxed);
        let turn = self.turn.get_or_insert_with(|| Arc::new(turns.ask()));
        turn.hold(bytes as u64, interrupts)
    }
}

impl Turn {
    /// Waits for the turn, and until a row of `bytes` may be held besides those that the job holds already.
    pub(crate) fn hold(self: &Arc<Self>, bytes: u64, interrupts: &Interrupts) -> Result<Hold, Stopped> {
        let Shared { patience, .. } = *self.shared;
        let may_hold = |state: &State| self.shared.is_first(state, self.number) && state.held <= MOST_WIDE;
        let mut state = self.shared.wait_until(patience, interrupts, may_hold)?;
        state.held += bytes;
        if !state.wide.contains(&self.number) {
            state.wide.push(self.number);
        }
        drop(state);
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

    /// Whether it is the turn of who asked as `number`: the first in the queue, and those right behind who ask for the same job.
    fn is_first(&self, state: &State, number: u64) -> bool {
        let Some(first) = state.queue.front() else { return false };
        let has_turn =
            |asked: &&Asked| asked.number == first.number || (asked.job.is_some() && asked.job == first.job);
        state.queue.iter().take(self.places).take_while(has_turn).any(|asked| asked.number == number)
    }

    fn wait_until(
        &self,
        patience: Option<Duration>,
        interrupts: &Interrupts,
        mut is_so: impl FnMut(&State) -> bool,
    ) -> Result<MutexGuard<'_, State>, Stopped> {
        let deadline = patience.map(|patience| Instant::now() + patience);
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
        let mut state = self.shared.state();
        state.queue.retain(|asked| asked.number != self.number);
        state.wide.retain(|number| *number != self.number);
        drop(state);
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
        while turns.shared.state().queue.len() < 2 {
            thread::yield_now();
        }
        assert!(!second.is_finished());
        drop(first);
        second.join().unwrap().unwrap();
    }

    #[test]
    fn a_job_has_two_turns_while_no_other_one_waits() {
        let (memory, interrupts) = (Memory::new(), Interrupts::default());
        let ask = |job| memory.of(JobId(job)).columnar.ask();
        let has_turn = |turn: &Turn| turn.shared.is_first(&turn.shared.state(), turn.number);
        let (one, two, of_another, three) = (ask(1), ask(1), ask(2), ask(1));
        assert!(has_turn(&one) && has_turn(&two) && !has_turn(&of_another));
        drop(one);
        assert!(has_turn(&two) && !has_turn(&of_another) && !has_turn(&three));
        drop(two);
        assert!(has_turn(&of_another) && !has_turn(&three));
        drop(of_another);
        assert!(memory.of(JobId(1)).columnar.wait(&interrupts).is_ok() && has_turn(&three));
    }

    #[test]
    fn who_knows_nothing_of_its_rows_waits_for_wide_ones_and_not_for_narrow_ones() {
        let (turns, interrupts) = (Turns::new(1, None), Interrupts::default());
        let widths = || Widths::new(turns.clone(), interrupts.clone(), Standing::default());
        let narrow = widths();
        narrow.chunk().unwrap().note_narrow();
        let (mut wide, looking) = (widths().chunk().unwrap(), widths());
        let row = wide.hold(WIDE_ROW).unwrap();
        // It needs no turn any more.
        assert!(narrow.chunk().unwrap().turn.is_none());
        let waiting = thread::spawn(move || looking.chunk().map(|chunk| chunk.turn.is_some()));
        while turns.shared.state().queue.len() < 2 {
            thread::yield_now();
        }
        assert!(!waiting.is_finished());
        drop((row, wide));
        assert!(waiting.join().unwrap().unwrap());
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
