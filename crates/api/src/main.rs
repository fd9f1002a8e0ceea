//! Starts the API: configuration, migrations, connection pool, server.

use std::{net::TcpListener, process::ExitCode};

use backfill_api::{config::Config, database, server};
use backfill_domain::secret::{Keys, VARIABLE};
use clap::Parser;

#[actix_web::main]
async fn main() -> ExitCode {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    match run(Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> std::io::Result<()> {
    Keys::from_environment().map_err(std::io::Error::other)?;
    let dashboard = config.dashboard()?;
    database::migrate(&config.database_url).map_err(std::io::Error::other)?;
    if config.rotate_secrets {
        let count = database::rotate_secrets(&config.database_url).map_err(std::io::Error::other)?;
        log::info!("{count} stored passwords were encrypted with the first key of {VARIABLE}");
        return Ok(());
    }
    let database = database::Database::new(&config.database_url);
    let listener = TcpListener::bind(&config.backfill_bind)?;
    log::info!("listening on http://{}", listener.local_addr()?);
    server::start(listener, database, dashboard, config.server())?.await?;
    log::info!("stopped");
    Ok(())
}
