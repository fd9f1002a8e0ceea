//! What the service is told when it starts.

use clap::Parser;

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
}
