//! Reads chunk after chunk ahead of the destinations, on a thread of its own.

use std::sync::Arc;

use crossbeam_channel::Sender;
use postgres::Client;

use super::{ChunkRange, NextChunk, SourceError, Walk};
use crate::{
    key::Key,
    wire::{BatchReader, Layout},
};

/// Bytes after which a chunk with a key ends, however few its rows are: what a destination must hold at once stays
/// bounded, whatever a row's width.
const FULL_CHUNK: u64 = 64 << 20;

/// Connects once more; for a connection that was left in the middle of a stream.
pub(crate) type Reconnect = Box<dyn Fn() -> Result<Client, SourceError> + Send>;

/// What the reader hands over, in order: `Begin`, any number of `Rows`, `End`, and so on for each chunk.
pub(crate) enum Event {
    /// The rows that follow belong to this chunk.
    Begin {
        /// Its place in the job's order.
        number: i64,
    },
    /// Rows of the chunk.
    Rows(Arc<crate::wire::Batch>),
    /// The chunk is read; its range is known now.
    End(ChunkRange),
}

/// A source's rows in chunks.
pub(crate) struct Reader {
    connect: Reconnect,
    client: Client,
    walk: Walk,
    layout: Arc<Layout>,
    chunk_rows: u64,
}

/// How reading one chunk ended.
struct ChunkRead {
    rows: u64,
    bytes: u64,
    last_key: Option<Key>,
    /// Whether it was cut before the query's end, for its size.
    cut: bool,
}

/// Nobody takes the rows any more.
struct HungUp;

impl Reader {
    /// Reads along `walk` in chunks of at most `chunk_rows` rows.
    pub(crate) fn new(
        connect: Reconnect,
        client: Client,
        walk: Walk,
        layout: Arc<Layout>,
        chunk_rows: u32,
    ) -> Self {
        Self { connect, client, walk, layout, chunk_rows: chunk_rows.into() }
    }

    /// Reads from chunk `next` on to the end of the table, or until nobody listens to `events`.
    pub(crate) fn run(mut self, mut next: NextChunk, events: &Sender<Event>) -> Result<(), SourceError> {
        loop {
            let (number, lower, known) = match next {
                NextChunk::Again(range) => (range.number, range.lower.clone(), Some(range)),
                NextChunk::New { number, lower } => (number, lower, None),
            };
            if events.send(Event::Begin { number }).is_err() {
                return Ok(());
            }
            let Ok(read) = self.read_chunk(lower.as_ref(), known.as_ref(), events)? else {
                return Ok(());
            };
            let range = known.unwrap_or_else(|| {
                let is_last = !read.cut && (!self.walk.has_key() || read.rows < self.chunk_rows);
                ChunkRange { number, lower, upper: read.last_key.clone().filter(|_| !is_last) }
            });
            self.adapt(&read)?;
            let upper = range.upper.clone();
            if events.send(Event::End(range)).is_err() || upper.is_none() {
                return Ok(());
            }
            next = NextChunk::New { number: number + 1, lower: upper };
        }
    }

    fn read_chunk(
        &mut self,
        lower: Option<&Key>,
        known: Option<&ChunkRange>,
        events: &Sender<Event>,
    ) -> Result<Result<ChunkRead, HungUp>, SourceError> {
        let may_cut = self.walk.has_key() && known.is_none();
        let limit = may_cut.then_some(self.chunk_rows);
        let upper = known.and_then(|range| range.upper.as_ref());
        self.client.batch_execute(&self.walk.hold_sql())?;
        let stream = self.client.copy_out(&self.walk.copy_sql(&self.layout, lower, upper, limit))?;
        let batch_rows = usize::try_from(self.chunk_rows).unwrap_or(usize::MAX);
        let mut batches = BatchReader::new(stream, self.layout.width(), batch_rows);
        let mut read = ChunkRead { rows: 0, bytes: 0, last_key: None, cut: false };
        while let Some(batch) = batches.next()? {
            read.rows += batch.rows() as u64;
            read.bytes += batch.bytes().len() as u64;
            read.last_key = batch.last().map(|tuple| Key::new(self.layout.key_of(&tuple)));
            if events.send(Event::Rows(Arc::new(batch))).is_err() {
                return Ok(Err(HungUp));
            }
            if may_cut && read.bytes >= FULL_CHUNK {
                read.cut = read.rows < self.chunk_rows;
                break;
            }
        }
        drop(batches);
        if !read.cut {
            self.client.batch_execute("COMMIT")?;
        }
        Ok(Ok(read))
    }

    /// After a chunk that was cut for its bytes: asks for fewer rows from now on, and leaves the rest of the stream
    /// behind with its connection.
    fn adapt(&mut self, read: &ChunkRead) -> Result<(), SourceError> {
        if read.cut {
            self.chunk_rows = (FULL_CHUNK * read.rows / read.bytes).clamp(1, self.chunk_rows);
            self.client = (self.connect)()?;
        }
        Ok(())
    }
}
