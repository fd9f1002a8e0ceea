//! Leads reader and writers through the chunks.
//!
//! For each chunk: every destination takes its rows and proves that it holds them, and the queue is told the chunk's
//! range; then every destination commits; then the queue is told that the chunk is done. Whatever dies in between,
//! the next attempt reads the same range again for the destinations that had not committed it, and for no other.
//!
//! Where a job has two lanes, a chunk is written while the one ahead of it is written or proven. Only that: nothing of
//! it is proven, fixed or committed before the one ahead is committed everywhere.

use std::{
    collections::VecDeque,
    sync::Arc,
    thread::ScopedJoinHandle,
    time::{Duration, Instant},
};

use backfill_domain::{plan::Strategy, waiting::WaitReason};
use crossbeam_channel::{Receiver, RecvError, after, never, select, select_biased};

use super::{
    JobError, Stop,
    chunk::{Chunk, Committed, Writers},
    copy::{Copy, Done, Ending, Halt},
    lane::Lanes,
    pace::Pace,
    writer::{Answer, Command, Place, Reply},
};
use crate::{
    destination::{DestinationError, Watermark},
    failpoint::failpoint,
    memory::Turn,
    queue::Progress,
    source::{ChunkRange, Event},
    standing::Waiting,
    wire::Batch,
};

/// How long a chunk may take to be proven before the one behind it gives way. It may wait for somebody who waits for
/// that one: no server sees such a circle, for it is the job that makes the one wait for the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// Leads reader and writers through the chunks.
pub(super) struct Conductor<'a, 'scope, 'env> {
    copy: &'a Copy<'a>,
    lanes: Lanes<'scope, 'env>,
    replies: Receiver<Reply>,
    /// How far each destination has come.
    watermarks: Vec<Watermark>,
    /// The chunks that are not committed, in their order, each on a lane of its own. All but the last are read to
    /// their end; the first of these is being proven.
    chunks: VecDeque<Chunk>,
    /// Says for whom the first chunk waits, while it is proven and committed.
    waiting: Option<Waiting>,
    /// Yields when the first chunk has taken too long.
    patience: Receiver<Instant>,
    is_held_up: bool,
    /// The lane of the chunk that failed behind others, and why. Those others are committed first.
    failed: Option<(usize, JobError)>,
    done: Done,
    pace: Pace,
    committed: Option<Committed>,
}

impl<'a, 'scope, 'env> Conductor<'a, 'scope, 'env> {
    /// Of a copy that goes on beyond what is `done`.
    pub(super) fn new(
        copy: &'a Copy<'a>,
        lanes: Lanes<'scope, 'env>,
        watermarks: Vec<Watermark>,
        replies: Receiver<Reply>,
        done: Done,
    ) -> Self {
        Self {
            copy,
            lanes,
            replies,
            watermarks,
            chunks: VecDeque::new(),
            waiting: None,
            patience: never(),
            is_held_up: false,
            failed: None,
            done,
            pace: Pace::new(Instant::now()),
            committed: None,
        }
    }

    /// Copies what `events` bring. Whatever ends the copy: what was committed by then counts. Returns the writers'
    /// threads, which are told to end.
    pub(super) fn run(
        mut self,
        events: &Receiver<Event>,
    ) -> (Result<Ending, Halt>, Vec<ScopedJoinHandle<'scope, ()>>) {
        let mut ended = self.conduct(events);
        if let Err(Halt::ReaderEnded) = ended
            && let Err(error) = self.land_while(|chunks| chunks.front().is_some_and(Chunk::is_read))
        {
            ended = Err(error);
        }
        let finished = self.finish_committed();
        (ended.and_then(|ending| finished.map(|()| ending)), self.lanes.close())
    }

    fn conduct(&mut self, events: &Receiver<Event>) -> Result<Ending, Halt> {
        loop {
            // The reader may wait for long before it begins the next chunk.
            if let Some(ending) = self.stop_between()? {
                return Ok(ending);
            }
            let Some(event) = self.next_event(events)? else { continue };
            match event {
                Event::Begin { number, strategy, turn } => {
                    let catches_up = strategy == Strategy::CatchUp;
                    let lane = self.await_lane(catches_up)?;
                    if let Some(ending) = self.stop_between()? {
                        return Ok(ending);
                    }
                    self.begin(lane, number, catches_up, turn)?;
                }
                Event::Rows(batch) => {
                    self.write(batch)?;
                    // Now the writers have something to do meanwhile.
                    self.finish_committed()?;
                }
                Event::End { range, is_last } => {
                    self.end(range, is_last)?;
                    if is_last {
                        self.land_while(|chunks| !chunks.is_empty())?;
                        return Ok(Ending::Completed);
                    }
                }
            }
        }
    }

