//! Where a job goes on: the queue knows its chunks, each destination's ledger which of them it has committed.

use backfill_domain::{
    chunk::{Chunk, ChunkStatus},
    destination::Destination as StoredDestination,
    job::Job,
};

use super::{Done, JobContext, JobError, rows_of};
use crate::{
    destination::Destination,
    key::Key,
    queue::{Claim, Progress, QueueError},
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
) -> Result<Option<(NextChunk, Done)>, JobError> {
    let mut done = Done { rows: job.count_record, bytes: job.count_byte };
    let Some(last) = last_chunk else {
        check_ledgers(stored, destinations, 0, 0)?;
        return Ok(Some((NextChunk::New { number: 1, lower: None }, done)));
    };
    let range = range_of(&last).map_err(QueueError::from)?;
    if last.status == ChunkStatus::Done {
        check_ledgers(stored, destinations, last.number, last.number)?;
        return Ok(after(range).map(|next| (next, done)));
    }
    check_ledgers(stored, destinations, last.number - 1, last.number)?;
    if destinations.iter().any(|destination| destination.watermark().chunk < last.number) {
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

fn range_of(chunk: &Chunk) -> Result<ChunkRange, serde_json::Error> {
    let key = |stored: &Option<serde_json::Value>| stored.clone().map(Key::from_stored).transpose();
    Ok(ChunkRange { number: chunk.number, lower: key(&chunk.lower_key)?, upper: key(&chunk.upper_key)? })
}

/// The chunk behind `range`; a range without an upper bound is the last.
fn after(range: ChunkRange) -> Option<NextChunk> {
    range.upper.map(|upper| NextChunk::New { number: range.number + 1, lower: Some(upper) })
}
