//! What the service is told when it starts.

use std::time::Duration;

use clap::Parser;

use crate::server::Shutdown;

/// The REST API of Backfill.
#[derive(Parser)]
#[command(version, about)]
pub struct Config {
    /// The metadata database: postgres://user:password@host:port/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// The address to listen on
    #[arg(long, env = "BACKFILL_BIND", default_value = "127.0.0.1:8080")]
    pub backfill_bind: String,
    /// Seconds for which it goes on to serve when it is told to stop, while /health/ready says 503: load balancers turn away
    #[arg(long, env = "BACKFILL_SHUTDOWN_DELAY", default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=300))]
    backfill_shutdown_delay: u64,
    /// Seconds that requests may take which are being answered then
    #[arg(long, env = "BACKFILL_SHUTDOWN_GRACE", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=3600))]
    backfill_shutdown_grace: u64,
    /// Encrypts all stored passwords with the first key of BACKFILL_SECRET_KEY, and ends
    #[arg(long)]
    pub rotate_secrets: bool,
}

impl Config {
    /// How the service ends.
    pub fn shutdown(&self) -> Shutdown {
        Shutdown {
            delay: Duration::from_secs(self.backfill_shutdown_delay),
            grace: Duration::from_secs(self.backfill_shutdown_grace),
        }
    }
}