    /// The end, if the job is to stop and the reader is between two chunks: those on their way are committed first.
    fn stop_between(&mut self) -> Result<Option<Ending>, Halt> {
        if !self.is_between() {
            return Ok(None);
        }
        let Some(stop) = self.copy.control.stop() else { return Ok(None) };
        self.land_while(|chunks| !stop.is_immediate() && !chunks.is_empty())?;
        Ok(Some(Ending::Stopped))
    }

    /// Whether the reader is between two chunks.
    fn is_between(&self) -> bool {
        self.chunks.back().is_none_or(|last| last.end.is_some())
    }

    /// What the reader says next, unless somebody else says something first.
    fn next_event(&mut self, events: &Receiver<Event>) -> Result<Option<Event>, Halt> {
        if events.is_empty() {
            self.finish_committed()?;
        }
        self.listen(events)?.transpose().map_err(|_| Halt::ReaderEnded)
    }

    /// Waits for the reader, the writers, or a word from outside. What is not the reader's is dealt with.
    fn listen(&mut self, events: &Receiver<Event>) -> Result<Option<Result<Event, RecvError>>, Halt> {
        let first = self.chunks.front().map(|chunk| chunk.writers.lane);
        if let Some((_, error)) = self.failed.take_if(|(lane, _)| first == Some(*lane)) {
            return Err(Halt::Failed(error));
        }
        let no_more = never();
        select! {
            recv(if self.failed.is_some() { &no_more } else { events }) -> event => return Ok(Some(event)),
            // Writers live until their lane is closed.
            recv(self.replies) -> reply => self.hear(reply.map_err(|_| JobError::Panicked)?)?,
            recv(self.patience) -> _ => self.give_way()?,
            recv(self.copy.control.channel()) -> stop => self.obey(stop)?,
        }
        Ok(None)
    }

    /// Waits while the chunks on their way are such.
    fn land_while(&mut self, are_such: impl Fn(&VecDeque<Chunk>) -> bool) -> Result<(), Halt> {
        while are_such(&self.chunks) {
            self.listen(&never())?;
        }
        Ok(())
    }

    /// Waits until there is a lane for the next chunk.
    fn await_lane(&mut self, catches_up: bool) -> Result<usize, Halt> {
        if !self.chunks.is_empty() && self.lanes.open_spare() {
            log::info!("job {}: opens a second lane", self.copy.claim.job);
        }
        loop {
            if let Some(lane) = self.free_lane(catches_up) {
                return Ok(lane);
            }
            self.listen(&never())?;
        }
    }

    /// A chunk that brings rows once more is not written behind another; and none is behind one that some destinations
    /// have from an earlier attempt.
    fn free_lane(&self, catches_up: bool) -> Option<usize> {
        let goes_everywhere = |chunk: &Chunk| chunk.writers.at.len() == self.watermarks.len();
        let may_be_behind = !self.is_held_up && !catches_up && self.chunks.iter().all(goes_everywhere);
        if !may_be_behind && !self.chunks.is_empty() {
            return None;
        }
        self.lanes.free(|lane| self.chunks.iter().any(|chunk| chunk.writers.lane == lane))
    }

    fn begin(
        &mut self,
        lane: usize,
        number: i64,
        catches_up: bool,
        turn: Option<Arc<Turn>>,
    ) -> Result<(), Halt> {
        let lacks = |at: &usize| self.watermarks[*at].chunk < number;
        let takes = |at: &usize| !catches_up || self.copy.takes_changes[*at];
        let all = 0..self.watermarks.len();
        let writers = Writers { lane, at: all.clone().filter(lacks).collect() };
        let takers = Writers { lane, at: all.filter(lacks).filter(takes).collect() };
        self.tell(&writers, &Command::Begin { number, catches_up })?;
        self.chunks.push_back(Chunk::new(writers, takers, catches_up, turn));
        Ok(())
    }

