//! Which plan a job follows: the one that its first attempt made, for as long as that can be kept.

use backfill_domain::{
    chunk::{Chunk, ChunkStatus},
    job::{Job, WriteMode},
    plan::{Guarantee, Plan, Wishes},
};
use backfill_pg::Client;

use crate::source::{self, Selection, SourceError};

/// How an attempt goes about its job.
#[derive(Debug)]
pub(crate) struct Course {
    /// The plan.
    pub(crate) plan: Plan,
    /// Chunks before this one were given up.
    pub(crate) first_chunk: i64,
    /// The chunk that was begun last, of those that were not.
    pub(crate) last_chunk: Option<Chunk>,
    /// Rows expected in all.
    pub(crate) expected_rows: i64,
}

impl Course {
    /// The course of `job`, whose last chunk is `last_chunk`.
    ///
    /// # Errors
    /// [`SourceError::SnapshotLost`] if the job was to be of one point in time, which has passed.
    pub(crate) fn set(
        client: &mut Client,
        selection: &Selection,
        job: &Job,
        last_chunk: Option<Chunk>,
        takes_changes: bool,
    ) -> Result<Self, SourceError> {
        let guarantee = job.options.guarantee;
        let wishes = Wishes { write_mode: job.write_mode, guarantee, takes_changes };
        let last_chunk = last_chunk.filter(|chunk| chunk.number >= job.first_chunk);
        let (fresh, expected_rows) = source::plan(client, selection, &wishes)?;
        let first_chunk = job.first_chunk;
        Ok(match (&job.plan, last_chunk) {
            (Some(plan), last_chunk) if !plan.needs_snapshot() => {
                Self { plan: plan.clone(), first_chunk, last_chunk, expected_rows }
            }
            // All is read; what is left needs no snapshot.
            (Some(plan), Some(last)) if last.is_last && last.status == ChunkStatus::Done => {
                Self { plan: plan.clone(), first_chunk, last_chunk: Some(last), expected_rows }
            }
            (_, None) => Self { plan: fresh, first_chunk, last_chunk: None, expected_rows },
            (_, Some(last)) => {
                let plan = start_over(client, selection, &wishes, fresh, last.attempt)?;
                Self { plan, first_chunk: last.number + 1, last_chunk: None, expected_rows }
            }
        })
    }
}

/// The plan of a job whose snapshot has ended with the attempt that held it. What goes on being of one point in time
/// starts over under another snapshot, which only a table that is replaced as a whole allows. Anything else goes on
/// along the key, so that nothing is lost once more.
fn start_over(
    client: &mut Client,
    selection: &Selection,
    wishes: &Wishes,
    fresh: Plan,
    attempt: i32,
) -> Result<Plan, SourceError> {
    let lost = format!("The snapshot of attempt {attempt} ended with it, and the copy began anew.");
    let mut plan = match (wishes.guarantee, wishes.write_mode) {
        (Some(Guarantee::Snapshot), WriteMode::Replace) => fresh,
        (Some(Guarantee::Snapshot), _) => return Err(SourceError::SnapshotLost),
        _ => source::plan(client, selection, &Wishes { guarantee: Some(Guarantee::Chunked), ..*wishes })?.0,
    };
    plan.explanation = format!("{lost} {}", plan.explanation);
    Ok(plan)
}
