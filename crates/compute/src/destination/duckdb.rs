//! A DuckDB file as a destination. A chunk is one transaction of the file: its rows and its note in the ledger, which
//! is a table of the same file.
//!
//! Rows of a table with a primary key wait in the stage until the chunk is whole and the one ahead is committed; one
//! statement takes them over, and they are found again by their keys. A table without one comes as a single chunk of
//! any size: its rows go into the table as they come, their digest is taken piece by piece, and what the table has
//! gained is compared with it.

mod fit;
mod ledger;
mod replace;
mod schema;
mod target;
mod verify;

use std::sync::Arc;

use backfill_domain::{destination::DuckDbSettings, id::DestinationId, job::WriteMode};

use self::{ledger::Ledger, replace::Replacement, schema::Name, target::Target};
use super::{
    Check, CopySpec, Destination, DestinationError, Opening, Session, SharedWatermark, Watermark,
    session::{DatabaseFile, SessionConnection, Stage},
};
use crate::{
    columnar::{Aside, Decoder, Digest},
    failpoint::failpoint,
    interrupt::Interrupts,
    wire::{Batch, Layout, Rendition},
};

/// A table in a DuckDB file.
pub(crate) struct DuckDbDestination {
    connection: SessionConnection,
    stage: Stage,
    /// What is to be done when all rows are there.
    replacement: Option<Replacement>,
    watermark: SharedWatermark,
    chunk: Option<OpenChunk>,
    // Last, so that its file is closed when nothing uses it any more.
    place: Arc<Place>,
}

/// Where rows and notes go, by whichever handle.
struct Place {
    target: Target,
    ledger: Ledger,
    file: Arc<DatabaseFile>,
}

struct OpenChunk {
    number: i64,
    decoder: Decoder,
    /// Rows in the batches that came, whatever became of them.
    taken: u64,
    /// What was given, as far as the stage does not hold it any more.
    given: Digest,
    /// Behind which row of the table new ones are, where they cannot be found again by a key.
    last_row: i64,
    /// Whether rows whose keys were there before are not counted.
    expects_known: bool,
    /// Rows that count.
    counted: u64,
    /// Whether all that was given is summed up.
    is_complete: bool,
    /// Whether its transaction has begun.
    is_begun: bool,
}

impl DuckDbDestination {
    /// Opens the file and the ledger for this attempt, and makes the table where it is absent and the job has not
    /// written to it yet.
    pub(crate) fn open(
        id: DestinationId,
        settings: &DuckDbSettings,
        spec: &Arc<CopySpec>,
        session: &mut Session,
        interrupts: &Interrupts,
    ) -> Result<Self, DestinationError> {
        let file = session.attach(&settings.path, interrupts)?;
        let connection = session.connect(interrupts)?;
        let stage = session.stage(spec, interrupts)?;
        let name = Name::new(file.alias(), &settings.schema, &spec.table.name);
        schema::create(&connection, &name)?;
        let (ledger, watermark, replaced) = Ledger::open(&connection, &name.schema_sql(), id, spec)?;
        let columns = schema::prepare(&connection, &name, spec, stage.kinds(), watermark)?;
        let replaces = spec.write_mode == WriteMode::Replace && !replaced;
        let replacement =
            replaces.then(|| Replacement::open(&connection, &name, &columns, spec, watermark)).transpose()?;
        let name = replacement.as_ref().map_or(name, |replacement| replacement.side().clone());
        let target = Target::open(&connection, name, columns, spec, stage.kinds())?;
        let (place, watermark) = (Arc::new(Place { target, ledger, file }), SharedWatermark::new(watermark));
        Ok(Self { connection, stage, replacement, watermark, chunk: None, place })
    }

    /// What opens a second handle, which stages rows of a chunk while the one ahead of it is written.
    fn second(&self) -> Opening {
        let (connection, stage) = (self.connection.another(), self.stage.another());
        let (place, watermark) = (Arc::clone(&self.place), self.watermark.clone());
        Box::new(move || {
            let (connection, stage) = (connection()?, stage()?);
            Ok(Box::new(Self { connection, stage, replacement: None, watermark, chunk: None, place }))
        })
    }

    /// Begins the chunk's transaction, unless it has begun. No other one is open at the file then: chunks that wait for
    /// others are only staged.
    fn begin_transaction(&mut self) -> Result<(), DestinationError> {
        let (Some(chunk), Place { target, file, .. }) = (&mut self.chunk, &*self.place) else {
            return Ok(());
        };
        if std::mem::replace(&mut chunk.is_begun, true) {
            return Ok(());
        }
        file.shrink()?;
        self.connection.execute_batch("BEGIN")?;
        if !target.is_keyed() {
            chunk.last_row = target.last_row(&self.connection)?;
        }
        Ok(())
    }
}

