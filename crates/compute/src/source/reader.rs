//! Reads chunk after chunk ahead of the destinations, on a thread of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backfill_domain::{
    plan::{ChunkRows, Strategy},
    waiting::WaitReason,
};
use backfill_pg::CopyOut;
use crossbeam_channel::Sender;

use super::{Bounds, ChunkRange, Connection, Gate, NextChunk, Snapshot, SourceError, Start, StopSign, Walk};
use crate::{
    failpoint::failpoint,
    interrupt::{Interrupts, Stopped},
    key::Key,
    memory::{Memory, Turn, Widths},
    standing::Standing,
    wire::{Batch, BatchReader, Layout, WireError},
};

/// Pages of the first chunk by pages. How many the next ones have follows from what these hold.
const FIRST_PAGES: i64 = 128;

/// The most by which a chunk by pages grows beyond the one before, and the most that it has: a table may be emptier here
/// than there.
const GROWTH: i64 = 4;
const MOST_PAGES: i64 = 8192;

/// Connects once more; for a connection that was left in the middle of a stream.
pub(crate) type Reconnect = Box<dyn Fn() -> Result<Connection, SourceError> + Send>;

/// What the reader hands over, in order: `Begin`, any number of `Rows`, `End`, and so on for each chunk.
pub(crate) enum Event {
    /// The rows that follow belong to this chunk.
    Begin {
        /// Its place in the job's order.
        number: i64,
        /// How its section is read.
        strategy: Strategy,
        /// The job's turn at it, where jobs take turns.
        turn: Option<Arc<Turn>>,
    },
    /// Rows of the chunk.
    Rows(Arc<Batch>),
    /// The chunk is read.
    End {
        /// What it holds.
        range: ChunkRange,
        /// Whether it is the plan's last.
        is_last: bool,
    },
}

/// A chunk that is read in less than this may be followed by a larger one.
const QUICK: Duration = Duration::from_secs(1);

/// What bounds chunks.
pub(crate) struct Limits {
    /// Their rows.
    pub(crate) rows: ChunkRows,
    /// Bytes after which one along a key ends, however few its rows are.
    pub(crate) bytes: u64,
    /// How long a snapshot may be held.
    pub(crate) snapshot_age: Duration,
    /// What they may hold in memory, together with those of other jobs.
    pub(crate) memory: Memory,
    /// Whether one goes to a columnar destination.
    pub(crate) is_columnar: bool,
    /// What is known of the rows' width.
    pub(crate) widths: Widths,
    /// Stop what waits for a turn.
    pub(crate) interrupts: Interrupts,
    /// Tells what is waited for.
    pub(crate) standing: Standing,
}

impl Limits {
    /// Waits for the job's turn at its next chunk.
    fn turn(&self) -> Result<Option<Arc<Turn>>, Stopped> {
        if !self.is_columnar {
            return Ok(None);
        }
        let detail = "other jobs of its daemon have chunks at hand for DuckDB and Parquet";
        let _waiting = self.standing.wait(WaitReason::Memory, detail);
        self.memory.columnar.wait(&self.interrupts).map(Some)
    }

    /// The next rows, once they have come.
    fn next(&self, batches: &mut BatchReader<CopyOut<'_>>) -> Result<Option<Batch>, WireError> {
        let _waiting = self.standing.wait(WaitReason::Source, "the source has sent no rows yet");
        batches.next()
    }

    /// The rows of `width` columns that the COPY `sql` gives, at most `max_rows` a batch.
    fn batches<'a>(
        &self,
        connection: &'a mut Connection,
        sql: &str,
        width: usize,
        max_rows: u64,
    ) -> Result<BatchReader<CopyOut<'a>>, SourceError> {
        let wide_rows = self.widths.chunk().map_err(WireError::from)?;
        let stream = connection.client.copy_out(sql)?;
        let batch_rows = usize::try_from(max_rows).unwrap_or(usize::MAX);
        Ok(BatchReader::new(stream, width, batch_rows).with_turns(wide_rows))
    }
}

