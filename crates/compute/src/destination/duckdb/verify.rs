//! A chunk that is compared once more: its rows are staged, and what the table holds of their keys is held against them.

use std::sync::Arc;

use super::{DuckDbDestination, Place};
use crate::{
    columnar::{Aside, Digest},
    destination::{Check, Destination, DestinationError},
    failpoint::failpoint,
    wire::{Batch, Layout},
};

/// A chunk that is compared with what a DuckDB file holds of it.
pub(super) struct DuckDbCheck<'a> {
    destination: &'a mut DuckDbDestination,
    given: Digest,
}

impl DuckDbDestination {
    /// Begins to compare chunk `number`.
    pub(super) fn begin_check(
        &mut self,
        number: i64,
        layout: &Arc<Layout>,
    ) -> Result<DuckDbCheck<'_>, DestinationError> {
        if !self.place.target.is_keyed() {
            return Err(self.place.target.error("its rows are not found again without a key"));
        }
        self.begin(number, layout)?;
        self.begin_transaction()?;
        Ok(DuckDbCheck { destination: self, given: Digest::default() })
    }
}

impl Check for DuckDbCheck<'_> {
    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError> {
        // With a key, rows stay in the stage.
        self.destination.write(batch)
    }

    fn compare(&mut self) -> Result<bool, DestinationError> {
        let DuckDbDestination { stage, place, connection, .. } = &*self.destination;
        let target = &place.target;
        self.given = stage.digest(target.staged())?;
        Ok(target.digest_of_staged_keys(connection, stage)? == self.given)
    }

    fn aside(&self) -> Option<&Aside> {
        self.destination.chunk.as_ref().map(|chunk| chunk.decoder.aside())
    }

    fn mend(&mut self) -> Result<(), DestinationError> {
        let DuckDbDestination { stage, place, connection, chunk, .. } = &mut *self.destination;
        let Place { target, ledger, .. } = &**place;
        let Some(at_hand) = chunk else { return Ok(()) };
        let held = target.mend(connection, stage)?;
        let given = at_hand.taken - at_hand.decoder.aside().kept();
        if held != self.given || held.rows != given {
            return Err(DestinationError::Mismatch { chunk: at_hand.number, given, held: held.rows });
        }
        failpoint("duckdb-mending")?;
        if !ledger.note_mended(connection)? {
            return Err(DestinationError::Fenced);
        }
        connection.execute_batch("COMMIT")?;
        *chunk = None;
        stage.end();
        Ok(failpoint("duckdb-mended")?)
    }
}

impl Drop for DuckDbCheck<'_> {
    fn drop(&mut self) {
        if self.destination.chunk.is_some() {
            self.destination.rollback();
        }
    }
}
