//! Reads chunk after chunk ahead of the destinations, on a thread of its own.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::{ChunkRange, Connection, NextChunk, SourceError, Walk};
use crate::{
    key::Key,
    wire::{Batch, BatchReader, Layout},
};

/// Bytes after which a chunk with a key ends, however few its rows are: what a destination must hold at once stays
/// bounded, whatever a row's width.
const FULL_CHUNK: u64 = 16 << 20;

/// Connects once more; for a connection that was left in the middle of a stream.
pub(crate) type Reconnect = Box<dyn Fn() -> Result<Connection, SourceError> + Send>;

/// What the reader hands over, in order: `Begin`, any number of `Rows`, `End`, and so on for each chunk.
pub(crate) enum Event {
    /// The rows that follow belong to this chunk.
    Begin {
        /// Its place in the job's order.
        number: i64,
    },
    /// Rows of the chunk.
    Rows(Arc<Batch>),
    /// The chunk is read.
    End {
        /// What it holds.
        range: ChunkRange,
        /// Whether there are no rows behind it.
        is_last: bool,
    },
}

/// A source's rows in chunks.
pub(crate) struct Reader {
    connect: Reconnect,
    connection: Connection,
    walk: Walk,
    layout: Arc<Layout>,
    /// Rows that a chunk has at most.
    max_rows: u64,
    /// Rows that the next chunk is to have: fewer than the most while rows are wide.
    chunk_rows: u64,
}

/// How reading one chunk ended.
struct ChunkRead {
    rows: u64,
    bytes: u64,
    last_key: Option<Key>,
    /// Whether it was cut before the query's end, for its size.
    is_cut: bool,
}

/// Nobody takes the rows any more.
struct HungUp;

impl Reader {
    /// Reads along `walk` in chunks of at most `chunk_rows` rows.
    pub(crate) fn new(
        connect: Reconnect,
        connection: Connection,
        walk: Walk,
        layout: Arc<Layout>,
        chunk_rows: u32,
    ) -> Self {
        let chunk_rows = chunk_rows.into();
        Self { connect, connection, walk, layout, max_rows: chunk_rows, chunk_rows }
    }

    /// Reads from chunk `next` on to the end of the table, or until nobody listens to `events`.
    pub(crate) fn run(mut self, mut next: NextChunk, events: &Sender<Event>) -> Result<(), SourceError> {
        loop {
            let number = next.number();
            if events.send(Event::Begin { number }).is_err() {
                return Ok(());
            }
            let Ok(read) = self.read_chunk(&next, events)? else { return Ok(()) };
            let (range, is_last) = self.end(next, &read);
            self.adapt(&read)?;
            let upper = range.upper.clone();
            if events.send(Event::End { range, is_last }).is_err() || is_last {
                return Ok(());
            }
            next = NextChunk::New { number: number + 1, lower: upper };
        }
    }

    fn read_chunk(
        &mut self,
        chunk: &NextChunk,
        events: &Sender<Event>,
    ) -> Result<Result<ChunkRead, HungUp>, SourceError> {
        let (lower, upper, limit) = match chunk {
            NextChunk::Again(range) => (range.lower.as_ref(), range.upper.as_ref(), None),
            NextChunk::New { lower, .. } => {
                (lower.as_ref(), None, self.walk.has_key().then_some(self.chunk_rows))
            }
        };
        self.hold()?;
        let stream =
            self.connection.client.copy_out(&self.walk.copy_sql(&self.layout, lower, upper, limit))?;
        let batch_rows = usize::try_from(self.max_rows).unwrap_or(usize::MAX);
        let mut batches = BatchReader::new(stream, self.layout.width(), batch_rows);
        let mut read = ChunkRead { rows: 0, bytes: 0, last_key: None, is_cut: false };
        while let Some(batch) = batches.next()? {
            read.rows += batch.rows() as u64;
            read.bytes += batch.bytes().len() as u64;
            read.last_key = batch.last().map(|tuple| self.layout.key_of(&tuple));
            if events.send(Event::Rows(Arc::new(batch))).is_err() {
                return Ok(Err(HungUp));
            }
            if limit.is_some_and(|limit| read.rows < limit) && read.bytes >= FULL_CHUNK {
                read.is_cut = true;
                return Ok(Ok(read));
            }
        }
        drop(batches);
        self.connection.client.batch_execute("COMMIT")?;
        Ok(Ok(read))
    }

    /// Begins a transaction in which the table stays as it is, and makes sure that it is what the job began with.
    fn hold(&mut self) -> Result<(), SourceError> {
        self.connection.client.batch_execute(&self.walk.hold_sql())?;
        self.walk.check_shape(&mut self.connection.client)
    }

    /// What a chunk holds that was read, and whether it is the last. One without rows ends where it begins.
    fn end(&self, chunk: NextChunk, read: &ChunkRead) -> (ChunkRange, bool) {
        match chunk {
            NextChunk::Again(range) => {
                let is_last = range.upper.is_none();
                (range, is_last)
            }
            NextChunk::New { number, lower } => {
                let upper =
                    if self.walk.has_key() { read.last_key.clone().or_else(|| lower.clone()) } else { None };
                let is_last = !self.walk.has_key() || (!read.is_cut && read.rows < self.chunk_rows);
                (ChunkRange { number, lower, upper }, is_last)
            }
        }
    }

    /// After a chunk that was cut for its bytes: asks for fewer rows, and leaves the rest of the stream behind with
    /// its connection. Once rows are narrower again, asks for more.
    fn adapt(&mut self, read: &ChunkRead) -> Result<(), SourceError> {
        if read.is_cut {
            self.chunk_rows = (FULL_CHUNK * read.rows / read.bytes).clamp(1, self.max_rows);
            self.connection.abandon();
            self.connection = (self.connect)()?;
        } else if read.bytes < FULL_CHUNK / 2 {
            self.chunk_rows = (self.chunk_rows * 2).min(self.max_rows);
        }
        Ok(())
    }
}
