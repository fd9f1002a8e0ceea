//! The proof of a chunk whose rows are counted and not summed up, or not even that: no row is sent back.

use backfill_domain::{job::WriteMode, options::Verification};

use super::{PostgresDestination, Route, mismatch};
use crate::destination::DestinationError;

impl PostgresDestination {
    /// Moves staged rows on, and compares what the server says of the number of rows that it has written. A trigger that
    /// drops rows shows in it.
    pub(super) fn verify_count(&mut self) -> Result<(), DestinationError> {
        let is_staged = self.statements.direct.is_none() || self.route == Route::Staged;
        if is_staged {
            self.count_known()?;
        }
        let Some(chunk) = &self.chunk else { return Ok(()) };
        let written = match &self.statements.known {
            // What makes sure that nothing is missing is no proof, but how the rows get there.
            Some(known) if is_staged && self.mode == WriteMode::InsertMissing => {
                return self.add_missing_counted(&known.clone());
            }
            _ if is_staged => self.client.execute(self.statements.insert().0, &[])?,
            _ => chunk.copied,
        };
        if self.spec.options.verification == Verification::Off || written == chunk.given.rows {
            return Ok(());
        }
        Err(mismatch(chunk, written))
    }

    /// Adds rows until the key of each is there: one that was in the way of another may be removed by somebody else.
    fn add_missing_counted(&mut self, known: &str) -> Result<(), DestinationError> {
        let Some(chunk) = &self.chunk else { return Ok(()) };
        loop {
            let added = self.client.execute(self.statements.insert().0, &[])?;
            let held = self.client.query_one(known, &[])?.get::<_, i64>(0).cast_unsigned();
            if held == chunk.given.rows {
                return Ok(());
            }
            if added == 0 {
                return Err(mismatch(chunk, held));
            }
        }
    }
}
