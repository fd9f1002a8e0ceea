//! What the service is told when it starts.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;

use crate::server::{Dashboard, Settings, Shutdown};

/// Where the dashboard is looked for.
const BUILT: &str = "frontend/dist";

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
    /// The folder of the built dashboard; frontend/dist unless given, if there is one
    #[arg(long, env = "BACKFILL_FRONTEND_DIR")]
    backfill_frontend_dir: Option<PathBuf>,
    /// The path below which a reverse proxy offers the service, and which it strips off
    #[arg(long, env = "BACKFILL_BASE_PATH", default_value = "/", value_parser = base_path)]
    backfill_base_path: String,
    /// Reverse proxies in front of the service that add to X-Forwarded-For, by which the audit trail knows clients' addresses
    #[arg(long, env = "BACKFILL_TRUSTED_PROXIES", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=16))]
    backfill_trusted_proxies: u8,
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

/// The path with a slash at both ends.
fn base_path(path: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    if !path.chars().all(is_plain) || path.contains("//") {
        return Err("may have letters, digits and -._~ between single slashes".to_owned());
    }
    match path.trim_matches('/') {
        "" => Ok("/".to_owned()),
        path => Ok(format!("/{path}/")),
    }
}

impl Config {
    /// What browsers are shown.
    ///
    /// # Errors
    /// If there is no dashboard in the folder that was named.
    pub fn dashboard(&self) -> io::Result<Dashboard> {
        let built = Path::new(BUILT);
        let found = || built.join("index.html").is_file().then(|| built.to_owned());
        let folder = self.backfill_frontend_dir.clone().or_else(found);
        Dashboard::new(folder, self.backfill_base_path.clone())
    }

    /// What the server is told.
    pub fn server(&self) -> Settings {
        let shutdown = Shutdown {
            delay: Duration::from_secs(self.backfill_shutdown_delay),
            grace: Duration::from_secs(self.backfill_shutdown_grace),
        };
        Settings { shutdown, trusted_proxies: self.backfill_trusted_proxies.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::base_path;

    #[test]
    fn a_base_path_has_slashes_at_its_ends_and_nothing_that_a_page_would_take_for_markup() {
        for (given, expected) in [("", "/"), ("/", "/"), ("backfill", "/backfill/"), ("/a/b-c/", "/a/b-c/")] {
            assert_eq!(base_path(given).as_deref(), Ok(expected), "{given}");
        }
        for bad in ["/a\"b", "/a//b", "//evil.example", "/<b>", "https://x", "/a b"] {
            assert!(base_path(bad).is_err(), "{bad}");
        }
    }
}
