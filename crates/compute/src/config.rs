//! What the daemon is told at start.

use std::time::Duration;

use clap::Parser;

use crate::source::Limits;

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

    /// Rows in a chunk, which is one transaction at each destination.
    #[arg(long, env = "BACKFILL_BATCH_SIZE", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    backfill_batch_size: u32,

    /// Seconds for which a snapshot of a source may be held: while it is, the source's vacuum cannot remove what was
    /// deleted since.
    #[arg(long, env = "BACKFILL_SNAPSHOT_MAX_AGE", default_value_t = 4 * 60 * 60, value_parser = clap::value_parser!(u64).range(1..))]
    backfill_snapshot_max_age: u64,

    /// Jobs that this daemon runs at once.
    #[arg(long, env = "BACKFILL_MAX_JOBS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) backfill_max_jobs: u32,
}

impl Config {
    /// How much is read from a source at a time.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            chunk_rows: self.backfill_batch_size,
            snapshot_age: Duration::from_secs(self.backfill_snapshot_max_age),
        }
    }

    /// Time between two looks at the queue when no notification comes.
    pub(crate) fn poll_interval(&self) -> Duration {
        Duration::from_secs(self.backfill_poll_interval)
    }
}
