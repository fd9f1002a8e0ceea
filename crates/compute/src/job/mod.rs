//! One job, from its claim to its end: read the plan, open source and destinations, copy, write down the outcome.

mod control;
mod copy;
mod course;
mod error;
mod pace;
mod replay;
mod resume;
mod writer;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use backfill_domain::{
    destination::{Destination as StoredDestination, DestinationSettings},
    id::DestinationId,
    job::{Job, Task},
    plan::{Guarantee, Strategy},
};

pub(crate) use self::{
    control::{Control, Stop},
    course::Course,
};
use self::{
    copy::{Copy, Done, Ending},
    error::JobError,
    replay::Replay,
    resume::resume,
};
use crate::{
    destination::{self, CopySpec, Destination, Session},
    failpoint::failpoint,
    interrupt::Interrupts,
    memory::Memory,
    queue::{Claim, Outcome, Queue, QueueError},
    source::{self, ChunkRows, Limits, Reader, Selection, Snapshot, SourceError, Walk},
    wire::Layout,
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
pub(crate) fn run(context: &JobContext, job: Job, control: &Control, interrupts: &Interrupts) {
    let claim = Claim { job: job.id, attempt: job.attempt };
    log::info!("job {}: attempt {} begins: {}", job.id, job.attempt, job.table_name);
    let ended = catch_unwind(AssertUnwindSafe(|| execute(context, &job, control, interrupts)));
    let ended = ended.unwrap_or_else(|_| Err(JobError::Panicked));
    let keeps_snapshot = job.options.guarantee == Some(Guarantee::Snapshot);
    let Some(outcome) = outcome(ended, control, keeps_snapshot) else {
        log::warn!("job {}: the lease was lost; attempt {} ends without a trace", job.id, job.attempt);
        return;
    };
    match &outcome {
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
        (_, Some(Stop::Shutdown)) | (Ok(Ending::Stopped) | Err(JobError::Stopped), None) => {
            Some(Outcome::HandedBack)
        }
        // The job itself is well: it goes on where it stopped once the queue can be reached again.
        (Err(JobError::Queue(error)), _) if error.is_outage() => Some(Outcome::HandedBack),
        // The next attempt goes on without a snapshot.
        (Err(JobError::Source { error, .. }), None) if error.is_lost_snapshot() && !keeps_snapshot => {
            Some(Outcome::HandedBack)
        }
        (Err(error), _) => Some(Outcome::Failed {
            destination: error.destination(),
            is_mismatch: error.is_mismatch(),
            message: error.to_string(),
        }),
    }
}

fn execute(
    context: &JobContext,
    job: &Job,
    control: &Control,
    interrupts: &Interrupts,
) -> Result<Ending, JobError> {
    failpoint("job-claimed")?;
    let claim = Claim { job: job.id, attempt: job.attempt };
    let source = context.queue.source(job)?;
    let settings = source.connection();
    let at_source = |error| JobError::Source { name: source.name.clone(), error };
    let mut connection = source::open(&settings, job, interrupts).map_err(at_source)?;
    let selection = source::select(&mut connection.client, job).map_err(at_source)?;
    let stored = context.queue.destinations(job.id)?;
    let settings_of_stored = settings_of(&stored)?;
    let takes_changes: Vec<_> = settings_of_stored.iter().map(DestinationSettings::takes_changes).collect();
    let last_chunk = context.queue.last_chunk(job.id)?;
    // Declared before the destinations, so that it is dropped after them: it closes the files they write to.
    let mut session = Session::new(context.memory.duckdb);
    if let (Some(last), Task::Replay) = (&last_chunk, job.task) {
        if context.queue.shape(job.id)?.as_ref() != Some(&selection.shape) {
            return Err(at_source(SourceError::Altered(job.table_name.clone())));
        }
        let spec = spec_of(job, &selection, job.first_chunk);
        let replay = Replay {
            context,
            claim,
            table: &selection.table,
            client: &mut connection.client,
            source_name: &source.name,
            stored: &stored,
            destinations: &mut open_destinations(
                &stored,
                &settings_of_stored,
                &spec,
                &mut session,
                interrupts,
            )?,
        };
        return replay.run(last).map(|()| Ending::Completed);
    }
    let any_takes_changes = takes_changes.contains(&true);
    let course = Course::set(&mut connection.client, &selection, job, last_chunk, any_takes_changes);
    let course = course.map_err(at_source)?;
    if context.queue.begin(claim, &course, &selection.shape)? != selection.shape {
        return Err(at_source(SourceError::Altered(job.table_name.clone())));
    }

    log::info!("job {}: {}", job.id, course.plan.explanation);
    let spec = spec_of(job, &selection, course.first_chunk);
    failpoint("job-begun")?;
    let mut destinations = open_destinations(&stored, &settings_of_stored, &spec, &mut session, interrupts)?;

    let walk = Walk::new(&selection, course.plan.clone()).map_err(at_source)?;
    let Some((next, done)) = resume(context, job, &course, &stored, &destinations, walk.key())? else {
        finish(&stored, &mut destinations)?;
        return Ok(Ending::Completed);
    };
    let snapshot = if course.plan.needs_snapshot() {
        let holder = source::open(&settings, job, interrupts).map_err(at_source)?;
        Some(Snapshot::take(holder, walk.table()).map_err(at_source)?)
    } else {
        None
    };
    if course.plan.guarantee == Guarantee::Snapshot {
        context.queue.note_snapshot(claim)?;
    }
    let renditions: Vec<_> = destinations.iter().map(|destination| destination.renditions()).collect();
    let layout = Arc::new(Layout::new(&selection.table, &renditions));
    let stops_between_chunks =
        course.plan.sections.iter().all(|section| section.strategy != Strategy::Stream);
    let reconnect = {
        let (settings, job, interrupts) = (settings.clone(), job.clone(), interrupts.clone());
        Box::new(move || source::open(&settings, &job, &interrupts))
    };
    let limits = Limits {
        rows: context.chunk_rows.for_destinations(&settings_of_stored),
        bytes: chunk_bytes(&settings_of_stored),
        snapshot_age: context.snapshot_age,
        memory: context.memory.clone(),
        is_columnar: session.is_open(),
        interrupts: interrupts.clone(),
    };
    let reader = Reader::new(reconnect, connection, walk, layout.clone(), snapshot, limits);
    let copy = Copy {
        context,
        claim,
        control,
        interrupts,
        layout,
        stored: &stored,
        takes_changes: &takes_changes,
        source_name: &source.name,
        sets_aside: job.options.sets_aside(),
        stops_between_chunks,
    };
    let ended = copy.run(reader, next, done, &mut destinations);
    // A copy that was stopped between two commits has left one destination further than the other.
    let noted = context.queue.note_rows(claim, &rows_of(&stored, &destinations));
    if let Err(error) = &noted {
        log::warn!("job {}: cannot note how far each destination has come: {error}", job.id);
    }
    let ending = ended?;
    noted?;
    if ending == Ending::Completed {
        finish(&stored, &mut destinations)?;
    }
    Ok(ending)
}

fn spec_of(job: &Job, selection: &Selection, first_chunk: i64) -> Arc<CopySpec> {
    Arc::new(CopySpec {
        job_id: job.id,
        job_uid: job.uid,
        attempt: job.attempt,
        source: selection.table.clone(),
        table: selection.written.clone(),
        own_types: selection.own_types.clone(),
        write_mode: job.write_mode,
        options: job.options.clone(),
        first_chunk,
    })
}

fn finish(stored: &[StoredDestination], destinations: &mut [Box<dyn Destination>]) -> Result<(), JobError> {
    let finish = |(stored, at): (&StoredDestination, &mut Box<dyn Destination>)| {
        failpoint("destination-finishing")?;
        at.finish().map_err(|error| JobError::at(stored, error))?;
        Ok(failpoint("destination-finished")?)
    };
    stored.iter().zip(destinations).try_for_each(finish)
}

/// How many rows of the job each destination holds.
fn rows_of(stored: &[StoredDestination], destinations: &[Box<dyn Destination>]) -> Vec<(DestinationId, i64)> {
    stored.iter().zip(destinations).map(|(stored, at)| (stored.id, at.watermark().rows)).collect()
}

fn open_destinations(
    stored: &[StoredDestination],
    settings: &[DestinationSettings],
    spec: &Arc<CopySpec>,
    session: &mut Session,
    interrupts: &Interrupts,
) -> Result<Vec<Box<dyn Destination>>, JobError> {
    let open = |(stored, settings): (&StoredDestination, &DestinationSettings)| {
        let opened = destination::open(stored.id, settings, spec, session, interrupts)
            .map_err(|error| JobError::at(stored, error))?;
        failpoint("destination-opened")?;
        Ok(opened)
    };
    stored.iter().zip(settings).map(open).collect()
}

/// Bytes after which a chunk ends: no more than any of the destinations wants.
fn chunk_bytes(destinations: &[DestinationSettings]) -> u64 {
    destinations.iter().map(DestinationSettings::batch_bytes).min().unwrap_or_default()
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