/// A source's rows in chunks.
pub(crate) struct Reader {
    connect: Reconnect,
    connection: Connection,
    walk: Walk,
    layout: Arc<Layout>,
    /// What all chunks are read under, if the plan wants that.
    snapshot: Option<Snapshot>,
    /// Rows that a chunk has at most.
    max_rows: u64,
    /// Bytes after which a chunk along a key ends.
    max_bytes: u64,
    limits: Limits,
    /// Where it waits between chunks.
    gate: Gate,
    /// Rows that the next chunk is to have: fewer than the most while rows are wide.
    chunk_rows: u64,
    /// Pages that the next chunk by pages is to have.
    chunk_pages: i64,
    /// Pages that the section at hand has.
    section_pages: Option<(usize, i64)>,
}

/// How reading one chunk ended.
struct ChunkRead {
    rows: u64,
    bytes: u64,
    last_key: Option<Key>,
    /// Whether it was cut before the query's end, for its size.
    is_cut: bool,
    /// How long that took. The slowest destination sets the pace, for the reader waits for it.
    time: Duration,
}

/// Nobody takes the rows any more.
struct HungUp;

impl Reader {
    /// Reads along `walk` in chunks within `limits`, all of them under `snapshot` if there is one.
    pub(crate) fn new(
        connect: Reconnect,
        connection: Connection,
        walk: Walk,
        layout: Arc<Layout>,
        snapshot: Option<Snapshot>,
        limits: Limits,
        gate: Gate,
    ) -> Self {
        let ChunkRows { first: chunk_rows, most: max_rows } = limits.rows;
        let max_bytes = limits.bytes;
        let (chunk_pages, section_pages) = (FIRST_PAGES, None);
        Self {
            connect,
            connection,
            walk,
            layout,
            snapshot,
            max_rows,
            max_bytes,
            limits,
            gate,
            chunk_rows,
            chunk_pages,
            section_pages,
        }
    }

    /// The same, where so many chunks are on their way at the same time: together they are as large as one would be.
    pub(crate) fn beside(self, chunks: u64) -> Self {
        Self { max_bytes: self.max_bytes / chunks, ..self }
    }

    /// Reads from chunk `next` on to the end of the plan, or until nobody listens to `events`.
    pub(crate) fn run(mut self, mut next: NextChunk, events: &Sender<Event>) -> Result<(), SourceError> {
        let interrupts = self.limits.interrupts.clone();
        loop {
            let (number, strategy) = (next.number(), self.walk.strategy(next.section()));
            let turn = self.turn(&|| interrupts.fired())?;
            if events.send(Event::Begin { number, strategy, turn }).is_err() {
                return Ok(());
            }
            let (bounds, limit) = self.aim(&next)?;
            let Ok(read) = self.read_chunk(next.section(), &bounds, limit, events)? else { return Ok(()) };
            self.adapt(&bounds, &read)?;
            let (range, after) = self.end(next, bounds, limit, &read);
            let after = self.unless_caught_up(after)?;
            if events.send(Event::End { range, is_last: after.is_none() }).is_err() {
                return Ok(());
            }
            match after {
                Some(after) => next = after,
                None => return Ok(()),
            }
        }
    }

    /// Which column stands where in the rows that it reads.
    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The way along which it reads.
    pub(crate) fn walk(&self) -> &Walk {
        &self.walk
    }

    /// Waits until the source may be read on, and then for the job's turn at its next chunk.
    pub(crate) fn turn(&mut self, stop: StopSign<'_>) -> Result<Option<Arc<Turn>>, SourceError> {
        let (snapshot, most) = (&self.snapshot, self.limits.snapshot_age);
        // It holds back the source's vacuum while the job waits.
        let is_too_old = || snapshot.as_ref().is_some_and(|snapshot| snapshot.age() > most);
        let is_free = snapshot.is_none();
        match self.gate.pass(&mut self.connection.client, is_free, &|| stop() || is_too_old()) {
            Err(SourceError::Stopped(_)) if is_too_old() => Err(SourceError::SnapshotTooOld(most)),
            passed => passed.and_then(|()| Ok(self.limits.turn()?)),
        }
    }