impl Destination for DuckDbDestination {
    fn renditions(&self) -> &[Rendition] {
        self.stage.renditions()
    }

    fn watermark(&self) -> Watermark {
        self.watermark.get()
    }

    fn lane(&self) -> Option<Opening> {
        self.place.target.is_keyed().then(|| self.second())
    }

    fn begin(&mut self, number: i64, layout: &Arc<Layout>) -> Result<(), DestinationError> {
        // First of all: at rest, DuckDB may have no memory left for as much as a look at its indexes.
        self.stage.begin()?;
        let decoder = self.stage.decoder(layout);
        self.chunk = Some(OpenChunk {
            number,
            decoder,
            taken: 0,
            given: Digest::default(),
            last_row: 0,
            expects_known: false,
            counted: 0,
            is_complete: false,
            is_begun: false,
        });
        if self.place.target.is_keyed() { Ok(()) } else { self.begin_transaction() }
    }

    fn expect_known_rows(&mut self) {
        if let Some(chunk) = &mut self.chunk {
            chunk.expects_known = true;
        }
    }

    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        chunk.taken += batch.rows() as u64;
        let rows = self.stage.append(&mut chunk.decoder, batch)?;
        let target = &self.place.target;
        if !target.is_keyed() {
            target.append(&self.connection, &rows)?;
            if self.stage.is_full() {
                chunk.given = chunk.given.plus(self.stage.digest(target.staged())?);
                self.stage.clear();
            }
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        if !std::mem::replace(&mut chunk.is_complete, true) {
            chunk.given = chunk.given.plus(self.stage.digest(self.place.target.staged())?);
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<(), DestinationError> {
        self.complete()?;
        self.begin_transaction()?;
        let (Some(chunk), target) = (&mut self.chunk, &self.place.target) else { return Ok(()) };
        let (held, known) = if target.is_keyed() {
            target.insert(&self.connection, &self.stage).map_err(|error| self.stage.explain(error))?
        } else if target.reads_back() {
            (Some(target.digest_behind(&self.connection, chunk.last_row)?), 0)
        } else {
            (None, 0)
        };
        chunk.counted = chunk.given.rows - if chunk.expects_known { known } else { 0 };
        let held = held.unwrap_or(chunk.given);
        // A row lost on its way to the stage is missing from both digests.
        let given = chunk.taken - chunk.decoder.aside().kept();
        if held == chunk.given && held.rows == given {
            return Ok(());
        }
        Err(DestinationError::Mismatch { chunk: chunk.number, given, held: held.rows })
    }

    fn commit(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = self.chunk.take() else { return Ok(()) };
        failpoint("duckdb-committing")?;
        let rows = self.watermark.get().rows + chunk.counted.cast_signed();
        let next = Watermark { chunk: chunk.number, rows };
        if !self.place.ledger.note(&self.connection, next)? {
            self.rollback();
            return Err(DestinationError::Fenced);
        }
        failpoint("duckdb-noted")?;
        let committed = self.connection.execute_batch("COMMIT");
        failpoint("duckdb-committed")?;
        if let Err(error) = committed {
            // An interrupt can come when the rows are in the file and DuckDB is only tidying up behind them.
            self.rollback();
            let is_held =
                matches!(self.place.ledger.read(&self.connection), Ok(Some((held, _))) if held == next);
            if !is_held {
                return Err(error.into());
            }
        }
        self.watermark.set(next);
        self.stage.end();
        Ok(())
    }

    fn take_aside(&mut self) -> Aside {
        self.chunk.as_mut().map(|chunk| chunk.decoder.take_aside()).unwrap_or_default()
    }

    fn rollback(&mut self) {
        // Outside a transaction it does nothing but complain.
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            log::debug!("nothing to roll back: {error}");
        }
        self.stage.end();
        self.chunk = None;
    }

    fn check(
        &mut self,
        number: i64,
        layout: &Arc<Layout>,
        _mends: bool,
    ) -> Result<Box<dyn Check + '_>, DestinationError> {
        Ok(Box::new(self.begin_check(number, layout)?))
    }

    fn finish(&mut self) -> Result<(), DestinationError> {
        let Some(replacement) = &self.replacement else { return Ok(()) };
        self.stage.begin()?;
        let swapped = replacement.swap(&self.connection, &self.place.target, &self.place.ledger);
        match swapped {
            Ok(()) => self.replacement = None,
            Err(_) => self.rollback(),
        }
        self.stage.end();
        swapped
    }
}

#[cfg(test)]
mod tests;
