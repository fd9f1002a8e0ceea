//! The daemon: claims jobs, runs each on a thread of its own, keeps their leases, and stops in good order.

mod active;
mod listener;
mod signals;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use backfill_domain::{
    job::Job,
    secret::{Keys, SecretError},
    worker::Worker,
};
use chrono::Utc;
use crossbeam_channel::{Receiver, Sender, after, select, unbounded};
use uuid::Uuid;

use self::{active::ActiveJobs, listener::listen, signals::signals};
use crate::{
    config::Config,
    job::{Control, JobContext, Stop, run},
    memory::Memory,
    queue::{Queue, QueueError},
};

/// Time between two renewals of the leases. It is also how long a cancel takes that no notification announces.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long the metadata database may take to come up before the daemon gives up at start.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// Time between two looks for jobs that ended long ago.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// How long jobs that were interrupted may take to be handed back.
const HAND_BACK: Duration = Duration::from_secs(5);

/// Why the daemon could not start or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DaemonError {
    /// There is no usable key for stored passwords.
    #[error("cannot start: {0}")]
    Secrets(#[from] SecretError),
    /// The queue could not be reached at start.
    #[error("cannot start: {0}")]
    Queue(#[from] QueueError),
    /// The operating system refused to hand signals over.
    #[error("cannot listen to signals: {0}")]
    Signals(std::io::Error),
}

/// Works the queue off until it is told to stop.
pub(crate) struct BackfillManager {
    config: Config,
    worker: Worker,
    context: JobContext,
    active: Arc<ActiveJobs>,
    wake: Receiver<()>,
    stop: Receiver<i32>,
    finished: (Sender<()>, Receiver<()>),
}

impl BackfillManager {
    /// Connects to the metadata database and begins to listen to it.
    pub(crate) fn start(config: Config) -> Result<Self, DaemonError> {
        Keys::from_environment()?;
        let worker = describe_worker(&config);
        let queue = connect_patiently(&config, worker.id)?;
        let stop = signals().map_err(DaemonError::Signals)?;
        Ok(Self {
            wake: listen(config.database_url.clone()),
            stop,
            context: JobContext {
                queue,
                chunk_rows: config.chunk_rows(),
                snapshot_age: config.snapshot_age(),
                memory: Memory::new(),
            },
            active: Arc::default(),
            finished: unbounded(),
            worker,
            config,
        })
    }

    /// Claims and runs jobs until a signal says stop, then lets each job finish its chunk and hands it back.
    pub(crate) fn run(self) -> Result<(), DaemonError> {
        log::info!("daemon {} waits for jobs, at most {} at once", self.worker.id, self.worker.max_jobs);
        let (mut next_poll, mut next_prune) = (Instant::now(), Instant::now());
        loop {
            // First of all, so that after an outage of the queue this daemon does not take its own jobs away.
            self.heartbeat();
            if Instant::now() >= next_poll {
                next_poll = Instant::now() + self.config.poll_interval();
                self.attend("put back abandoned jobs", || self.reap());
                self.claim();
            }
            if Instant::now() >= next_prune {
                next_prune = Instant::now() + self.prune();
            }
            select! {
                recv(self.wake) -> _ => next_poll = Instant::now(),
                recv(self.finished.1) -> _ => next_poll = Instant::now(),
                recv(self.stop) -> _ => break,
                recv(after(HEARTBEAT)) -> _ => {}
            }
        }
        self.shut_down();
        Ok(())
    }

    fn heartbeat(&self) {
        self.attend("report", || self.context.queue.report(&self.worker));
        self.attend("renew leases", || {
            let jobs = self.active.ids();
            let held = if jobs.is_empty() { Vec::new() } else { self.context.queue.renew(&jobs)? };
            self.active.apply(&held, &jobs);
            Ok(())
        });
        self.attend("say what jobs wait for", || {
            for (claim, stall) in self.active.changed_stalls() {
                self.context.queue.note_stall(claim, stall.as_ref())?;
                self.active.told(claim, stall);
            }
            Ok(())
        });
    }

    fn reap(&self) -> Result<(), QueueError> {
        for job in self.context.queue.reap()? {
            log::warn!("job {}: its daemon fell silent; it is {} now", job.id, job.status.as_ref());
        }
        Ok(())
    }

    /// Removes some of the jobs that ended long ago; the time until the next look.
    fn prune(&self) -> Duration {
        let Some(days) = self.config.backfill_retention_days else { return PRUNE_EVERY };
        match self.context.queue.prune(days) {
            Ok(jobs @ 1..) => {
                log::info!("{jobs} jobs are removed that ended more than {days} days ago");
                HEARTBEAT
            }
            Ok(0) => PRUNE_EVERY,
            Err(error) => {
                log::warn!("cannot remove jobs that ended long ago: {error}");
                PRUNE_EVERY
            }
        }
    }

    fn claim(&self) {
        let free = i64::from(self.config.backfill_max_jobs) - self.active.count() as i64;
        if free <= 0 {
            return;
        }
        self.attend("claim jobs", || {
            for job in self.context.queue.claim(free)? {
                self.spawn(job);
            }
            Ok(())
        });
    }

    fn spawn(&self, job: Job) {
        let (id, attempt) = (job.id, job.attempt);
        let (sender, channel) = unbounded();
        let (interrupts, standing) = self.active.add(id, attempt, sender);
        let (context, active, finished) =
            (self.context.clone(), self.active.clone(), self.finished.0.clone());
        let body = move || {
            run(&context, job, &Control::new(channel), &interrupts, &standing);
            active.remove(id, attempt);
            // The daemon may be gone already; then nobody needs to know.
            finished.send(()).unwrap_or_default();
        };
        if let Err(error) = thread::Builder::new().name(format!("backfill-job-{id}")).spawn(body) {
            log::error!("job {id}: no thread can be had, its lease will run out: {error}");
            self.active.remove(id, attempt);
        }
    }

    /// Has every job end after its chunk, or at once when that takes too long, and hands them back.
    fn shut_down(&self) {
        log::info!("stopping: {} jobs finish their chunk and go back to the queue", self.active.count());
        self.active.tell_all(Stop::Shutdown);
        self.await_jobs(self.config.shutdown_grace());
        if self.active.count() > 0 {
            log::warn!("{} jobs have not finished their chunk, and are interrupted", self.active.count());
            self.active.tell_all(Stop::Interrupt);
            self.await_jobs(HAND_BACK);
        }
        if self.active.count() > 0 {
            log::error!(
                "{} jobs did not stop; they are taken up when their leases have lapsed",
                self.active.count()
            );
        }
        self.attend("sign off", || self.context.queue.sign_off());
        log::info!("stopped");
    }

    /// Keeps the jobs' leases until all have ended, time is up, or another signal comes.
    fn await_jobs(&self, patience: Duration) {
        let time_up = after(patience);
        while self.active.count() > 0 {
            self.heartbeat();
            select! {
                recv(self.finished.1) -> _ => {}
                recv(self.stop) -> _ => break,
                recv(time_up) -> _ => break,
                recv(after(HEARTBEAT)) -> _ => {}
            }
        }
    }

    /// The metadata database may be away for a while: the daemon says so and goes on.
    fn attend(&self, what: &str, action: impl FnOnce() -> Result<(), QueueError>) {
        if let Err(error) = action() {
            log::warn!("cannot {what}: {error}");
        }
    }
}

fn describe_worker(config: &Config) -> Worker {
    let now = Utc::now();
    Worker {
        id: Uuid::new_v4(),
        hostname: std::fs::read_to_string("/proc/sys/kernel/hostname")
            .map(|name| name.trim().to_owned())
            .or_else(|_| std::env::var("HOSTNAME"))
            .unwrap_or_else(|_| "unknown".to_owned()),
        pid: std::process::id() as i32,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        max_jobs: config.backfill_max_jobs as i32,
        started_at: now,
        heartbeat_at: now,
    }
}

/// Waits for a metadata database that is starting itself.
fn connect_patiently(config: &Config, worker: Uuid) -> Result<Queue, DaemonError> {
    let give_up = Instant::now() + START_PATIENCE;
    // Each job uses up to two connections at a time, one of them between chunks, and the daemon itself one.
    let connections = 2 * config.backfill_max_jobs + 1;
    loop {
        match Queue::connect(&config.database_url, worker, connections, config.backoff()) {
            Ok(queue) => return Ok(queue),
            Err(error) if Instant::now() >= give_up || error.is_final() => return Err(error.into()),
            Err(error) => log::warn!("{error}; trying again"),
        }
        thread::sleep(HEARTBEAT);
    }
}