    fn write(&mut self, batch: Arc<Batch>) -> Result<(), Halt> {
        let Some(chunk) = self.chunks.back_mut() else { return Ok(()) };
        chunk.add(&batch);
        let takers = chunk.takers.clone();
        self.tell(&takers, &Command::Write(batch))
    }

    fn end(&mut self, range: ChunkRange, is_last: bool) -> Result<(), Halt> {
        if self.chunks.len() > 1
            && let Some(takers) = self.chunks.back().map(|chunk| chunk.takers.clone())
        {
            self.tell(&takers, &Command::Complete)?;
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.end = Some((range, is_last));
        }
        // The one ahead may have been committed meanwhile.
        if self.chunks.len() == 1 { self.seal() } else { Ok(()) }
    }

    /// Has the first chunk proven, if it is read.
    fn seal(&mut self) -> Result<(), Halt> {
        let Some(chunk) = self.chunks.front() else { return Ok(()) };
        let Some((range, is_last)) = chunk.end.clone() else { return Ok(()) };
        let (writers, rows, bytes) = (chunk.writers.clone(), chunk.rows, chunk.bytes);
        if self.has_failed(writers.lane) {
            return Ok(());
        }
        failpoint("chunk-taken")?;
        self.tell(&writers, &Command::Seal)?;
        self.waiting = Some(self.wait_for(&writers.at));
        self.patience = after(PATIENCE);
        failpoint("chunk-sealing")?;
        // While the destinations prove what they hold. The range is fixed by it, and nothing is committed yet.
        self.finish_committed()?;
        self.copy.context.queue.begin_chunk(self.copy.claim, &range, rows, bytes, is_last)?;
        Ok(failpoint("chunk-fixed")?)
    }

    /// Deals with a writer's answer.
    fn hear(&mut self, reply: Reply) -> Result<(), Halt> {
        let Place { lane, writer } = reply.from;
        let stored = &self.copy.stored[writer];
        match reply.answer {
            Answer::Opened(Ok(())) => self.lanes.note_open(lane),
            Answer::Opened(Err(error)) => {
                let job = self.copy.claim.job;
                log::warn!("job {job}: goes on with one lane: destination {}: {error}", stored.name);
            }
            Answer::Failed(error) => return self.fail(reply.from, error),
            Answer::Committed(watermark) => self.watermarks[writer] = watermark,
            Answer::Sealed(aside) => {
                let Some(chunk) = self.chunks.front_mut() else { return Ok(()) };
                chunk.asides.push((stored.id, aside));
                if chunk.is_proven() {
                    return self.commit();
                }
            }
        }
        Ok(())
    }

    /// An error of the first chunk ends the copy. One of a chunk behind it does so once the first is committed.
    fn fail(&mut self, from: Place, error: DestinationError) -> Result<(), Halt> {
        let error = JobError::at(&self.copy.stored[from.writer], error);
        if self.chunks.front().is_none_or(|first| first.writers.lane == from.lane) {
            return Err(Halt::Failed(error));
        }
        self.failed.get_or_insert((from.lane, error));
        Ok(())
    }

    /// Whether the chunk on this lane is lost. Those ahead of it are still to be committed.
    fn has_failed(&self, lane: usize) -> bool {
        self.failed.as_ref().is_some_and(|(failed, _)| *failed == lane)
    }

    /// Has the first chunk committed, which is proven, and the next one proven.
    fn commit(&mut self) -> Result<(), Halt> {
        failpoint("chunk-sealed")?;
        self.patience = never();
        self.is_held_up = false;
        let Some(chunk) = self.chunks.front_mut() else { return Ok(()) };
        let Some((range, _)) = &chunk.end else { return Ok(()) };
        let (number, writers) = (range.number, chunk.writers.clone());
        let Copy { context, claim, sets_aside, .. } = self.copy;
        if *sets_aside {
            context.queue.set_aside(*claim, number, &std::mem::take(&mut chunk.asides))?;
        }
        let before: Vec<_> = self.watermarks.iter().map(|watermark| watermark.rows).collect();
        self.tell(&writers, &Command::Commit)?;
        self.await_commits(&writers)?;
        self.waiting = None;
        failpoint("chunk-committed")?;
        if let Some(chunk) = self.chunks.pop_front() {
            self.note_committed(&chunk, number, &before);
        }
        self.seal()
    }

