//! A chunk that is compared once more. Its rows are staged, and the table's rows of the same keys are sent back in the form
//! in which an INSERT would return them. Everything happens in one transaction, which is rolled back unless it mends.

use std::sync::Arc;

use super::{PostgresDestination, copy_in, mismatch, move_on, read_back, statements::CheckStatements};
use crate::{
    destination::{Check, Destination, DestinationError},
    failpoint::failpoint,
    wire::{Batch, Checksum, Layout},
};

/// A chunk that is compared with what a PostgreSQL holds of it.
pub(super) struct PostgresCheck<'a>(&'a mut PostgresDestination);

impl PostgresDestination {
    /// Begins to compare chunk `number`.
    pub(super) fn begin_check(
        &mut self,
        number: i64,
        layout: &Arc<Layout>,
    ) -> Result<PostgresCheck<'_>, DestinationError> {
        self.check_statements()?;
        self.begin(number, layout)?;
        Ok(PostgresCheck(self))
    }

    fn check_statements(&self) -> Result<&CheckStatements, DestinationError> {
        self.statements
            .check
            .as_ref()
            .ok_or_else(|| self.refuse("its rows are not found again without a key"))
    }

    fn refuse(&self, reason: &str) -> DestinationError {
        DestinationError::Table { table: self.spec.table.table_name().to_string(), reason: reason.to_owned() }
    }
}

impl Check for PostgresCheck<'_> {
    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.0.chunk else { return Ok(()) };
        let rows = chunk.take(batch);
        copy_in(&mut self.0.client, &self.0.statements.stage, &rows).map(drop)
    }

    fn compare(&mut self) -> Result<bool, DestinationError> {
        let compare = self.0.check_statements()?.compare.clone();
        let Some(chunk) = &self.0.chunk else { return Ok(true) };
        Ok(read_back(&mut self.0.client, &compare, chunk.width())? == chunk.given)
    }

    fn mend(&mut self) -> Result<(), DestinationError> {
        let check = self.0.check_statements()?;
        let key = self.0.spec.table.primary_key.join(", ");
        let missing = || self.0.refuse(&format!("repair needs a unique index on ({key}): make one"));
        let (mend, note) = (check.mend.clone().ok_or_else(missing)?, check.note.clone());
        let PostgresDestination { client, statements, chunk, spec, id, .. } = &mut *self.0;
        let Some(given) = chunk else { return Ok(()) };
        let mut held = Checksum::default();
        move_on(client, (&mend, &statements.returning), given.width(), |row| held.add(row))?;
        if held != given.given {
            return Err(mismatch(given, held.rows));
        }
        failpoint("postgres-mending")?;
        if client.execute(&note, &[&spec.job_uid, &id.0, &spec.attempt])? == 0 {
            return Err(DestinationError::Fenced);
        }
        client.batch_execute("COMMIT")?;
        *chunk = None;
        Ok(failpoint("postgres-mended")?)
    }
}

impl Drop for PostgresCheck<'_> {
    fn drop(&mut self) {
        self.0.rollback();
    }
}
