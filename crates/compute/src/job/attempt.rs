//! What an attempt does about its job: copy, or something with what was copied.

use std::sync::Arc;

use backfill_domain::{
    chunk::{Chunk, ChunkStatus},
    destination::{Destination as StoredDestination, DestinationSettings},
    job::Task,
    options::Verification,
    plan::{Guarantee, Plan, Strategy},
    waiting::WaitReason,
};

use super::{
    Control, Course, JobError,
    copy::{Copy, Ending},
    lane::Lanes,
    reading::Reading,
    replay::Replay,
    resume::{check_ledgers, resume},
    rows_of,
    verify::Pass,
};
use crate::{
    destination::{self, CopySpec, Destination, Session},
    failpoint::failpoint,
    queue::Claim,
    source::{Connection, Selection, SourceError, Walk},
    wire::Layout,
};

type Destinations = Vec<Box<dyn Destination>>;

/// An attempt at a job whose source has been looked at, and whose destinations are known.
pub(super) struct Attempt<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) control: &'a Control,
    pub(super) claim: Claim,
    pub(super) selection: &'a Selection,
    pub(super) stored: &'a [StoredDestination],
    pub(super) settings: &'a [DestinationSettings],
    /// Outlasts the destinations: it closes the files they write to.
    pub(super) session: Session,
}

