//! Wakes the daemon when the queue changes. Polling goes on besides, so nothing depends on it.

use std::{thread, time::Duration};

use backfill_domain::{job::QUEUE_CHANNEL, source::ConnectionSettings};
use backfill_pg::{PgError, connect};
use crossbeam_channel::{Receiver, Sender, bounded};

/// Time before a connection that broke is made anew.
const RETRY: Duration = Duration::from_secs(1);

/// Listens on a thread of its own, for as long as the daemon lives. What the receiver yields means: look at the queue.
pub(crate) fn listen(database_url: String) -> Receiver<()> {
    let (wake, receiver) = bounded(1);
    let listener = move || match ConnectionSettings::from_url(&database_url) {
        Ok(settings) => listen_for_ever(&settings, &wake),
        Err(message) => log::warn!("no notifications, polling alone: DATABASE_URL {message}"),
    };
    if let Err(error) = thread::Builder::new().name("backfill-listen".to_owned()).spawn(listener) {
        log::warn!("no notifications, polling alone: {error}");
    }
    receiver
}

fn listen_for_ever(settings: &ConnectionSettings, wake: &Sender<()>) {
    loop {
        if let Err(error) = listen_until_broken(settings, wake) {
            log::warn!("notifications pause, polling goes on: {error}");
        }
        thread::sleep(RETRY);
    }
}

fn listen_until_broken(settings: &ConnectionSettings, wake: &Sender<()>) -> Result<(), PgError> {
    let mut client = connect(settings, "backfill listener")?;
    client.batch_execute(&format!("LISTEN {QUEUE_CHANNEL}"))?;
    // What changed before LISTEN took hold was not announced to this connection.
    wake.try_send(()).unwrap_or_default();
    while client.wait_for_notification()? {
        // A full channel already says what this would say.
        wake.try_send(()).unwrap_or_default();
    }
    Ok(())
}
