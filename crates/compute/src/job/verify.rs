//! Compares what the destinations hold of a copied job with what the source has by now, chunk by chunk, and mends what
//! differs if that is wanted.
//!
//! What is found is noted for each chunk at once: a pass that was interrupted goes on behind the last one it has seen.
//! Only chunks by pages must all be seen under one snapshot, which ends with the attempt: rows move between pages. A pass
//! over those begins anew, and one that mends Parquet files of them looks at all of them, not only at those that differ.

use backfill_domain::{
    chunk::Chunk,
    destination::{Destination as StoredDestination, DestinationSettings},
    id::DestinationId,
    job::Task,
    plan::Strategy,
};

use super::{Control, JobError, copy::Ending, reading::Reading};
use crate::{
    columnar::KeptRow,
    destination::{Check, Destination, DestinationError},
    failpoint::failpoint,
    queue::{Claim, Scope},
    source::{ChunkRange, Reader},
};

/// A pass over the chunks of a job.
pub(super) struct Pass<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) claim: Claim,
    pub(super) control: &'a Control,
    pub(super) reader: Reader,
    pub(super) stored: &'a [StoredDestination],
    pub(super) settings: &'a [DestinationSettings],
    pub(super) destinations: &'a mut [Box<dyn Destination>],
}

/// Whether a destination that was looked at differs in a chunk.
type Verdict = (DestinationId, bool);

impl Pass<'_> {
    /// Looks at the chunks.
    pub(super) fn run(mut self) -> Result<Ending, JobError> {
        let queue = &self.reading.context.queue;
        let is_of_one_moment = self.reader.walk().plan().needs_snapshot();
        let mends_files = self.mends() && !self.settings.iter().all(DestinationSettings::takes_changes);
        queue.begin_pass(self.claim, is_of_one_moment && !self.mends())?;
        let scope = match self.mends() {
            true if is_of_one_moment && mends_files => Scope::All,
            true => Scope::Differing,
            false => Scope::Unseen,
        };
        let mut behind = 0;
        while let Some(chunk) = queue.next_chunk(self.claim.job, behind, scope)? {
            behind = chunk.number;
            let verdicts = self.look_at(&chunk, scope)?;
            // What an interrupted look has found is nothing.
            if self.control.stop().is_some() {
                return Ok(Ending::Stopped);
            }
            queue.note_differences(self.claim, chunk.number, &differing(&chunk, &verdicts))?;
            failpoint("chunk-seen")?;
        }
        Ok(Ending::Completed)
    }

    fn mends(&self) -> bool {
        self.reading.job.task == Task::Repair
    }

    /// Whether the destination at this place takes part in the look at a chunk.
    fn concerns(&self, at: usize, chunk: &Chunk, strategy: Strategy, scope: Scope) -> bool {
        let takes_changes = self.settings[at].takes_changes();
        let is_wanted = match scope {
            Scope::Unseen => true,
            Scope::All if !takes_changes => true,
            Scope::Differing | Scope::All => {
                chunk.differs.iter().flatten().any(|id| *id == self.stored[at].id)
            }
        };
        is_wanted && (takes_changes || strategy != Strategy::CatchUp)
    }

    /// Reads a chunk once more, holds it against each destination that it concerns, and mends it there if it is to.
    fn look_at(&mut self, chunk: &Chunk, scope: Scope) -> Result<Vec<Verdict>, JobError> {
        let walk = self.reader.walk();
        let range = ChunkRange::from_stored(chunk, walk.plan(), walk.key())?;
        let strategy = walk.strategy(range.section);
        let concerned: Vec<_> =
            (0..self.stored.len()).map(|at| self.concerns(at, chunk, strategy, scope)).collect();
        let (mends, reading, control) = (self.mends(), self.reading, self.control);
        let layout = self.reader.layout().clone();
        let turn = self.reader.turn(&|| control.stop().is_some());
        let _turn = turn.map_err(|error| reading.failed(error))?;
        let mut checks = Vec::new();
        let places = self.stored.iter().zip(self.destinations.iter_mut()).zip(concerned);
        for ((stored, destination), _) in places.filter(|(_, concerned)| *concerned) {
            let check = destination.check(chunk.number, &layout, mends);
            checks.push((stored, check.map_err(|error| JobError::at(stored, error))?));
        }
        if checks.is_empty() {
            return Ok(Vec::new());
        }
        let read = self.reader.read_again(&range, |batch| {
            if control.stop().is_some() {
                return Err(JobError::Stopped);
            }
            checks.iter_mut().try_for_each(|(stored, check)| {
                check.write(batch).map_err(|error| JobError::at(stored, error))
            })
        });
        read.map_err(|error| reading.failed(error))??;
        let judge = |(stored, check): (_, Box<dyn Check + '_>)| judge(reading, chunk, stored, check, mends);
        checks.into_iter().map(judge).collect()
    }
}

/// Whether a destination differs; not any more, once it is mended.
fn judge(
    reading: &Reading<'_>,
    chunk: &Chunk,
    stored: &StoredDestination,
    mut check: Box<dyn Check + '_>,
    mends: bool,
) -> Result<Verdict, JobError> {
    let at_destination = |error| JobError::at(stored, error);
    let is_equal = check.compare().map_err(at_destination)?;
    let kept = check.aside().map(|aside| aside.rows.as_slice()).unwrap_or_default();
    let unknown = unknown(reading, chunk, stored, kept)?;
    match unknown {
        Some(row) if mends => return Err(at_destination(refusal(&reading.job.table_name, row))),
        None if is_equal => return Ok((stored.id, false)),
        _ if !mends => return Ok((stored.id, true)),
        _ => {}
    }
    check.mend().map_err(at_destination)?;
    failpoint("chunk-mended")?;
    log::info!("job {}: chunk {} is mended at {}", reading.job.id, chunk.number, stored.name);
    Ok((stored.id, false))
}

/// A row that the destination cannot hold and that is not in quarantine.
fn unknown<'a>(
    reading: &Reading<'_>,
    chunk: &Chunk,
    stored: &StoredDestination,
    kept: &'a [KeptRow],
) -> Result<Option<&'a KeptRow>, JobError> {
    if kept.is_empty() {
        return Ok(None);
    }
    let known = reading.context.queue.kept_keys(reading.job.id, chunk.number, stored.id)?;
    let is_surplus = kept.len() > known.len();
    Ok(kept.iter().find(|row| is_surplus || !known.contains(&row.key)))
}

fn refusal(table: &str, row: &KeptRow) -> DestinationError {
    let key = row
        .key
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name} = {}", value.as_str().unwrap_or_default()));
    DestinationError::Value {
        table: table.to_owned(),
        column: row.column.clone(),
        key: key.collect::<Vec<_>>().join(", "),
        value: row.value.chars().take(100).collect(),
        reason: format!("{}; a repair sets no rows aside: start a new job", row.reason),
    }
}

/// The destinations that differ in a chunk by these verdicts. What was not looked at is as it was.
fn differing(chunk: &Chunk, verdicts: &[Verdict]) -> Vec<DestinationId> {
    let is_unseen = |id: &DestinationId| !verdicts.iter().any(|(seen, _)| seen == id);
    let before = chunk.differs.iter().flatten().copied().filter(is_unseen);
    before.chain(verdicts.iter().filter(|(_, differs)| *differs).map(|(id, _)| *id)).collect()
}
