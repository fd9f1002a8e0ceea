//! One job, from its claim to its end: read the plan, open source and destinations, copy, write down the outcome.

mod attempt;
mod chunk;
mod conductor;
mod control;
mod copy;
mod course;
mod error;
mod lane;
mod pace;
mod reading;
mod replay;
mod resume;
mod verify;
mod writer;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use backfill_domain::{
    destination::{Destination as StoredDestination, DestinationSettings},
    id::DestinationId,
    job::{Job, Task},
    plan::{ChunkRows, Guarantee},
};

use self::{
    attempt::Attempt,
    copy::{Done, Ending},
    reading::Reading,
};
pub(crate) use self::{
    control::{Control, Stop},
    course::Course,
    error::JobError,
};
use crate::{
    destination::{Destination, Session},
    failpoint::failpoint,
    interrupt::Interrupts,
    memory::Memory,
    queue::{Claim, Outcome, Queue, QueueError},
    source::{self, SourceError},
    standing::Standing,
    transient::is_transient,
};

/// What a job needs of its daemon.
#[derive(Clone)]
pub(crate) struct JobContext {
    /// The queue, to write progress and outcome to.
    pub(crate) queue: Queue,
    /// Rows in a chunk.
    pub(crate) chunk_rows: ChunkRows,
    /// How long a snapshot of a source may be held.
    pub(crate) snapshot_age: Duration,
    /// What jobs may hold in memory.
    pub(crate) memory: Memory,
}

/// Runs `job` and writes its outcome into the queue. Nothing that happens in it reaches the daemon.
pub(crate) fn run(
    context: &JobContext,
    job: Job,
    control: &Control,
    interrupts: &Interrupts,
    standing: &Standing,
) {
    let claim = Claim { job: job.id, attempt: job.attempt };
    log::info!("job {}: attempt {} begins: {}", job.id, job.attempt, job.table_name);
    let ended = catch_unwind(AssertUnwindSafe(|| execute(context, &job, control, interrupts, standing)));
    let ended = ended.unwrap_or_else(|_| Err(JobError::Panicked));
    // A look at what was copied under a snapshot needs one as well.
    let keeps_snapshot = job.options.guarantee == Some(Guarantee::Snapshot) || job.task != Task::Copy;
    let Some(outcome) = outcome(ended, control, keeps_snapshot) else {
        log::warn!("job {}: the lease was lost; attempt {} ends without a trace", job.id, job.attempt);
        return;
    };
    match &outcome {
        Outcome::Failed { message, is_transient: true, .. } => {
            log::warn!("job {}: attempt {} failed: {message}", job.id, job.attempt);
        }
        Outcome::Failed { message, .. } => log::error!("job {}: failed: {message}", job.id),
        outcome => log::info!("job {}: {outcome:?}", job.id),
    }
    if let Err(error) = context.queue.finish(claim, &outcome) {
        // The lease runs out, and a daemon takes the job up from its ledgers.
        log::error!("job {}: cannot write down how it ended: {error}", job.id);
    }
}

/// What the queue is to be told; `None` where the job is not this daemon's any more. What failed while the job was
/// being stopped failed because of it.
fn outcome(ended: Result<Ending, JobError>, control: &Control, keeps_snapshot: bool) -> Option<Outcome> {
    match (ended, control.stop()) {
        (Ok(Ending::Completed), _) => Some(Outcome::Completed),
        (_, Some(Stop::LeaseLost)) | (Err(JobError::Queue(QueueError::LeaseLost)), _) => None,
        (_, Some(Stop::Cancel)) => Some(Outcome::Cancelled),
        // Whether it failed by itself or because of the shutdown: another daemon finds out.
        (_, Some(Stop::Shutdown | Stop::Interrupt)) | (Ok(Ending::Stopped) | Err(JobError::Stopped), _) => {
            Some(Outcome::HandedBack)
        }
        // The job itself is well: it goes on where it stopped once the queue can be reached again.
        (Err(JobError::Queue(error)), _) if error.is_outage() => Some(Outcome::HandedBack),
        // It waits in the queue, where it keeps no daemon from other work.
        (Err(JobError::Source { error: SourceError::QuietHours, .. }), None) => Some(Outcome::HandedBack),
        // The next attempt goes on without a snapshot.
        (Err(JobError::Source { error, .. }), _) if error.is_lost_snapshot() && !keeps_snapshot => {
            Some(Outcome::HandedBack)
        }
        (Err(error), _) => Some(Outcome::Failed {
            destination: error.destination(),
            is_mismatch: error.is_mismatch(),
            is_transient: is_transient(&error),
            message: error.to_string(),
        }),
    }
}

fn execute(
    context: &JobContext,
    job: &Job,
    control: &Control,
    interrupts: &Interrupts,
    standing: &Standing,
) -> Result<Ending, JobError> {
    failpoint("job-claimed")?;
    let source = context.queue.source(job)?;
    let reading = Reading { context, job, source: &source, interrupts, standing };
    let mut connection = reading.connect()?;
    let waiting = reading.may_wait_for_lock();
    let selection = source::select(&mut connection.client, job).map_err(|error| reading.failed(error))?;
    drop(waiting);
    let stored = context.queue.destinations(job.id)?;
    let settings = settings_of(&stored)?;
    let last_chunk = context.queue.last_chunk(job.id)?;
    let attempt = Attempt {
        reading: &reading,
        control,
        claim: Claim { job: job.id, attempt: job.attempt },
        selection: &selection,
        stored: &stored,
        settings: &settings,
        session: Session::new(context.memory.duckdb)
            .closing_in(context.memory.of(job.id).columnar, interrupts.clone()),
    };
    match (job.task, last_chunk) {
        (Task::Copy, last_chunk) => attempt.copy(connection, last_chunk),
        (_, None) => Ok(Ending::Completed),
        (Task::Replay, Some(last)) => attempt.replay(connection, &last),
        (Task::Verify | Task::Repair, Some(last)) => attempt.look_again(connection, &last),
    }
}

/// How many rows of the job each destination holds.
fn rows_of(stored: &[StoredDestination], destinations: &[Box<dyn Destination>]) -> Vec<(DestinationId, i64)> {
    stored.iter().zip(destinations).map(|(stored, at)| (stored.id, at.watermark().rows)).collect()
}

/// Reads the settings of every destination, of which there must be one at least and no two in the same place.
fn settings_of(stored: &[StoredDestination]) -> Result<Vec<DestinationSettings>, JobError> {
    if stored.is_empty() {
        return Err(JobError::NoDestination);
    }
    let read = |stored: &StoredDestination| {
        stored.settings().map_err(|error| JobError::Settings { name: stored.name.clone(), error })
    };
    let settings: Vec<_> = stored.iter().map(read).collect::<Result<_, _>>()?;
    for (at, one) in settings.iter().enumerate() {
        if let Some(other) = settings[..at].iter().position(|other| one.is_same_place(other)) {
            let (one, two) = (stored[other].name.clone(), stored[at].name.clone());
            return Err(JobError::SamePlace { one, two });
        }
    }
    Ok(settings)
}
