//! The copy itself: one thread reads ahead, one thread a destination writes, and the job's thread conducts them.
//!
//! For each chunk: every destination takes its rows and proves that it holds them, and the queue is told the chunk's
//! range; then every destination commits; then the queue is told that the chunk is done. Whatever dies in between,
//! the next attempt reads the same range again for the destinations that had not committed it, and for no other.

use std::{
    sync::Arc,
    thread::{self, Scope, ScopedJoinHandle},
    time::{Duration, Instant},
};

use backfill_domain::{destination::Destination as StoredDestination, id::DestinationId, plan::Strategy};
use crossbeam_channel::{Receiver, RecvError, Sender, bounded, select, unbounded};

use super::{
    Control, JobContext, JobError, Stop,
    pace::Pace,
    writer::{Command, Reply, write},
};
use crate::{
    columnar::Aside,
    destination::{Destination, Watermark},
    failpoint::failpoint,
    interrupt::Interrupts,
    memory::Turn,
    queue::{Claim, Progress},
    source::{ChunkRange, Event, NextChunk, Reader, SourceError},
    wire::{Batch, Layout},
};

/// Batches that the reader may be ahead, and that may wait for a writer. A batch is about half a megabyte, or one row.
const READ_AHEAD: usize = 3;

/// Time between two interrupts of threads that are to end: one may have slipped between two statements.
const INTERRUPT_EVERY: Duration = Duration::from_millis(200);

/// How a copy ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The last chunk is committed everywhere.
    Completed,
    /// It was told to stop, and has.
    Stopped,
}

/// What every destination has committed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    /// Rows.
    pub(crate) rows: i64,
    /// Their bytes as the source sent them.
    pub(crate) bytes: i64,
}

/// What a copy works with.
pub(crate) struct Copy<'a> {
    pub(crate) context: &'a JobContext,
    pub(crate) claim: Claim,
    pub(crate) control: &'a Control,
    pub(crate) interrupts: &'a Interrupts,
    pub(crate) layout: Arc<Layout>,
    pub(crate) stored: &'a [StoredDestination],
    /// Which of them take a row again that they hold already.
    pub(crate) takes_changes: &'a [bool],
    pub(crate) source_name: &'a str,
    /// Whether rows or values may be set aside.
    pub(crate) sets_aside: bool,
    /// Whether a shutdown waits for the chunk at hand: not where that is the whole table.
    pub(crate) stops_between_chunks: bool,
}

impl Copy<'_> {
    /// Copies from chunk `next` on, beyond what is `done`, to every destination.
    pub(crate) fn run(
        &self,
        reader: Reader,
        next: NextChunk,
        done: Done,
        destinations: &mut [Box<dyn Destination>],
    ) -> Result<Ending, JobError> {
        thread::scope(|scope| {
            let (event_sender, events) = bounded(READ_AHEAD);
            let (reply_sender, replies) = unbounded();
            let mut threads = Vec::new();
            let reading = scope.spawn(move || reader.run(next, &event_sender));
            let mut writers = Vec::new();
            for (at, destination) in destinations.iter_mut().enumerate() {
                let watermark = destination.watermark();
                let (commands, thread) =
                    self.spawn_writer(scope, at, destination.as_mut(), reply_sender.clone());
                writers.push(Writer { commands, watermark });
                threads.push(thread);
            }
            drop(reply_sender);
            let pace = Pace::new(Instant::now());
            let mut conductor = Conductor { copy: self, writers, replies, done, pace, committed: None };
            let ended = conductor.run(&events);
            drop((conductor, events));
            self.end_threads(ended, reading, &threads)
        })
    }

    fn spawn_writer<'scope>(
        &self,
        scope: &'scope Scope<'scope, '_>,
        at: usize,
        destination: &'scope mut dyn Destination,
        replies: Sender<Reply>,
    ) -> (Sender<Command>, ScopedJoinHandle<'scope, ()>) {
        let (sender, commands) = bounded(READ_AHEAD);
        let layout = self.layout.clone();
        (sender, scope.spawn(move || write(at, destination, &layout, &commands, &replies)))
    }

    /// Waits for the threads, whose channels are closed. If the copy did not run to its end, what they run is
    /// interrupted until they notice.
    fn end_threads(
        &self,
        ended: Result<Ending, Halt>,
        reading: ScopedJoinHandle<'_, Result<(), SourceError>>,
        writing: &[ScopedJoinHandle<'_, ()>],
    ) -> Result<Ending, JobError> {
        let completed = matches!(ended, Ok(Ending::Completed));
        while !(reading.is_finished() && writing.iter().all(ScopedJoinHandle::is_finished)) {
            if !completed {
                self.interrupts.fire();
            }
            thread::sleep(if completed { Duration::from_millis(1) } else { INTERRUPT_EVERY });
        }
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match ended {
            Ok(ending) => Ok(ending),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::ReaderEnded) => Err(match read {
                Err(error) => JobError::Source { name: self.source_name.to_owned(), error },
                Ok(()) => JobError::Panicked,
            }),
        }
    }
}

