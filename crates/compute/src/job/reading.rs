//! What an attempt at a job reads its source with.

use std::sync::Arc;

use backfill_domain::{destination::DestinationSettings, job::Job, plan::Plan, source::Source};

use super::{JobContext, JobError};
use crate::{
    interrupt::Interrupts,
    source::{self, Connection, Limits, Reader, Snapshot, SourceError, Walk},
    wire::Layout,
};

/// A job's source, and what bounds its reading.
pub(super) struct Reading<'a> {
    pub(super) context: &'a JobContext,
    pub(super) job: &'a Job,
    pub(super) source: &'a Source,
    pub(super) interrupts: &'a Interrupts,
}

impl Reading<'_> {
    /// Connects to the source.
    pub(super) fn connect(&self) -> Result<Connection, JobError> {
        let opened = source::open(&self.source.connection(), self.job, self.interrupts);
        opened.map_err(|error| self.failed(error))
    }

    /// Takes the snapshot of `table` that chunks of `plan` are read under, if there is to be one.
    pub(super) fn snapshot(&self, plan: &Plan, table: &str) -> Result<Option<Snapshot>, JobError> {
        if !plan.needs_snapshot() {
            return Ok(None);
        }
        let snapshot = Snapshot::take(self.connect()?, table).map_err(|error| self.failed(error))?;
        Ok(Some(snapshot))
    }

    /// What reads the rows of `walk`, in chunks that suit the destinations.
    pub(super) fn reader(
        &self,
        connection: Connection,
        walk: Walk,
        layout: Arc<Layout>,
        snapshot: Option<Snapshot>,
        destinations: &[DestinationSettings],
        is_columnar: bool,
    ) -> Reader {
        let (settings, job, interrupts) =
            (self.source.connection(), self.job.clone(), self.interrupts.clone());
        let limits = Limits {
            rows: self.context.chunk_rows.for_destinations(destinations),
            bytes: chunk_bytes(destinations),
            snapshot_age: self.context.snapshot_age,
            memory: self.context.memory.clone(),
            is_columnar,
            interrupts: interrupts.clone(),
        };
        let reconnect = Box::new(move || source::open(&settings, &job, &interrupts));
        Reader::new(reconnect, connection, walk, layout, snapshot, limits)
    }

    /// An error of the source.
    pub(super) fn failed(&self, error: SourceError) -> JobError {
        JobError::Source { name: self.source.name.clone(), error }
    }
}

/// Bytes after which a chunk ends: no more than any of the destinations wants.
fn chunk_bytes(destinations: &[DestinationSettings]) -> u64 {
    destinations.iter().map(DestinationSettings::batch_bytes).min().unwrap_or_default()
}
