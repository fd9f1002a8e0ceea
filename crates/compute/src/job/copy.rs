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
    queue::{Claim, Progress},
    source::{ChunkRange, Event, NextChunk, Reader, SourceError},
    wire::{Batch, Layout},
};

/// Batches that the reader may be ahead, and that may wait for a writer. A batch is about a megabyte, or one row.
const READ_AHEAD: usize = 4;

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
            let mut conductor =
                Conductor { copy: self, writers, replies, done, pace: Pace::new(Instant::now()) };
            let ended = conductor.conduct(&events);
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
}

/// The chunk at hand.
#[derive(Default)]
struct AtHand {
    /// The writers that have not committed it in an earlier attempt.
    writers: Vec<usize>,
    /// Those of them that take its rows.
    takers: Vec<usize>,
    rows: i64,
    bytes: i64,
}

impl Conductor<'_> {
    fn conduct(&mut self, events: &Receiver<Event>) -> Result<Ending, Halt> {
        let mut chunk = AtHand::default();
        loop {
            match self.next_event(events)? {
                Event::Begin { number, strategy } => {
                    if self.copy.control.stop().is_some() {
                        return Ok(Ending::Stopped);
                    }
                    chunk = self.begin(number, strategy)?;
                }
                Event::Rows(batch) => self.write(&mut chunk, &batch)?,
                Event::End { range, is_last } => {
                    self.commit(&chunk, &range)?;
                    if is_last {
                        return Ok(Ending::Completed);
                    }
                }
            }
        }
    }

    fn next_event(&self, events: &Receiver<Event>) -> Result<Event, Halt> {
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

    fn begin(&mut self, number: i64, strategy: Strategy) -> Result<AtHand, Halt> {
        let behind = |(at, writer): (usize, &Writer)| (writer.watermark.chunk < number).then_some(at);
        let writers: Vec<_> = self.writers.iter().enumerate().filter_map(behind).collect();
        self.tell(&writers, &Command::Begin(number))?;
        let is_taker = |at: &usize| strategy != Strategy::CatchUp || self.copy.takes_changes[*at];
        let takers = writers.iter().copied().filter(is_taker).collect();
        Ok(AtHand { writers, takers, rows: 0, bytes: 0 })
    }

    fn write(&mut self, chunk: &mut AtHand, batch: &Arc<Batch>) -> Result<(), Halt> {
        chunk.rows += batch.rows() as i64;
        chunk.bytes += batch.bytes().len() as i64;
        self.tell(&chunk.takers, &Command::Write(batch.clone()))
    }

    fn commit(&mut self, chunk: &AtHand, range: &ChunkRange) -> Result<(), Halt> {
        let Copy { context, claim, stored, .. } = self.copy;
        failpoint("chunk-taken")?;
        self.tell(&chunk.writers, &Command::Seal)?;
        failpoint("chunk-sealing")?;
        // While the destinations prove what they hold. The range is fixed by it, and nothing is committed yet.
        context.queue.begin_chunk(*claim, range, chunk.rows, chunk.bytes)?;
        failpoint("chunk-fixed")?;
        let asides = self.await_replies(&chunk.writers, Self::next_reply)?;
        failpoint("chunk-sealed")?;
        if self.copy.sets_aside {
            context.queue.set_aside(*claim, range.number, &asides)?;
        }
        self.tell(&chunk.writers, &Command::Commit)?;
        self.await_replies(&chunk.writers, Self::next_reply_of_commit)?;
        failpoint("chunk-committed")?;
        self.done.rows += chunk.rows;
        self.done.bytes += chunk.bytes;
        let (rows_per_second, bytes_per_second) = self.pace.record(Instant::now(), chunk.rows, chunk.bytes);
        let progress =
            Progress { rows: self.done.rows, bytes: self.done.bytes, rows_per_second, bytes_per_second };
        let rows: Vec<_> = stored
            .iter()
            .zip(&self.writers)
            .map(|(stored, writer)| (stored.id, writer.watermark.rows))
            .collect();
        context.queue.finish_chunk(*claim, range.number, progress, &rows)?;
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
