//! Where rows go. A destination takes chunks, each as one transaction that holds the rows and the note in its ledger
//! that the chunk is done; it proves that it holds what it was given before it commits.
//!
//! To add one: implement [`Destination`] in a module of its own and name it in [`open`].

mod duckdb;
mod error;
mod parquet;
mod postgres;
mod session;
#[cfg(test)]
mod types_page;

use std::sync::{Arc, Mutex, PoisonError};

use backfill_domain::{
    catalog::{OwnType, Table},
    destination::DestinationSettings,
    id::{DestinationId, JobId},
    job::{Task, WriteMode},
    options::CopyOptions,
};
use uuid::Uuid;

pub(crate) use self::{error::DestinationError, session::Session};
use crate::{
    columnar::Aside,
    interrupt::Interrupts,
    wire::{Batch, Layout, Rendition},
};

/// What a job asks of its destinations.
#[derive(Debug, Clone)]
pub(crate) struct CopySpec {
    /// The job, for names that people see.
    pub(crate) job_id: JobId,
    /// The job, in ledgers that several metadata databases may share.
    pub(crate) job_uid: Uuid,
    /// The claim under which it runs. A destination that has seen a higher one takes no more writes of this one.
    pub(crate) attempt: i32,
    /// The source's table as it is read: the columns that are copied, and then those of its key that are not.
    pub(crate) source: Table,
    /// The table as destinations are to have it: the same columns, under the names that they have there. It has a key
    /// if all of the source's is copied.
    pub(crate) table: Table,
    /// The types of the source's own that it is made of.
    pub(crate) own_types: Vec<OwnType>,
    /// What the job does.
    pub(crate) task: Task,
    /// What happens to keys that exist already.
    pub(crate) write_mode: WriteMode,
    /// What the job was told beyond that.
    pub(crate) options: CopyOptions,
    /// Chunks before this one were given up: a ledger that stands before it goes on from there, with no rows counted.
    pub(crate) first_chunk: i64,
}

/// How far a destination has come with a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Watermark {
    /// The last chunk it committed; 0 before the first.
    pub(crate) chunk: i64,
    /// Rows in all the chunks that it committed.
    pub(crate) rows: i64,
}

/// A destination's watermark, which its handles share.
#[derive(Debug, Clone)]
pub(crate) struct SharedWatermark(Arc<Mutex<Watermark>>);

impl SharedWatermark {
    /// Of a destination that has come this far.
    pub(crate) fn new(watermark: Watermark) -> Self {
        Self(Arc::new(Mutex::new(watermark)))
    }

    /// How far it has come by now.
    pub(crate) fn get(&self) -> Watermark {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has come this far.
    pub(crate) fn set(&self, watermark: Watermark) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = watermark;
    }
}

/// Opens one more handle on a destination, in the thread that is to use it.
pub(crate) type Opening = Box<dyn FnOnce() -> Result<Box<dyn Destination>, DestinationError> + Send>;

/// A place that rows are copied to, or one of two handles on it. One thread uses it, in this order for each chunk:
/// `begin`, `write` for each batch, `verify`, `commit`; `rollback` instead of any of them where something failed.
pub(crate) trait Destination: Send {
    /// In which rendition it wants each of the table's columns.
    fn renditions(&self) -> &[Rendition];

    /// How far it has come with this job, through whichever handle.
    fn watermark(&self) -> Watermark;

    /// What opens a second handle, for a lane of its own: while a chunk is written and proven through one, the next can
    /// be written through the other. `None` where chunks go one by one.
    fn lane(&self) -> Option<Opening> {
        None
    }

    /// Begins chunk `number`, which is the one after its watermark, with rows of this `layout`. On one of two lanes it
    /// may be the one behind that; then the chunk ahead of it is committed before `verify`.
    fn begin(&mut self, number: i64, layout: &Arc<Layout>) -> Result<(), DestinationError>;

    /// Says that the chunk that was begun brings rows which changed since they were copied: only those whose keys the
    /// table does not have are counted. Where rows are written once, such a chunk brings none.
    fn expect_known_rows(&mut self) {}

    /// Takes rows.
    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError>;

    /// All rows of a chunk behind another have come: does what of `verify` need not wait until that one is committed.
    fn complete(&mut self) -> Result<(), DestinationError> {
        Ok(())
    }

    /// Lets go of all that others may wait for, in a chunk that waits for the one ahead of it: that one may be waiting
    /// for them. No row is lost by it: `verify` writes them once more.
    fn give_way(&mut self) {}

    /// Compares count and checksum of the rows it was given in this chunk with what it holds now.
    ///
    /// # Errors
    /// [`DestinationError::Mismatch`] if they differ.
    fn verify(&mut self) -> Result<(), DestinationError>;

    /// What of the chunk it was given and does not hold as it was, once the chunk is verified.
    fn take_aside(&mut self) -> Aside {
        Aside::default()
    }

    /// Makes the chunk and its note in the ledger durable, together.
    ///
    /// # Errors
    /// [`DestinationError::Fenced`] if a later attempt of the job has been here: then nothing was written.
    fn commit(&mut self) -> Result<(), DestinationError>;

    /// Takes the chunk back.
    fn rollback(&mut self);

    /// Begins to compare the rows of chunk `number`, which is committed, with what it holds of them. To mend what
    /// differs, it must be told so now.
    fn check(
        &mut self,
        number: i64,
        layout: &Arc<Layout>,
        mends: bool,
    ) -> Result<Box<dyn Check + '_>, DestinationError>;

    /// Brings to an end what all chunks together make, once the last one is committed everywhere. A job that dies
    /// behind it finishes once more: then there is nothing left to do.
    fn finish(&mut self) -> Result<(), DestinationError> {
        Ok(())
    }
}

/// A chunk that is compared once more, and written once more if that is wanted: `write` for each batch, `compare`, and
/// perhaps `mend`. Until then nothing is written; dropped, it leaves all as it was.
pub(crate) trait Check {
    /// Takes rows.
    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError>;

    /// Whether the destination holds each of the rows, as it was given. Rows that it holds besides count where it has a
    /// place for each chunk.
    fn compare(&mut self) -> Result<bool, DestinationError>;

    /// What of the rows it cannot hold as it is, and thus does not compare.
    fn aside(&self) -> Option<&Aside> {
        None
    }

    /// Writes the rows over those that the destination holds of them, and proves that it holds them. The chunk's note in
    /// the ledger stays what it is.
    ///
    /// # Errors
    /// [`DestinationError::Fenced`] if a later attempt of the job has been here: then nothing was written.
    fn mend(&mut self) -> Result<(), DestinationError>;
}

/// Reaches the destination, creates its table where absent, checks it where present, and opens its ledger for this
/// attempt. What it runs can be stopped through `interrupts`; `session` is the job's own DuckDB.
pub(crate) fn open(
    id: DestinationId,
    settings: &DestinationSettings,
    spec: &Arc<CopySpec>,
    session: &mut Session,
    interrupts: &Interrupts,
) -> Result<Box<dyn Destination>, DestinationError> {
    Ok(match settings {
        DestinationSettings::Postgres(settings) => {
            Box::new(postgres::PostgresDestination::open(id, settings, spec, interrupts)?)
        }
        DestinationSettings::DuckDb(settings) => {
            Box::new(duckdb::DuckDbDestination::open(id, settings, spec, session, interrupts)?)
        }
        DestinationSettings::Parquet(settings) => {
            Box::new(parquet::ParquetDestination::open(settings, spec, session, interrupts)?)
        }
    })
}
