//! PostgreSQL as a destination. A chunk is one transaction: rows are copied into a temporary table as they came from
//! the source, and one INSERT moves them on and returns what the table holds of them, which is compared with what
//! was given. The note in the ledger is part of the same transaction.

mod fit;
mod prepare;

use std::{io::Write, sync::Arc};

use backfill_domain::{destination::PostgresSettings, id::DestinationId};
use backfill_pg::{CancelHandle, connect};
use postgres::Client;

use self::prepare::{Statements, prepare, session_name};
use super::{CopySpec, Destination, DestinationError, Watermark};
use crate::{
    job::Interrupts,
    wire::{Batch, BatchReader, Checksum, HEADER, Layout, Projection, Rendition, TRAILER},
};

/// A table in another PostgreSQL.
pub(crate) struct PostgresDestination {
    client: Client,
    id: DestinationId,
    spec: Arc<CopySpec>,
    renditions: Vec<Rendition>,
    statements: Statements,
    watermark: Watermark,
    chunk: Option<OpenChunk>,
}

/// The chunk whose transaction is open.
struct OpenChunk {
    number: i64,
    projection: Projection,
    layout: Arc<Layout>,
    given: Checksum,
    rows: Vec<u8>,
}

impl PostgresDestination {
    /// Connects, makes the table where it is absent, and opens the ledger for this attempt.
    pub(crate) fn open(
        id: DestinationId,
        settings: &PostgresSettings,
        spec: &Arc<CopySpec>,
        interrupts: &Interrupts,
    ) -> Result<Self, DestinationError> {
        let connection = settings.connection();
        let mut client = connect(&connection, &session_name(spec))?;
        let cancel = CancelHandle::new(&client, &connection);
        interrupts.add(move || {
            if let Err(error) = cancel.cancel() {
                log::debug!("cannot cancel the destination's statement: {error}");
            }
        });
        let prepared = prepare(&mut client, &settings.schema, id, spec)?;
        Ok(Self {
            client,
            id,
            spec: spec.clone(),
            renditions: prepared.renditions,
            statements: prepared.statements,
            watermark: prepared.watermark,
            chunk: None,
        })
    }
}

impl Destination for PostgresDestination {
    fn renditions(&self) -> &[Rendition] {
        &self.renditions
    }

    fn watermark(&self) -> Watermark {
        self.watermark
    }

    fn begin(&mut self, number: i64, layout: &Arc<Layout>) -> Result<(), DestinationError> {
        self.client.batch_execute("BEGIN")?;
        self.chunk = Some(OpenChunk {
            number,
            projection: layout.projection(&self.renditions),
            layout: layout.clone(),
            given: Checksum::default(),
            rows: Vec::new(),
        });
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), DestinationError> {
        if let Some(chunk) = &mut self.chunk {
            let rows = chunk.take(batch);
            let mut copy = self.client.copy_in(&self.statements.stage)?;
            let written = copy
                .write_all(HEADER)
                .and_then(|()| copy.write_all(rows))
                .and_then(|()| copy.write_all(TRAILER));
            written.map_err(|error| DestinationError::Stream(error.into()))?;
            copy.finish()?;
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = &self.chunk else { return Ok(()) };
        let mut held = Checksum::default();
        let stream = self.client.copy_out(&self.statements.insert)?;
        let mut batches = BatchReader::new(stream, self.renditions.len(), usize::MAX);
        while let Some(batch) = batches.next()? {
            batch.tuples().for_each(|tuple| held.add(tuple.bytes()));
        }
        if held == chunk.given {
            return Ok(());
        }
        Err(DestinationError::Mismatch { chunk: chunk.number, given: chunk.given.rows, held: held.rows })
    }

    fn commit(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = &self.chunk else { return Ok(()) };
        let rows = self.watermark.rows + chunk.given.rows as i64;
        let noted = self.client.execute(
            &self.statements.note,
            &[&chunk.number, &rows, &self.spec.job_uid, &self.id.0, &self.spec.attempt],
        )?;
        if noted == 0 {
            return Err(DestinationError::Fenced);
        }
        self.client.batch_execute("COMMIT")?;
        self.watermark = Watermark { chunk: chunk.number, rows };
        self.chunk = None;
        Ok(())
    }

    fn rollback(&mut self) {
        if self.chunk.take().is_some()
            && let Err(error) = self.client.batch_execute("ROLLBACK")
        {
            log::debug!("job {}: cannot roll back, the server will: {error}", self.spec.job_id);
        }
    }
}

impl OpenChunk {
    /// The batch's rows with this destination's columns alone, counted and summed up.
    fn take<'a>(&'a mut self, batch: &'a Batch) -> &'a [u8] {
        if self.projection.is_whole_row(self.layout.width()) {
            batch.tuples().for_each(|tuple| self.given.add(tuple.bytes()));
            return batch.bytes();
        }
        self.rows.clear();
        let positions = self.projection.positions();
        let count = (positions.len() as i16).to_be_bytes();
        let mut fields = Vec::new();
        for tuple in batch.tuples() {
            let start = self.rows.len();
            fields.clear();
            fields.extend(tuple.fields());
            self.rows.extend(count);
            positions.iter().for_each(|at| push_field(&mut self.rows, fields[*at]));
            self.given.add(&self.rows[start..]);
        }
        &self.rows
    }
}

fn push_field(rows: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        Some(field) => {
            rows.extend((field.len() as i32).to_be_bytes());
            rows.extend(field);
        }
        None => rows.extend((-1_i32).to_be_bytes()),
    }
}