    /// Reads a chunk whose range is known, in one piece; `each` takes its rows, and ends the reading by an error.
    pub(crate) fn read_again<E>(
        &mut self,
        range: &ChunkRange,
        mut each: impl FnMut(&Arc<Batch>) -> Result<(), E>,
    ) -> Result<Result<(), E>, SourceError> {
        self.hold(range.section)?;
        let sql = self.walk.copy_sql(&self.layout, range.section, &range.bounds, None);
        let (width, max_rows) = (self.layout.width(), self.max_rows.min(self.gate.rows_at_once()));
        let mut batches = self.limits.batches(&mut self.connection, &sql, width, max_rows)?;
        while let Some(batch) = self.limits.next(&mut batches)? {
            self.gate.count(batch.rows() as u64, batch.bytes().len() as u64);
            if let Err(error) = each(&Arc::new(batch)) {
                drop(batches);
                self.connection.abandon();
                return Ok(Err(error));
            }
            self.gate.pace(&|| self.limits.interrupts.fired())?;
        }
        drop(batches);
        self.connection.client.batch_execute("COMMIT")?;
        Ok(Ok(()))
    }

    /// What to read for a chunk: a range, and along a key the most rows of it.
    fn aim(&mut self, next: &NextChunk) -> Result<(Bounds, Option<u64>), SourceError> {
        Ok(match next {
            NextChunk::Again(range) => (range.bounds.clone(), None),
            NextChunk::New { start: Start::Key(lower), .. } => {
                let limit = self.chunk_rows.min(self.gate.rows_at_once());
                (Bounds::Keys { lower: lower.clone(), upper: None }, Some(limit))
            }
            NextChunk::New { start: Start::Page(lower), section, .. } => {
                let upper = lower + self.chunk_pages;
                let is_open = upper >= self.pages_of(*section)?;
                (Bounds::Pages { lower: *lower, upper: (!is_open).then_some(upper) }, None)
            }
            NextChunk::New { start: Start::Whole, .. } => (Bounds::Whole, None),
        })
    }

    /// Pages of a section's relation. What the snapshot sees is on them: it is older than this look at their number.
    fn pages_of(&mut self, section: usize) -> Result<i64, SourceError> {
        if let Some((known, pages)) = self.section_pages
            && known == section
        {
            return Ok(pages);
        }
        let query = "SELECT pg_catalog.pg_relation_size($1::text::regclass) \
                     / pg_catalog.current_setting('block_size')::bigint";
        let pages = self.connection.client.query_one(query, &[&self.walk.relation(section)])?.get(0);
        self.section_pages = Some((section, pages));
        Ok(pages)
    }

    fn read_chunk(
        &mut self,
        section: usize,
        bounds: &Bounds,
        limit: Option<u64>,
        events: &Sender<Event>,
    ) -> Result<Result<ChunkRead, HungUp>, SourceError> {
        self.hold(section)?;
        failpoint("source-held")?;
        let max_age = (self.walk.strategy(section) == Strategy::Stream).then_some(self.limits.snapshot_age);
        let started = Instant::now();
        let sql = self.walk.copy_sql(&self.layout, section, bounds, limit);
        let (width, max_rows) = (self.layout.width(), self.max_rows.min(self.gate.rows_at_once()));
        let max_bytes = self.bytes_of_chunk();
        let mut batches = self.limits.batches(&mut self.connection, &sql, width, max_rows)?;
        let mut read = ChunkRead { rows: 0, bytes: 0, last_key: None, is_cut: false, time: Duration::ZERO };
        while let Some(batch) = self.limits.next(&mut batches)? {
            let (rows, bytes) = (batch.rows() as u64, batch.bytes().len() as u64);
            self.gate.count(rows, bytes);
            read.rows += rows;
            read.bytes += bytes;
            read.last_key = batch.last().map(|tuple| self.layout.key_of(&tuple));
            if events.send(Event::Rows(Arc::new(batch))).is_err() {
                return Ok(Err(HungUp));
            }
            if limit.is_some_and(|limit| read.rows < limit) && read.bytes >= max_bytes {
                read.is_cut = true;
                return Ok(Ok(read));
            }
            if limit.is_none() {
                self.gate.pace(&|| self.limits.interrupts.fired())?;
            }
            if max_age.is_some_and(|max_age| started.elapsed() > max_age) {
                return Err(SourceError::StreamTooLong(self.limits.snapshot_age));
            }
        }
        drop(batches);
        read.time = started.elapsed();
        self.connection.client.batch_execute("COMMIT")?;
        Ok(Ok(read))
    }

