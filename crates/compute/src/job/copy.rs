//! The copy itself: one thread reads ahead, one thread writes for each destination of each lane, and the job's thread
//! conducts them.

use std::{
    sync::Arc,
    thread::{self, ScopedJoinHandle},
    time::Duration,
};

use backfill_domain::destination::Destination as StoredDestination;
use crossbeam_channel::bounded;

use super::{Control, JobContext, JobError, conductor::Conductor, lane::Lanes};
use crate::{
    destination::Destination,
    interrupt::Interrupts,
    queue::Claim,
    source::{NextChunk, Reader, SourceError},
    standing::Standing,
    wire::Layout,
};

/// Events that the reader may be ahead. A batch is about half a megabyte, or one row.
const READ_AHEAD: usize = 3;

/// Time between two interrupts of threads that are to end: one may have slipped between two statements.
const INTERRUPT_EVERY: Duration = Duration::from_millis(200);

/// How a copy ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The last chunk is committed everywhere.
    Completed,
    /// It was told to stop, and has.
    Stopped,
}

/// What every destination has committed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    /// Rows.
    pub(crate) rows: i64,
    /// Their bytes as the source sent them.
    pub(crate) bytes: i64,
}

/// What a copy works with.
pub(crate) struct Copy<'a> {
    pub(crate) context: &'a JobContext,
    pub(crate) claim: Claim,
    pub(crate) control: &'a Control,
    pub(crate) interrupts: &'a Interrupts,
    pub(crate) standing: &'a Standing,
    pub(crate) layout: Arc<Layout>,
    pub(crate) stored: &'a [StoredDestination],
    /// Which of them take a row again that they hold already.
    pub(crate) takes_changes: &'a [bool],
    pub(crate) source_name: &'a str,
    /// Whether rows or values may be set aside.
    pub(crate) sets_aside: bool,
    /// Whether a pause or a shutdown waits for the chunk at hand: not where that is the whole table.
    pub(crate) stops_between_chunks: bool,
}

impl Copy<'_> {
    /// Copies from chunk `next` on, beyond what is `done`, to every destination.
    pub(crate) fn run(
        &self,
        reader: Reader,
        next: NextChunk,
        done: Done,
        destinations: &mut [Box<dyn Destination>],
    ) -> Result<Ending, JobError> {
        thread::scope(|scope| {
            let (event_sender, events) = bounded(READ_AHEAD);
            let reading = scope.spawn(move || reader.run(next, &event_sender));
            let watermarks = destinations.iter().map(|destination| destination.watermark()).collect();
            let (lanes, replies) = Lanes::new(scope, &self.layout, destinations);
            let conductor = Conductor::new(self, lanes, watermarks, replies, done);
            let (ended, writing) = conductor.run(&events);
            drop(events);
            self.end_threads(ended, reading, &writing)
        })
    }

    /// Waits for the threads, whose channels are closed. If the copy did not run to its end, what they run is
    /// interrupted until they notice.
    fn end_threads(
        &self,
        ended: Result<Ending, Halt>,
        reading: ScopedJoinHandle<'_, Result<(), SourceError>>,
        writing: &[ScopedJoinHandle<'_, ()>],
    ) -> Result<Ending, JobError> {
        let completed = matches!(ended, Ok(Ending::Completed));
        while !(reading.is_finished() && writing.iter().all(ScopedJoinHandle::is_finished)) {
            if !completed {
                self.interrupts.fire();
            }
            thread::sleep(if completed { Duration::from_millis(1) } else { INTERRUPT_EVERY });
        }
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match ended {
            Ok(ending) => Ok(ending),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::ReaderEnded) => Err(match read {
                Err(error) => JobError::Source { name: self.source_name.to_owned(), error },
                Ok(()) => JobError::Panicked,
            }),
        }
    }
}

/// Why the conductor stopped before the last chunk.
pub(super) enum Halt {
    /// The reader is gone; its thread says why.
    ReaderEnded,
    /// Something else failed.
    Failed(JobError),
}

impl<E: Into<JobError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
