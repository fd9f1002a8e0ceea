//! What the daemon is told at start.

use std::time::Duration;

use backfill_domain::plan::ChunkRows;
use clap::Parser;

use crate::queue::Backoff;

/// Works the backfill queue off.
#[derive(Debug, Clone, Parser)]
#[command(name = "backfill-compute", version, about)]
pub(crate) struct Config {
    /// The metadata database, which holds the queue.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: String,

    /// Seconds between two looks at the queue when no notification comes.
    #[arg(long, env = "BACKFILL_POLL_INTERVAL", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    backfill_poll_interval: u64,

    /// Rows in a chunk, which is one transaction at each destination. Unless given, a job's chunks grow from 10,000
    /// rows up to 122,880 while each is read in less than a second.
    #[arg(long, env = "BACKFILL_BATCH_SIZE", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    backfill_batch_size: Option<u32>,

    /// Seconds for which a snapshot of a source may be held: while it is, the source's vacuum cannot remove what was
    /// deleted since.
    #[arg(long, env = "BACKFILL_SNAPSHOT_MAX_AGE", default_value_t = 4 * 60 * 60, value_parser = clap::value_parser!(u64).range(1..))]
    backfill_snapshot_max_age: u64,

    /// Jobs that this daemon runs at once.
    #[arg(long, env = "BACKFILL_MAX_JOBS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) backfill_max_jobs: u32,

    /// Seconds that a job waits at most after a failure that may pass by itself; twice as long with each one more, up to
    /// 5 minutes.
    #[arg(long, env = "BACKFILL_RETRY_BASE", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=300))]
    backfill_retry_base: u64,

    /// Seconds that jobs may take to finish their chunk when the daemon is told to stop; then they are interrupted, and
    /// handed back all the same.
    #[arg(long, env = "BACKFILL_SHUTDOWN_GRACE", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=3600))]
    backfill_shutdown_grace: u64,

    /// Days after which jobs that have ended are removed, with their chunks; never unless given.
    #[arg(long, env = "BACKFILL_RETENTION_DAYS", value_parser = clap::value_parser!(i32).range(1..=36_500))]
    pub(crate) backfill_retention_days: Option<i32>,
}

impl Config {
    /// How long jobs may take to finish their chunk when the daemon is told to stop.
    pub(crate) fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.backfill_shutdown_grace)
    }

    /// How long jobs wait for their next attempt.
    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(Duration::from_secs(self.backfill_retry_base))
    }

    /// Rows that a job's chunks have.
    pub(crate) fn chunk_rows(&self) -> ChunkRows {
        self.backfill_batch_size.map_or(ChunkRows::GROWING, ChunkRows::fixed)
    }

    /// How long a snapshot of a source may be held.
    pub(crate) fn snapshot_age(&self) -> Duration {
        Duration::from_secs(self.backfill_snapshot_max_age)
    }

    /// Time between two looks at the queue when no notification comes.
    pub(crate) fn poll_interval(&self) -> Duration {
        Duration::from_secs(self.backfill_poll_interval)
    }
}
