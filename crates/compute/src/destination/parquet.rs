//! Parquet files below a folder as a destination. A part is written under a hidden name, read back, and renamed when
//! the chunk is committed; then the ledger, a small file beside the parts, notes the chunk, by a rename as well.
//!
//! A part's name follows from its chunk. Should the note be lost after the rename, the chunk is done again, and its
//! parts take the place of the same rows. A chunk of a table without a primary key is the whole table: it comes in
//! many parts of a bounded size.
//!
//! Parquet has no infinite dates and timestamps. DuckDB writes its own, the largest and smallest numbers of the type,
//! and reads them back as what they are; other readers see dates far beyond the calendar.

mod columns;
mod folder;
mod ledger;
mod verify;

use std::{path::PathBuf, sync::Arc};

use backfill_domain::{
    destination::ParquetSettings,
    job::{Task, WriteMode},
    options::Verification,
    parquet::part_name,
};

use self::{
    columns::Columns,
    folder::{JobFolder, hidden_name, sync, take_back},
    ledger::Ledger,
};
use super::{
    Check, CopySpec, Destination, DestinationError, Opening, Session, SharedWatermark, Watermark,
    session::Stage,
};
use crate::{
    columnar::{Aside, Decoder, Digest},
    failpoint::failpoint,
    interrupt::Interrupts,
    wire::{Batch, Layout, Rendition},
};

/// A job's Parquet files, in a folder of their own.
pub(crate) struct ParquetDestination {
    spec: Arc<CopySpec>,
    stage: Stage,
    columns: Columns,
    folder: JobFolder,
    ledger: Ledger,
    watermark: SharedWatermark,
    chunk: Option<OpenChunk>,
}

struct OpenChunk {
    number: i64,
    decoder: Decoder,
    /// Rows in the batches that came, whatever became of them.
    taken: u64,
    parts: Vec<Part>,
    /// Whether the files were found to hold what was given before it was the chunk's turn.
    is_proven: bool,
    /// Whether a note for the ledger is written.
    is_noted: bool,
}

/// A file that is written and not yet committed.
struct Part {
    hidden: PathBuf,
    name: String,
    given: Digest,
}

impl ParquetDestination {
    /// Makes the job's folder, takes it for this attempt, and removes what an earlier one did not bring to an end.
    ///
    /// # Errors
    /// [`DestinationError::Table`] if parts that the job has committed are gone, or the folder is another job's.
    pub(crate) fn open(
        settings: &ParquetSettings,
        spec: &Arc<CopySpec>,
        session: &mut Session,
        interrupts: &Interrupts,
    ) -> Result<Self, DestinationError> {
        let stage = session.stage(spec, interrupts)?;
        let columns = Columns::new(&spec.table, stage.kinds(), spec.options.verification);
        let folder = JobFolder::open(&settings.path, &spec.table, spec.job_id)?;
        let (ledger, watermark) = Ledger::open(&folder, spec)?;
        // Behind a copy, what is missing is for a look to find, and a repair may leave fewer rows than were copied.
        let is_copied = spec.task != Task::Copy;
        if !is_copied && watermark.rows > 0 && columns::count(&stage, &folder.parts()?)? < watermark.rows {
            return Err(DestinationError::Table {
                table: folder.path().display().to_string(),
                reason: format!(
                    "parts were removed after {} rows of this job; start a new job",
                    watermark.rows
                ),
            });
        }
        let watermark = SharedWatermark::new(watermark);
        Ok(Self { spec: Arc::clone(spec), stage, columns, folder, ledger, watermark, chunk: None })
    }

    /// What opens a second handle. The parts of two chunks are different files; their notes are written one by one.
    fn second(&self) -> Opening {
        let (spec, stage) = (Arc::clone(&self.spec), self.stage.another());
        let (columns, folder) = (self.columns.clone(), self.folder.clone());
        let (ledger, watermark) = (self.ledger.clone(), self.watermark.clone());
        Box::new(move || {
            let stage = stage()?;
            Ok(Box::new(Self { spec, stage, columns, folder, ledger, watermark, chunk: None }))
        })
    }

    /// Whether a chunk is as small as the planner of chunks made it, and thus one part.
    fn is_keyed(&self) -> bool {
        !self.spec.source.primary_key.is_empty()
    }

    /// Writes the staged rows as the chunk's next part, and empties the stage.
    fn write_part(&mut self) -> Result<(), DestinationError> {
        let is_keyed = self.is_keyed();
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        let name = part_name(chunk.number, (!is_keyed).then_some(chunk.parts.len() + 1));
        let hidden = self.folder.path().join(hidden_name(&name, self.spec.attempt));
        let given = self.stage.digest(self.columns.staged())?;
        // Known before it is there, so that one which cannot be written to its end is taken back, too.
        chunk.parts.push(Part { hidden: hidden.clone(), name, given });
        self.columns.write(&self.stage, &hidden)?;
        sync(&hidden)?;
        failpoint("parquet-part-written")?;
        self.stage.clear();
        Ok(())
    }
}