    /// A destination that was told to commit is heard to its end, whatever else happens: what it has committed counts.
    fn await_commits(&mut self, writers: &Writers) -> Result<(), Halt> {
        let mut committed = 0;
        while committed < writers.at.len() {
            let reply = self.replies.recv().map_err(|_| JobError::Panicked)?;
            if reply.from.lane == writers.lane {
                failpoint("commit-answered")?;
                committed += 1;
            }
            self.hear(reply)?;
        }
        Ok(())
    }

    fn note_committed(&mut self, chunk: &Chunk, number: i64, before: &[i64]) {
        self.done.rows += if chunk.catches_up {
            let gained = |at: &usize| self.watermarks[*at].rows - before[*at];
            chunk.takers.at.iter().map(gained).max().unwrap_or_default()
        } else {
            chunk.rows
        };
        self.done.bytes += chunk.bytes;
        let (rows_per_second, bytes_per_second) = self.pace.record(Instant::now(), chunk.rows, chunk.bytes);
        let Done { rows, bytes } = self.done;
        let progress = Progress { rows, bytes, rows_per_second, bytes_per_second };
        let held = self.copy.stored.iter().zip(&self.watermarks);
        let rows = held.map(|(stored, watermark)| (stored.id, watermark.rows)).collect();
        self.committed = Some(Committed { number, progress, rows });
    }

    /// Tells the queue of the chunk that was committed last, unless it knows. The next chunk may be on its way to the
    /// destinations by then; its range is not fixed before.
    fn finish_committed(&mut self) -> Result<(), Halt> {
        let Some(Committed { number, progress, rows }) = self.committed.take() else { return Ok(()) };
        self.copy.context.queue.finish_chunk(self.copy.claim, number, progress, &rows)?;
        Ok(failpoint("chunk-finished")?)
    }

    /// The first chunk takes long: the one behind it lets go of what others may wait for, and none is begun behind it
    /// any more.
    fn give_way(&mut self) -> Result<(), Halt> {
        self.patience = never();
        self.is_held_up = true;
        let behind: Vec<_> = self.chunks.iter().skip(1).map(|chunk| chunk.writers.clone()).collect();
        behind.iter().try_for_each(|writers| self.tell(writers, &Command::GiveWay))
    }

    fn tell(&mut self, writers: &Writers, command: &Command) -> Result<(), Halt> {
        writers.at.iter().try_for_each(|at| self.send(writers.lane, *at, command))
    }

    /// Has the job say for whom it waits, should that take long.
    fn wait_for(&self, writers: &[usize]) -> Waiting {
        let names: Vec<_> = writers.iter().map(|at| self.copy.stored[*at].name.as_str()).collect();
        let detail = format!("no answer yet from {}, which may be slow or locked", names.join(", "));
        self.copy.standing.wait(WaitReason::Destination, detail)
    }

    /// Hands a command to a writer; while its queue is full, listens to what else happens.
    fn send(&mut self, lane: usize, at: usize, command: &Command) -> Result<(), Halt> {
        let _waiting = self.wait_for(&[at]);
        while !self.has_failed(lane) {
            let sender = &self.lanes.lane(lane).writers[at];
            select_biased! {
                send(sender, command.clone()) -> sent => match sent {
                    Ok(()) => return Ok(()),
                    // The writer is gone: its last reply says why.
                    Err(_) => self.hear(self.replies.recv().map_err(|_| JobError::Panicked)?)?,
                },
                recv(self.replies) -> reply => self.hear(reply.map_err(|_| JobError::Panicked)?)?,
                recv(self.patience) -> _ => self.give_way()?,
                recv(self.copy.control.channel()) -> stop => self.obey(stop)?,
            }
        }
        Ok(())
    }

    /// Takes a word from the control channel in: whether the copy goes on. Once nobody can speak on it any more, which
    /// comes with the daemon's end alone, it yields errors.
    fn obey(&self, stop: Result<Stop, RecvError>) -> Result<(), Halt> {
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
