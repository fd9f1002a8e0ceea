//! Where a job goes on: the queue knows its chunks, each destination's ledger which of them it has committed.

use backfill_domain::{
    chunk::{Chunk, ChunkStatus},
    destination::Destination as StoredDestination,
    job::Job,
};

use super::{Done, JobContext, JobError, rows_of};
use crate::{
    destination::Destination,
    key::{KeyChanged, KeyColumns},
    queue::{Claim, Progress},
    source::{ChunkRange, NextChunk},
};

/// The next chunk to read and what is done so far; `None` when everything is.
pub(crate) fn resume(
    context: &JobContext,
    claim: Claim,
    last_chunk: Option<Chunk>,
    stored: &[StoredDestination],
    destinations: &[Box<dyn Destination>],
    job: &Job,
    key: &KeyColumns,
) -> Result<Option<(NextChunk, Done)>, JobError> {
    let mut done = Done { rows: job.count_record, bytes: job.count_byte };
    let Some(last) = last_chunk else {
        check_ledgers(stored, destinations, 0, 0)?;
        return Ok(Some((NextChunk::New { number: 1, lower: None }, done)));
    };
    let range = range_of(&last, key)?;
    if last.status == ChunkStatus::Done {
        check_ledgers(stored, destinations, last.number, last.number)?;
        return Ok(after(range).map(|next| (next, done)));
    }
    check_ledgers(stored, destinations, last.number - 1, last.number)?;
    let committed = destinations.iter().filter(|at| at.watermark().chunk == last.number).count();
    if committed == 0 {
        return Ok(Some((NextChunk::New { number: range.number, lower: range.lower }, done)));
    }
    if committed < destinations.len() {
        return Ok(Some((NextChunk::Again(range), done)));
    }
    // Every destination had committed the chunk; only the note of it was lost.
    done.rows += last.row_count;
    done.bytes += last.byte_count;
    let rows = rows_of(stored, destinations);
    let progress =
        Progress { rows: done.rows, bytes: done.bytes, rows_per_second: 0.0, bytes_per_second: 0.0 };
    context.queue.finish_chunk(claim, last.number, progress, &rows)?;
    Ok(after(range).map(|next| (next, done)))
}

/// Every ledger must stand from `least` to `most`: a destination that is ahead of the queue or has lost chunks would
/// end with rows missing or doubled.
fn check_ledgers(
    stored: &[StoredDestination],
    destinations: &[Box<dyn Destination>],
    least: i64,
    most: i64,
) -> Result<(), JobError> {
    for (stored, destination) in stored.iter().zip(destinations) {
        let held = destination.watermark().chunk;
        if held < least || held > most {
            return Err(JobError::Ledger { id: stored.id, name: stored.name.clone(), held, known: most });
        }
    }
    Ok(())
}

fn range_of(chunk: &Chunk, key: &KeyColumns) -> Result<ChunkRange, KeyChanged> {
    let read =
        |stored: &Option<serde_json::Value>| stored.as_ref().map(|stored| key.read(stored)).transpose();
    Ok(ChunkRange { number: chunk.number, lower: read(&chunk.lower_key)?, upper: read(&chunk.upper_key)? })
}

/// The chunk behind `range`; a range without an upper bound is the last. Whether any other was, the next one shows.
fn after(range: ChunkRange) -> Option<NextChunk> {
    range.upper.map(|upper| NextChunk::New { number: range.number + 1, lower: Some(upper) })
}