impl Attempt<'_> {
    /// Copies, from where the job stands.
    pub(super) fn copy(
        mut self,
        mut connection: Connection,
        last_chunk: Option<Chunk>,
    ) -> Result<Ending, JobError> {
        let Self { reading, control, claim, selection, stored, settings, .. } = self;
        let Reading { context, job, .. } = *reading;
        let takes_changes: Vec<_> = settings.iter().map(DestinationSettings::takes_changes).collect();
        let any_takes_changes = takes_changes.contains(&true);
        let waiting = reading.may_wait_for_lock();
        let course = Course::set(&mut connection.client, selection, job, last_chunk, any_takes_changes)
            .map_err(|error| reading.failed(error))?;
        drop(waiting);
        if context.queue.begin(claim, &course, &selection.shape)? != selection.shape {
            return Err(self.altered());
        }
        log::info!("job {}: {}", job.id, course.plan.explanation);
        failpoint("job-begun")?;
        let mut destinations = self.open_destinations(course.first_chunk)?;
        let walk = self.walk(&course.plan)?;
        let Some((next, done)) = resume(context, job, &course, stored, &destinations, walk.key())? else {
            self.finish(&mut destinations)?;
            return Ok(Ending::Completed);
        };
        let snapshot = reading.snapshot(&course.plan, walk.table())?;
        if course.plan.guarantee == Guarantee::Snapshot {
            context.queue.note_snapshot(claim)?;
        }
        let layout = self.layout(&destinations);
        let is_columnar = self.session.is_open();
        let reader = reading.reader(connection, walk, layout.clone(), snapshot, settings, is_columnar);
        // What chunks for columnar destinations hold together is bounded by turns.
        let reader = reader.beside(if Lanes::are_two(&destinations) && !is_columnar { 2 } else { 1 });
        let copy = Copy {
            context,
            claim,
            control,
            interrupts: reading.interrupts,
            standing: reading.standing,
            layout,
            stored,
            takes_changes: &takes_changes,
            source_name: &reading.source.name,
            sets_aside: job.options.sets_aside(),
            stops_between_chunks: stops_between_chunks(&course.plan),
        };
        let ended = copy.run(reader, next, done, &mut destinations);
        // A copy that was stopped between two commits has left one destination further than the other.
        let noted = context.queue.note_rows(claim, &rows_of(stored, &destinations));
        if let Err(error) = &noted {
            log::warn!("job {}: cannot note how far each destination has come: {error}", job.id);
        }
        let ending = ended?;
        noted?;
        if ending == Ending::Completed {
            self.finish(&mut destinations)?;
        }
        Ok(ending)
    }

    /// Puts mended rows of the quarantine through.
    pub(super) fn replay(mut self, mut connection: Connection, last: &Chunk) -> Result<Ending, JobError> {
        let mut destinations = self.open_again()?;
        let replay = Replay {
            context: self.reading.context,
            claim: self.claim,
            table: &self.selection.table,
            client: &mut connection.client,
            source_name: &self.reading.source.name,
            stored: self.stored,
            destinations: &mut destinations,
        };
        replay.run(last).map(|()| Ending::Completed)
    }

    /// Compares the chunks with the source once more, or repairs those that differ.
    pub(super) fn look_again(mut self, connection: Connection, last: &Chunk) -> Result<Ending, JobError> {
        let mut destinations = self.open_again()?;
        let done = last.number - i64::from(last.status != ChunkStatus::Done);
        check_ledgers(self.stored, &destinations, done, last.number)?;
        let plan = self.reading.job.plan.as_ref().ok_or(JobError::NoPlan)?;
        let walk = self.walk(plan)?;
        let snapshot = self.reading.snapshot(plan, walk.table())?;
        if snapshot.is_some() {
            self.reading.context.queue.note_snapshot(self.claim)?;
        }
        let layout = self.layout(&destinations);
        let is_columnar = self.session.is_open();
        let Self { reading, control, claim, stored, settings, .. } = self;
        let reader = reading.reader(connection, walk, layout, snapshot, settings, is_columnar);
        let destinations = &mut destinations[..];
        Pass { reading, claim, control, reader, stored, settings, destinations }.run()
    }

    /// Opens the destinations of a job that has copied, whose table must be what it was.
    fn open_again(&mut self) -> Result<Destinations, JobError> {
        let Reading { context, job, .. } = *self.reading;
        if context.queue.shape(job.id)?.as_ref() != Some(&self.selection.shape) {
            return Err(self.altered());
        }
        self.open_destinations(job.first_chunk)
    }

    fn open_destinations(&mut self, first_chunk: i64) -> Result<Destinations, JobError> {
        let spec = self.spec(first_chunk);
        let (session, interrupts) = (&mut self.session, self.reading.interrupts);
        let open = |(stored, settings): (&StoredDestination, &DestinationSettings)| {
            let detail = format!("destination {} has not let the job in yet", stored.name);
            let _waiting = self.reading.standing.wait(WaitReason::Destination, detail);
            let opened = destination::open(stored.id, settings, &spec, session, interrupts)
                .map_err(|error| JobError::at(stored, error))?;
            failpoint("destination-opened")?;
            Ok(opened)
        };
        self.stored.iter().zip(self.settings).map(open).collect()
    }

    /// Behind the copy, everything is compared: the job's user looks because the copy was not looked at, or has to be
    /// mended.
    fn spec(&self, first_chunk: i64) -> Arc<CopySpec> {
        let (job, selection) = (self.reading.job, self.selection);
        let mut options = job.options.clone();
        if job.task != Task::Copy {
            options.verification = Verification::Checksum;
        }
        Arc::new(CopySpec {
            job_id: job.id,
            job_uid: job.uid,
            attempt: job.attempt,
            source: selection.table.clone(),
            table: selection.written.clone(),
            own_types: selection.own_types.clone(),
            task: job.task,
            write_mode: job.write_mode,
            options,
            first_chunk,
        })
    }

    fn walk(&self, plan: &Plan) -> Result<Walk, JobError> {
        Walk::new(self.selection, plan.clone()).map_err(|error| self.reading.failed(error))
    }

    fn layout(&self, destinations: &[Box<dyn Destination>]) -> Arc<Layout> {
        let renditions: Vec<_> = destinations.iter().map(|destination| destination.renditions()).collect();
        Arc::new(Layout::new(&self.selection.table, &renditions))
    }

    fn finish(&self, destinations: &mut [Box<dyn Destination>]) -> Result<(), JobError> {
        let finish = |(stored, at): (&StoredDestination, &mut Box<dyn Destination>)| {
            failpoint("destination-finishing")?;
            at.finish().map_err(|error| JobError::at(stored, error))?;
            Ok(failpoint("destination-finished")?)
        };
        self.stored.iter().zip(destinations).try_for_each(finish)
    }

    fn altered(&self) -> JobError {
        self.reading.failed(SourceError::Altered(self.reading.job.table_name.clone()))
    }
}

/// Whether a pause or a shutdown waits for the chunk at hand: not where that is the whole table.
fn stops_between_chunks(plan: &Plan) -> bool {
    plan.sections.iter().all(|section| section.strategy != Strategy::Stream)
}