impl Destination for ParquetDestination {
    fn renditions(&self) -> &[Rendition] {
        self.stage.renditions()
    }

    fn watermark(&self) -> Watermark {
        self.watermark.get()
    }

    fn lane(&self) -> Option<Opening> {
        self.is_keyed().then(|| self.second())
    }

    fn begin(&mut self, number: i64, layout: &Arc<Layout>) -> Result<(), DestinationError> {
        self.stage.begin()?;
        self.chunk = Some(OpenChunk {
            number,
            decoder: self.stage.decoder(layout),
            taken: 0,
            parts: Vec::new(),
            is_proven: false,
            is_noted: false,
        });
        Ok(())
    }

    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        chunk.taken += batch.rows() as u64;
        self.stage.append(&mut chunk.decoder, batch)?;
        if !self.is_keyed() && self.stage.is_full() { self.write_part() } else { Ok(()) }
    }

    /// Its files are nobody's but its own: it need not wait for the chunk ahead.
    fn complete(&mut self) -> Result<(), DestinationError> {
        self.verify()?;
        if let Some(chunk) = &mut self.chunk {
            chunk.is_proven = true;
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<(), DestinationError> {
        if self.chunk.as_ref().is_some_and(|chunk| chunk.is_proven) {
            return Ok(());
        }
        let is_first = self
            .chunk
            .as_ref()
            .is_some_and(|chunk| chunk.number == self.spec.first_chunk && chunk.parts.is_empty());
        // An empty table, too, gets a file: one that shows its columns.
        if is_first || !self.stage.is_empty() {
            self.write_part()?;
        }
        let Some(chunk) = &self.chunk else { return Ok(()) };
        let mismatch = |given, held| Err(DestinationError::Mismatch { chunk: chunk.number, given, held });
        let reads_back = self.spec.options.verification != Verification::Off;
        let mut rows = 0;
        for part in &chunk.parts {
            let held = if reads_back { self.columns.digest(&self.stage, &part.hidden)? } else { part.given };
            if held != part.given {
                return mismatch(part.given.rows, held.rows);
            }
            rows += held.rows;
        }
        // A row lost on its way to the stage is missing from both digests.
        let given = chunk.taken - chunk.decoder.aside().kept();
        if rows == given { Ok(()) } else { mismatch(given, rows) }
    }

    fn commit(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        let rows = chunk.parts.iter().map(|part| part.given.rows.cast_signed()).sum::<i64>();
        let rows = self.watermark.get().rows + rows;
        let reached = Watermark { chunk: chunk.number, rows };
        // What takes space comes before the first rename: then there is little left that can fail.
        self.ledger.check_presence()?;
        chunk.is_noted = true;
        self.ledger.prepare(reached)?;
        self.ledger.check_fence()?;
        failpoint("parquet-committing")?;
        for part in &chunk.parts {
            self.folder.publish(&part.hidden, &part.name)?;
            failpoint("parquet-part-renamed")?;
        }
        self.folder.sync()?;
        // Renames take time: where a later attempt has come meanwhile, the chunk is that one's.
        self.ledger.check_fence()?;
        failpoint("parquet-published")?;
        self.ledger.publish(&self.folder)?;
        failpoint("parquet-noted")?;
        self.watermark.set(reached);
        self.chunk = None;
        self.stage.end();
        Ok(())
    }

    fn take_aside(&mut self) -> Aside {
        self.chunk.as_mut().map(|chunk| chunk.decoder.take_aside()).unwrap_or_default()
    }

    fn rollback(&mut self) {
        // Hidden files alone: parts that were renamed are a later attempt's to judge, which may be there already.
        if let Some(chunk) = self.chunk.take() {
            chunk.parts.iter().for_each(|part| take_back(&part.hidden));
            // A note may be another handle's.
            if chunk.is_noted {
                self.ledger.take_back();
            }
        }
        self.stage.end();
    }

    fn check(
        &mut self,
        number: i64,
        layout: &Arc<Layout>,
        mends: bool,
    ) -> Result<Box<dyn Check + '_>, DestinationError> {
        Ok(Box::new(self.begin_check(number, layout, mends)?))
    }

    fn finish(&mut self) -> Result<(), DestinationError> {
        if self.spec.write_mode != WriteMode::Replace || self.ledger.is_replaced() {
            return Ok(());
        }
        self.ledger.check_fence()?;
        self.folder.make_current(self.spec.attempt)?;
        self.ledger.note_replaced(&self.folder, self.watermark.get())
    }
}

#[cfg(test)]
mod tests;