/// Why the conductor stopped before the last chunk.
enum Halt {
    /// The reader is gone; its thread says why.
    ReaderEnded,
    /// Something else failed.
    Failed(JobError),
}

impl<E: Into<JobError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A destination's thread as the conductor sees it.
struct Writer {
    commands: Sender<Command>,
    watermark: Watermark,
}

/// Leads reader and writers through the chunks.
struct Conductor<'a> {
    copy: &'a Copy<'a>,
    writers: Vec<Writer>,
    replies: Receiver<Reply>,
    done: Done,
    pace: Pace,
    committed: Option<Committed>,
}

/// A chunk that every destination has committed and that the queue has not been told of.
struct Committed {
    number: i64,
    progress: Progress,
    rows: Vec<(DestinationId, i64)>,
}

/// The chunk at hand.
#[derive(Default)]
struct AtHand {
    /// The writers that have not committed it in an earlier attempt.
    writers: Vec<usize>,
    /// Those of them that take its rows.
    takers: Vec<usize>,
    /// Whether it brings rows that were copied before.
    catches_up: bool,
    rows: i64,
    bytes: i64,
    /// The job's turns at it, at wide rows among them: until the chunk is committed.
    turns: Vec<Arc<Turn>>,
}

impl AtHand {
    fn hold(&mut self, turn: Option<&Arc<Turn>>) {
        let is_new = |turn: &&Arc<Turn>| !self.turns.iter().any(|held| Arc::ptr_eq(held, turn));
        if let Some(turn) = turn.filter(is_new) {
            self.turns.push(turn.clone());
        }
    }
}

