//! SIGTERM and SIGINT as a channel.

use std::{io, thread};

use crossbeam_channel::{Receiver, bounded};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

/// The signals that ask the daemon to stop, as they come.
pub(crate) fn signals() -> io::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (sender, receiver) = bounded(1);
    thread::Builder::new().name("backfill-signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            sender.try_send(signal).unwrap_or_default();
        }
    })?;
    Ok(receiver)
}
