//! What an attempt at a job reads its source with.

use std::sync::Arc;

use backfill_domain::{
    destination::DestinationSettings, job::Job, limits::SessionTimeouts, plan::Plan, source::Source,
    waiting::WaitReason,
};

use super::{JobContext, JobError};
use crate::{
    interrupt::Interrupts,
    memory::Widths,
    queue::{Amount, Terms},
    source::{self, Connection, Gate, Limits, Reader, Snapshot, SourceError, Walk},
    standing::{Standing, Waiting},
    wire::Layout,
};

/// A job's source, and what bounds its reading.
pub(super) struct Reading<'a> {
    pub(super) context: &'a JobContext,
    pub(super) job: &'a Job,
    pub(super) source: &'a Source,
    pub(super) interrupts: &'a Interrupts,
    pub(super) standing: &'a Standing,
}

impl Reading<'_> {
    /// Connects to the source.
    pub(super) fn connect(&self) -> Result<Connection, JobError> {
        let _waiting = self.standing.wait(WaitReason::Source, "the source has not let the job in yet");
        self.connect_for(self.timeouts())
    }

    fn timeouts(&self) -> SessionTimeouts {
        self.source.limits.timeouts(self.context.snapshot_age)
    }

    fn connect_for(&self, timeouts: SessionTimeouts) -> Result<Connection, JobError> {
        let opened = source::open(&self.source.connection(), timeouts, self.job, self.interrupts);
        opened.map_err(|error| self.failed(error))
    }

    /// Takes the snapshot of `table` that chunks of `plan` are read under, if there is to be one.
    pub(super) fn snapshot(&self, plan: &Plan, table: &str) -> Result<Option<Snapshot>, JobError> {
        if !plan.needs_snapshot() {
            return Ok(None);
        }
        let _waiting = self.may_wait_for_lock();
        let timeouts = self.timeouts().holding_snapshot(self.context.snapshot_age);
        let snapshot =
            Snapshot::take(self.connect_for(timeouts)?, table).map_err(|error| self.failed(error))?;
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
        let memory = self.context.memory.of(self.job.id);
        let limits = Limits {
            rows: self.context.chunk_rows.for_destinations(destinations),
            bytes: chunk_bytes(destinations),
            snapshot_age: self.context.snapshot_age,
            widths: Widths::new(memory.wide.clone(), interrupts.clone(), self.standing.clone()),
            memory,
            is_columnar,
            interrupts: interrupts.clone(),
            standing: self.standing.clone(),
        };
        let timeouts = self.timeouts();
        let reconnect = Box::new(move || source::open(&settings, timeouts, &job, &interrupts));
        Reader::new(reconnect, connection, walk, layout, snapshot, limits, self.gate())
    }

    /// Where the reader waits. While the queue cannot be reached, what it said last holds.
    fn gate(&self) -> Gate {
        let (queue, job) = (self.context.queue.clone(), self.job.id);
        let settle = move |read: Amount| -> Option<Terms> {
            let settled = queue.settle(job, read);
            settled.inspect_err(|error| log::warn!("job {job}: cannot settle what it has read: {error}")).ok()
        };
        Gate::new(Box::new(settle), self.standing.clone())
    }

    /// For what reads no rows, and can take long for one reason alone.
    pub(super) fn may_wait_for_lock(&self) -> Waiting {
        let detail = format!("another session holds a lock on {} at the source", self.job.table_name);
        self.standing.wait(WaitReason::Lock, detail)
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
