//! What can end a job, in words that a user can act on.

use backfill_domain::{destination::Destination, id::DestinationId};

use crate::{
    destination::DestinationError, failpoint::Planned, key::KeyChanged, queue::QueueError,
    source::SourceError,
};

/// Why a job ended before its last chunk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// The queue could not be read or written, or the job is another daemon's.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The source failed.
    #[error("source {name}: {error}")]
    Source {
        /// What people call it.
        name: String,
        /// What happened.
        error: SourceError,
    },
    /// Chunks cannot go on along another key.
    #[error(transparent)]
    Key(#[from] KeyChanged),
    /// A destination failed.
    #[error("destination {name}: {error}")]
    Destination {
        /// Which.
        id: DestinationId,
        /// What people call it.
        name: String,
        /// What happened.
        error: Box<DestinationError>,
    },
    /// A destination's stored settings cannot be read.
    #[error("destination {name}: its settings cannot be read: {error}")]
    Settings {
        /// What people call it.
        name: String,
        /// What is wrong with them.
        error: serde_json::Error,
    },
    /// Two destinations would write the same table or files.
    #[error("destinations {one} and {two} are the same place: take one of them out of the pipeline")]
    SamePlace {
        /// What people call one.
        one: String,
        /// What people call the other.
        two: String,
    },
    /// The job has nowhere to copy to.
    #[error("the job has no destination")]
    NoDestination,
    /// A destination's ledger and the queue tell different stories.
    #[error(
        "destination {name} has committed {held} chunks of this job where the queue knows of {known}: one of them was \
         restored or emptied since; start a new job"
    )]
    Ledger {
        /// Which.
        id: DestinationId,
        /// What people call it.
        name: String,
        /// The last chunk in the destination's ledger.
        held: i64,
        /// The last chunk that the queue knows to be done, or fixed.
        known: i64,
    },
    /// A version that made no plans has copied the job.
    #[error("the job was copied by an earlier version, which has not noted how: start a new job")]
    NoPlan,
    /// The job was told to stop; why is for the one who told.
    #[error("stopped")]
    Stopped,
    /// A test has asked for it.
    #[error(transparent)]
    Planned(#[from] Planned),
    /// A defect in Backfill.
    #[error("an internal error stopped the job; the daemon's log has its place. Please report it")]
    Panicked,
}

impl JobError {
    /// An error of the destination `stored`.
    pub(crate) fn at(stored: &Destination, error: DestinationError) -> Self {
        Self::Destination { id: stored.id, name: stored.name.clone(), error: Box::new(error) }
    }

    /// The destination at fault, if one was.
    pub(crate) fn destination(&self) -> Option<DestinationId> {
        match self {
            Self::Destination { id, .. } | Self::Ledger { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether a destination held something else than it was given.
    pub(crate) fn is_mismatch(&self) -> bool {
        use DestinationError::{Mismatch, NotReplaced};
        matches!(self, Self::Destination { error, .. }
            if matches!(**error, Mismatch { .. } | NotReplaced { .. }))
    }
}
