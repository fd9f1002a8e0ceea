//! Where a job goes on: the queue knows its chunks, each destination's ledger which of them it has committed.

use backfill_domain::{
    chunk::{Chunk, ChunkStatus},
    destination::Destination as StoredDestination,
    job::Job,
    plan::{Plan, Strategy},
};

use super::{Course, Done, JobContext, JobError, rows_of};
use crate::{
    destination::Destination,
    failpoint::failpoint,
    key::KeyColumns,
    queue::{Claim, Progress},
    source::{ChunkRange, NextChunk},
};

/// The next chunk to read and what is done so far; `None` when everything is.
pub(crate) fn resume(
    context: &JobContext,
    job: &Job,
    course: &Course,
    stored: &[StoredDestination],
    destinations: &[Box<dyn Destination>],
    key: &KeyColumns,
) -> Result<Option<(NextChunk, Done)>, JobError> {
    let Course { plan, first_chunk, .. } = course;
    let Some(last) = &course.last_chunk else {
        check_ledgers(stored, destinations, first_chunk - 1, first_chunk - 1)?;
        let done = Done { rows: 0, bytes: 0 };
        return Ok(NextChunk::first_of(plan, 0, *first_chunk).map(|next| (next, done)));
    };
    let mut done = Done { rows: job.count_record, bytes: job.count_byte };
    let range = ChunkRange::from_stored(last, plan, key)?;
    if last.status == ChunkStatus::Done {
        check_ledgers(stored, destinations, last.number, last.number)?;
        return Ok(behind(last, range, plan).map(|next| (next, done)));
    }
    check_ledgers(stored, destinations, last.number - 1, last.number)?;
    let committed = destinations.iter().filter(|at| at.watermark().chunk == last.number).count();
    if committed == 0 {
        return Ok(Some((range.anew(), done)));
    }
    if committed < destinations.len() {
        return Ok(Some((NextChunk::Again(range), done)));
    }
    // Every destination had committed the chunk; only the note of it was lost.
    failpoint("chunk-found-committed")?;
    let rows = rows_of(stored, destinations);
    done.rows = if plan.sections[range.section].strategy == Strategy::CatchUp {
        // Of those rows, the destinations have counted the new ones alone.
        rows.iter().map(|(_, rows)| *rows).max().unwrap_or_default()
    } else {
        done.rows + last.row_count
    };
    done.bytes += last.byte_count;
    let progress =
        Progress { rows: done.rows, bytes: done.bytes, rows_per_second: 0.0, bytes_per_second: 0.0 };
    let claim = Claim { job: job.id, attempt: job.attempt };
    context.queue.finish_chunk(claim, last.number, progress, &rows)?;
    Ok(behind(last, range, plan).map(|next| (next, done)))
}

/// The chunk behind one that is done; `None` where the plan ended with it, whatever has come to the source since.
fn behind(last: &Chunk, range: ChunkRange, plan: &Plan) -> Option<NextChunk> {
    if last.is_last { None } else { range.next(plan) }
}

/// Every ledger must stand from `least` to `most`: a destination that is ahead of the queue or has lost chunks would
/// end with rows missing or doubled.
pub(super) fn check_ledgers(
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
