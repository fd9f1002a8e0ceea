//! What a job is told while it runs.

use std::cell::Cell;

use crossbeam_channel::Receiver;

/// Why a running job is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A user cancelled it: at once.
    Cancel,
    /// Another daemon may have it by now: at once, and without a word to the queue.
    LeaseLost,
    /// A user pauses it: after the chunk at hand.
    Pause,
    /// The daemon ends: after the chunk at hand.
    Shutdown,
    /// The daemon ends and waits no longer: at once.
    Interrupt,
}

impl Stop {
    /// Whether even the chunk at hand is to be given up.
    pub(crate) fn is_immediate(self) -> bool {
        matches!(self, Self::Cancel | Self::LeaseLost | Self::Interrupt)
    }
}

/// The job's end of its control channel. It remembers what it heard, and the more pressing of two words wins.
pub(crate) struct Control {
    channel: Receiver<Stop>,
    heard: Cell<Option<Stop>>,
}

impl Control {
    /// Listens to `channel`.
    pub(crate) fn new(channel: Receiver<Stop>) -> Self {
        Self { channel, heard: Cell::new(None) }
    }

    /// The channel, to wait for together with others. What it yields goes to [`Self::hear`].
    pub(crate) fn channel(&self) -> &Receiver<Stop> {
        &self.channel
    }

    /// Takes a word in.
    pub(crate) fn hear(&self, stop: Stop) {
        let pressing = self.heard.get().is_none_or(|heard| !heard.is_immediate());
        if pressing {
            self.heard.set(Some(stop));
        }
    }

    /// What the job was told, if anything.
    pub(crate) fn stop(&self) -> Option<Stop> {
        while let Ok(stop) = self.channel.try_recv() {
            self.hear(stop);
        }
        self.heard.get()
    }
}
