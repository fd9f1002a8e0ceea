//! The daemon that works the backfill queue off. `docs/architecture.md` follows a job through these modules.

#[cfg(feature = "bench")]
pub mod bench;
mod columnar;
mod config;
mod daemon;
mod destination;
mod failpoint;
mod interrupt;
mod job;
mod key;
mod memory;
mod queue;
mod source;
mod standing;
mod transient;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::{config::Config, daemon::BackfillManager};

/// Runs the daemon until a signal ends it.
pub fn main() -> ExitCode {
    let config = Config::parse();
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    match BackfillManager::start(config).and_then(BackfillManager::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
