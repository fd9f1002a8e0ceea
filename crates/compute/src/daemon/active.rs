//! The jobs that this daemon runs, and how to reach them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use backfill_domain::id::JobId;
use crossbeam_channel::Sender;

use crate::{
    interrupt::Interrupts,
    job::Stop,
    queue::{Claim, Held},
    standing::{Stall, Standing},
};

struct ActiveJob {
    attempt: i32,
    control: Sender<Stop>,
    interrupts: Interrupts,
    standing: Standing,
    /// What the queue was told of it last.
    told: Option<Stall>,
}

impl ActiveJob {
    fn tell(&self, stop: Stop) {
        // A job that has just ended does not listen any more, and need not.
        self.control.send(stop).unwrap_or_default();
        if stop.is_immediate() {
            // What the job runs is interrupted from a thread apart: a server that cannot be reached must not hold
            // up the other jobs' leases.
            let interrupts = self.interrupts.clone();
            thread::spawn(move || interrupts.fire());
        }
    }
}

/// The active jobs. A job is in here from its claim until its thread has written down how it ended.
#[derive(Default)]
pub(crate) struct ActiveJobs {
    jobs: Mutex<HashMap<JobId, ActiveJob>>,
}

impl ActiveJobs {
    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, ActiveJob>> {
        // The map is whole between any two statements: a panic elsewhere does not spoil it.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Which there are.
    pub(crate) fn ids(&self) -> Vec<JobId> {
        self.lock().keys().copied().collect()
    }

    /// Takes a job in; what it runs is to be interruptible, and to say what it waits for, through what this returns.
    pub(crate) fn add(&self, job: JobId, attempt: i32, control: Sender<Stop>) -> (Interrupts, Standing) {
        let (interrupts, standing) = (Interrupts::default(), Standing::default());
        let active = ActiveJob {
            attempt,
            control,
            interrupts: interrupts.clone(),
            standing: standing.clone(),
            told: None,
        };
        if let Some(earlier) = self.lock().insert(job, active) {
            // This daemon lost the job, and has now claimed it again before the earlier attempt noticed.
            earlier.tell(Stop::LeaseLost);
        }
        (interrupts, standing)
    }

    /// What has changed of why jobs make no progress.
    pub(crate) fn changed_stalls(&self) -> Vec<(Claim, Option<Stall>)> {
        let jobs = self.lock();
        let change = |(job, active): (&JobId, &ActiveJob)| {
            let stall = active.standing.stall();
            let claim = Claim { job: *job, attempt: active.attempt };
            (stall != active.told).then_some((claim, stall))
        };
        jobs.iter().filter_map(change).collect()
    }

    /// Remembers what the queue knows by now of why a job makes no progress.
    pub(crate) fn told(&self, claim: Claim, stall: Option<Stall>) {
        if let Some(active) = self.lock().get_mut(&claim.job).filter(|active| active.attempt == claim.attempt)
        {
            active.told = stall;
        }
    }

    /// Lets go of a job's attempt.
    pub(crate) fn remove(&self, job: JobId, attempt: i32) {
        let mut jobs = self.lock();
        if jobs.get(&job).is_some_and(|active| active.attempt == attempt) {
            jobs.remove(&job);
        }
    }

    /// Tells every job the same.
    pub(crate) fn tell_all(&self, stop: Stop) {
        self.lock().values().for_each(|active| active.tell(stop));
    }

    /// Tells the jobs that were `asked` about what the queue answered: which are `held`, and which are to be
    /// cancelled or paused.
    pub(crate) fn apply(&self, held: &[Held], asked: &[JobId]) {
        let jobs = self.lock();
        for (id, active) in jobs.iter().filter(|(id, _)| asked.contains(id)) {
            match held.iter().find(|held| held.id == *id && held.attempt == active.attempt) {
                None => active.tell(Stop::LeaseLost),
                Some(held) if held.cancel_requested => active.tell(Stop::Cancel),
                Some(held) if held.pause_requested => active.tell(Stop::Pause),
                Some(_) => {}
            }
        }
    }
}