    /// Begins a transaction in which the table stays as it is, and makes sure that it is what the job began with.
    fn hold(&mut self, section: usize) -> Result<(), SourceError> {
        let detail = format!("another session holds a lock on {} at the source", self.walk.relation(section));
        let _waiting = self.limits.standing.wait(WaitReason::Lock, detail);
        match &self.snapshot {
            Some(snapshot) if snapshot.age() > self.limits.snapshot_age => {
                return Err(SourceError::SnapshotTooOld(self.limits.snapshot_age));
            }
            Some(snapshot) => snapshot.adopt(&mut self.connection)?,
            None => self.connection.client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")?,
        }
        self.connection.client.batch_execute(&self.walk.hold_sql(section))?;
        self.walk.check_shape(&mut self.connection.client, section)
    }

    /// What a chunk holds that was read, and the one behind it. Along a key, a chunk without rows ends where it begins.
    fn end(
        &self,
        chunk: NextChunk,
        bounds: Bounds,
        limit: Option<u64>,
        read: &ChunkRead,
    ) -> (ChunkRange, Option<NextChunk>) {
        let plan = self.walk.plan();
        let range = match chunk {
            NextChunk::Again(range) => range,
            NextChunk::New { number, section, .. } => {
                let bounds = match bounds {
                    Bounds::Keys { lower, .. } => {
                        let upper = read.last_key.clone().or_else(|| lower.clone());
                        Bounds::Keys { lower, upper }
                    }
                    bounds => bounds,
                };
                ChunkRange { number, section, bounds }
            }
        };
        let ends_section = limit.is_some_and(|limit| !read.is_cut && read.rows < limit);
        let after = if ends_section {
            NextChunk::first_of(plan, range.section + 1, range.number + 1)
        } else {
            range.clone().next(plan)
        };
        (range, after)
    }

    /// The next chunk, unless it is to catch up with changes and no transaction has begun at the source since the job
    /// did.
    fn unless_caught_up(&mut self, next: Option<NextChunk>) -> Result<Option<NextChunk>, SourceError> {
        let Some(next) = next else { return Ok(None) };
        if self.walk.strategy(next.section()) != Strategy::CatchUp {
            return Ok(Some(next));
        }
        let query = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text";
        let now: String = self.connection.client.query_one(query, &[])?.get(0);
        Ok((self.walk.plan().began_at_transaction.as_ref() != Some(&now)).then_some(next))
    }

    /// Bytes that a chunk may have at the rate at which the source may be read.
    fn bytes_of_chunk(&self) -> u64 {
        self.max_bytes.min(self.gate.bytes_at_once())
    }

    /// Has the next chunk take as many rows as it should. After a chunk that was cut for its bytes, leaves the rest of
    /// the stream behind with its connection.
    fn adapt(&mut self, bounds: &Bounds, read: &ChunkRead) -> Result<(), SourceError> {
        let max_bytes = self.bytes_of_chunk();
        if read.is_cut {
            self.chunk_rows = (max_bytes * read.rows / read.bytes).clamp(1, self.max_rows);
            self.connection.abandon();
            self.connection = (self.connect)()?;
            return Ok(());
        }
        if read.bytes < max_bytes / 2 && read.time < QUICK {
            self.chunk_rows = (self.chunk_rows * ChunkRows::GROWTH).min(self.max_rows);
        }
        if let Bounds::Pages { .. } = bounds {
            // As many pages as make the rows or the bytes of a chunk, whichever are fewer.
            let pages_for = |wanted: u64, read: u64| {
                self.chunk_pages.saturating_mul(wanted.cast_signed()) / read.max(1).cast_signed()
            };
            let chunk_rows = self.chunk_rows.min(self.gate.rows_at_once());
            let (by_rows, by_bytes) = (pages_for(chunk_rows, read.rows), pages_for(max_bytes, read.bytes));
            self.chunk_pages = by_rows.min(by_bytes).clamp(1, MOST_PAGES.min(self.chunk_pages * GROWTH));
        }
        Ok(())
    }
}
