//! The note of how far a job has come, in the file that its rows are in.

use backfill_domain::{id::DestinationId, sql::identifier};
use duckdb::{Connection, OptionalExt, params};
use uuid::Uuid;

use crate::destination::{CopySpec, DestinationError, Watermark};

/// The ledger's table, beside the destination's.
pub(super) const TABLE: &str = "_backfill_ledger";

/// One job's row of the ledger.
pub(super) struct Ledger {
    table: String,
    job: Uuid,
    destination: DestinationId,
    attempt: i32,
}

impl Ledger {
    /// Takes the job's row for this attempt, and reads how far the job has come, and whether its rows have taken the
    /// place of a table's.
    ///
    /// # Errors
    /// [`DestinationError::Fenced`] if a later attempt has been here.
    pub(super) fn open(
        connection: &Connection,
        schema: &str,
        destination: DestinationId,
        spec: &CopySpec,
    ) -> Result<(Self, Watermark, bool), DestinationError> {
        let table = format!("{schema}.{}", identifier(TABLE));
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (job_uid UUID, destination_id BIGINT, attempt INTEGER NOT NULL, \
             chunk BIGINT NOT NULL, rows BIGINT NOT NULL, replaced BOOLEAN DEFAULT false, \
             PRIMARY KEY (job_uid, destination_id))"
        ))?;
        // The ledger of an earlier version.
        if connection.prepare(&format!("SELECT replaced FROM {table}")).is_err() {
            connection
                .execute_batch(&format!("ALTER TABLE {table} ADD COLUMN replaced BOOLEAN DEFAULT false"))?;
        }
        let ledger = Self { table, job: spec.job_uid, destination, attempt: spec.attempt };
        // One statement, thus one transaction; the condition keeps a later attempt's row as it is.
        connection.execute(
            &format!(
                "INSERT INTO {table} AS ledger VALUES (?::UUID, ?, ?, ?::BIGINT - 1, 0, false) \
                 ON CONFLICT (job_uid, destination_id) DO UPDATE SET attempt = excluded.attempt, \
                     chunk = greatest(ledger.chunk, excluded.chunk), \
                     rows = CASE WHEN ledger.chunk > excluded.chunk THEN ledger.rows ELSE 0 END \
                 WHERE ledger.attempt <= excluded.attempt",
                table = ledger.table
            ),
            params![ledger.job.to_string(), destination.0, ledger.attempt, spec.first_chunk],
        )?;
        let (watermark, replaced) = ledger.read(connection)?.ok_or(DestinationError::Fenced)?;
        Ok((ledger, watermark, replaced))
    }

    /// What the row says; `None` if a later attempt has taken over.
    pub(super) fn read(&self, connection: &Connection) -> duckdb::Result<Option<(Watermark, bool)>> {
        let sql = format!(
            "SELECT chunk, rows, replaced FROM {} WHERE job_uid = ?::UUID AND destination_id = ? AND attempt = ?",
            self.table
        );
        let key = params![self.job.to_string(), self.destination.0, self.attempt];
        connection
            .query_row(&sql, key, |row| {
                Ok((Watermark { chunk: row.get(0)?, rows: row.get(1)? }, row.get(2)?))
            })
            .optional()
    }

    /// Notes that a chunk is done, in the transaction that is open. False if a later attempt has taken over, or the
    /// chunk is not the next one: then nothing of this transaction may be committed.
    pub(super) fn note(&self, connection: &Connection, reached: Watermark) -> duckdb::Result<bool> {
        let sql = format!(
            "UPDATE {} SET chunk = ?, rows = ? \
             WHERE job_uid = ?::UUID AND destination_id = ? AND attempt = ? AND chunk = ?",
            self.table
        );
        let noted = connection.execute(
            &sql,
            params![
                reached.chunk,
                reached.rows,
                self.job.to_string(),
                self.destination.0,
                self.attempt,
                reached.chunk - 1
            ],
        )?;
        Ok(noted == 1)
    }

    /// Notes, in the transaction that is open, that a chunk was written once more, which moves nothing. False if a later
    /// attempt has taken over: then nothing of this transaction may be committed.
    pub(super) fn note_mended(&self, connection: &Connection) -> duckdb::Result<bool> {
        let sql = format!(
            "UPDATE {} SET attempt = attempt WHERE job_uid = ?::UUID AND destination_id = ? AND attempt = ?",
            self.table
        );
        let noted =
            connection.execute(&sql, params![self.job.to_string(), self.destination.0, self.attempt])?;
        Ok(noted == 1)
    }

    /// Notes, in the transaction that is open, that the job's rows have taken the place of a table's. False if a later
    /// attempt has taken over: then nothing of this transaction may be committed.
    pub(super) fn note_replaced(&self, connection: &Connection) -> duckdb::Result<bool> {
        let sql = format!(
            "UPDATE {} SET replaced = true WHERE job_uid = ?::UUID AND destination_id = ? AND attempt = ?",
            self.table
        );
        let noted =
            connection.execute(&sql, params![self.job.to_string(), self.destination.0, self.attempt])?;
        Ok(noted == 1)
    }
}
