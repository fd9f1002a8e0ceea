//! A chunk that is compared once more: its rows are staged and held against what its files say. The files are the
//! chunk's alone, so that a row too many shows as well.

use std::sync::Arc;

use super::ParquetDestination;
use crate::{
    columnar::{Aside, Digest},
    destination::{Check, Destination, DestinationError},
    failpoint::failpoint,
    wire::{Batch, Layout},
};

/// A chunk that is compared with its files.
pub(super) struct ParquetCheck<'a> {
    destination: &'a mut ParquetDestination,
    mends: bool,
    /// What was given, as far as the stage does not hold it any more and no new part does.
    given: Digest,
}

impl ParquetDestination {
    /// Begins to compare chunk `number`. To be mended, a chunk in many parts is written again while it comes.
    pub(super) fn begin_check(
        &mut self,
        number: i64,
        layout: &Arc<Layout>,
        mends: bool,
    ) -> Result<ParquetCheck<'_>, DestinationError> {
        self.begin(number, layout)?;
        Ok(ParquetCheck { destination: self, mends, given: Digest::default() })
    }

    /// What the chunk's files hold; `None` if one of them cannot be read as a part.
    fn digest_of_chunk(&self, number: i64) -> Result<Option<Digest>, DestinationError> {
        let mut held = Digest::default();
        for name in self.folder.parts_of(number)? {
            match self.columns.digest(&self.stage, &self.folder.path().join(&name)) {
                Ok(digest) => held = held.plus(digest),
                Err(DestinationError::DuckDb(error)) => {
                    log::warn!("job {}: {name} cannot be read: {error}", self.spec.job_id);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(held))
    }
}

impl Check for ParquetCheck<'_> {
    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError> {
        if self.mends {
            return self.destination.write(batch);
        }
        let ParquetDestination { stage, columns, chunk, .. } = &mut *self.destination;
        let Some(chunk) = chunk else { return Ok(()) };
        stage.append(&mut chunk.decoder, batch)?;
        if stage.is_full() {
            self.given = self.given.plus(stage.digest(columns.staged())?);
            stage.clear();
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<bool, DestinationError> {
        let ParquetDestination { stage, columns, chunk, .. } = &*self.destination;
        let Some(chunk) = chunk else { return Ok(true) };
        let staged = self.given.plus(stage.digest(columns.staged())?);
        let given = chunk.parts.iter().fold(staged, |sum, part| sum.plus(part.given));
        Ok(self.destination.digest_of_chunk(chunk.number)? == Some(given))
    }

    fn aside(&self) -> Option<&Aside> {
        self.destination.chunk.as_ref().map(|chunk| chunk.decoder.aside())
    }

    fn mend(&mut self) -> Result<(), DestinationError> {
        self.destination.verify()?;
        let ParquetDestination { folder, ledger, chunk, stage, .. } = &mut *self.destination;
        let Some(at_hand) = chunk else { return Ok(()) };
        let before = folder.parts_of(at_hand.number)?;
        ledger.check_presence()?;
        ledger.check_fence()?;
        failpoint("parquet-mending")?;
        at_hand.parts.iter().try_for_each(|part| folder.publish(&part.hidden, &part.name))?;
        let is_gone = |name: &&String| !at_hand.parts.iter().any(|part| part.name == **name);
        before.iter().filter(is_gone).try_for_each(|name| folder.remove(name))?;
        folder.sync()?;
        ledger.check_fence()?;
        *chunk = None;
        stage.end();
        Ok(failpoint("parquet-mended")?)
    }
}

impl Drop for ParquetCheck<'_> {
    fn drop(&mut self) {
        if self.destination.chunk.is_some() {
            self.destination.rollback();
        }
    }
}