impl Conductor<'_> {
    /// Whatever ends the copy: what was committed by then counts.
    fn run(&mut self, events: &Receiver<Event>) -> Result<Ending, Halt> {
        let ended = self.conduct(events);
        let finished = self.finish_committed();
        let ending = ended?;
        finished.map(|()| ending)
    }

    fn conduct(&mut self, events: &Receiver<Event>) -> Result<Ending, Halt> {
        let mut chunk = AtHand::default();
        loop {
            match self.next_event(events)? {
                Event::Begin { number, strategy, turn } => {
                    if self.copy.control.stop().is_some() {
                        return Ok(Ending::Stopped);
                    }
                    chunk = self.begin(number, strategy, turn)?;
                }
                Event::Rows(batch) => {
                    self.write(&mut chunk, &batch)?;
                    // Now the writers have something to do meanwhile.
                    self.finish_committed()?;
                }
                Event::End { range, is_last } => {
                    self.finish_committed()?;
                    self.commit(&chunk, &range, is_last)?;
                    chunk.turns.clear();
                    if is_last {
                        return Ok(Ending::Completed);
                    }
                }
            }
        }
    }

    fn next_event(&mut self, events: &Receiver<Event>) -> Result<Event, Halt> {
        if events.is_empty() {
            self.finish_committed()?;
        }
        loop {
            select! {
                recv(events) -> event => return event.map_err(|_| Halt::ReaderEnded),
                recv(self.replies) -> reply => {
                    if let Ok(reply) = reply {
                        self.accept(reply)?;
                    }
                }
                recv(self.copy.control.channel()) -> stop => self.hear(stop)?,
            }
        }
    }

    fn begin(&mut self, number: i64, strategy: Strategy, turn: Option<Arc<Turn>>) -> Result<AtHand, Halt> {
        let behind = |(at, writer): (usize, &Writer)| (writer.watermark.chunk < number).then_some(at);
        let writers: Vec<_> = self.writers.iter().enumerate().filter_map(behind).collect();
        let catches_up = strategy == Strategy::CatchUp;
        self.tell(&writers, &Command::Begin { number, catches_up })?;
        let is_taker = |at: &usize| !catches_up || self.copy.takes_changes[*at];
        let takers = writers.iter().copied().filter(is_taker).collect();
        Ok(AtHand { writers, takers, catches_up, turns: turn.into_iter().collect(), rows: 0, bytes: 0 })
    }

    fn write(&mut self, chunk: &mut AtHand, batch: &Arc<Batch>) -> Result<(), Halt> {
        chunk.rows += batch.rows() as i64;
        chunk.bytes += batch.bytes().len() as i64;
        chunk.hold(batch.turn());
        self.tell(&chunk.takers, &Command::Write(batch.clone()))
    }

    fn commit(&mut self, chunk: &AtHand, range: &ChunkRange, is_last: bool) -> Result<(), Halt> {
        let Copy { context, claim, stored, .. } = self.copy;
        failpoint("chunk-taken")?;
        self.tell(&chunk.writers, &Command::Seal)?;
        failpoint("chunk-sealing")?;
        // While the destinations prove what they hold. The range is fixed by it, and nothing is committed yet.
        context.queue.begin_chunk(*claim, range, chunk.rows, chunk.bytes, is_last)?;
        failpoint("chunk-fixed")?;
        let asides = self.await_replies(&chunk.writers, Self::next_reply)?;
        failpoint("chunk-sealed")?;
        if self.copy.sets_aside {
            context.queue.set_aside(*claim, range.number, &asides)?;
        }
        self.tell(&chunk.writers, &Command::Commit)?;
        let before: Vec<_> = self.writers.iter().map(|writer| writer.watermark.rows).collect();
        self.await_replies(&chunk.writers, Self::next_reply_of_commit)?;
        failpoint("chunk-committed")?;
        self.done.rows += if chunk.catches_up {
            let gained = |at: &usize| self.writers[*at].watermark.rows - before[*at];
            chunk.takers.iter().map(gained).max().unwrap_or_default()
        } else {
            chunk.rows
        };
        self.done.bytes += chunk.bytes;
        let (rows_per_second, bytes_per_second) = self.pace.record(Instant::now(), chunk.rows, chunk.bytes);
        let progress =
            Progress { rows: self.done.rows, bytes: self.done.bytes, rows_per_second, bytes_per_second };
        let held = stored.iter().zip(&self.writers);
        let rows = held.map(|(stored, writer)| (stored.id, writer.watermark.rows)).collect();
        self.committed = Some(Committed { number: range.number, progress, rows });
        Ok(())
    }

    /// Tells the queue of the chunk that was committed last, unless it knows. The next chunk may be on its way to the
    /// destinations by then; its range is not fixed before.
    fn finish_committed(&mut self) -> Result<(), Halt> {
        let Some(Committed { number, progress, rows }) = self.committed.take() else { return Ok(()) };
        self.copy.context.queue.finish_chunk(self.copy.claim, number, progress, &rows)?;
        Ok(failpoint("chunk-finished")?)
    }

    fn tell(&self, writers: &[usize], command: &Command) -> Result<(), Halt> {
        writers.iter().try_for_each(|at| self.send(*at, command.clone()))
    }

    /// Waits until each of `writers` has answered; what each of them has set aside.
    fn await_replies(
        &mut self,
        writers: &[usize],
        next_reply: fn(&Self) -> Result<Reply, Halt>,
    ) -> Result<Vec<(DestinationId, Aside)>, Halt> {
        let mut asides = Vec::with_capacity(writers.len());
        for _ in writers {
            let mut reply = next_reply(self)?;
            let at = reply.writer;
            asides.push((self.copy.stored[at].id, std::mem::take(&mut reply.aside)));
            self.writers[at].watermark = self.accept(reply)?;
        }
        Ok(asides)
    }

    /// A destination that was told to commit is heard to its end, whatever else happens: what it has committed counts.
    fn next_reply_of_commit(&self) -> Result<Reply, Halt> {
        let reply = self.replies.recv().map_err(|_| Halt::Failed(JobError::Panicked))?;
        failpoint("commit-answered")?;
        Ok(reply)
    }

    fn next_reply(&self) -> Result<Reply, Halt> {
        loop {
            select! {
                // The writers hold the channel open until each has answered or died with an answer.
                recv(self.replies) -> reply => return reply.map_err(|_| Halt::Failed(JobError::Panicked)),
                recv(self.copy.control.channel()) -> stop => self.hear(stop)?,
            }
        }
    }

    /// Hands a command to a writer; while its queue is full, listens to what else happens.
    fn send(&self, at: usize, command: Command) -> Result<(), Halt> {
        loop {
            select! {
                send(self.writers[at].commands, command.clone()) -> sent => return match sent {
                    Ok(()) => Ok(()),
                    // The writer is gone: its last reply says why.
                    Err(_) => self.next_reply().and_then(|reply| self.accept(reply).map(drop)),
                },
                recv(self.copy.control.channel()) -> stop => self.hear(stop)?,
            }
        }
    }

    fn accept(&self, reply: Reply) -> Result<Watermark, Halt> {
        let stored = &self.copy.stored[reply.writer];
        reply.result.map_err(|error| Halt::Failed(JobError::at(stored, error)))
    }

    /// Takes a word from the control channel in: whether the copy goes on. Once nobody can speak on it any more, which
    /// comes with the daemon's end alone, it yields errors.
    fn hear(&self, stop: Result<Stop, RecvError>) -> Result<(), Halt> {
        if let Ok(stop) = stop {
            self.copy.control.hear(stop);
        }
        match self.copy.control.stop() {
            Some(stop) if stop.is_immediate() || !self.copy.stops_between_chunks => {
                Err(Halt::Failed(JobError::Stopped))
            }
            _ => Ok(()),
        }
    }
}
