//! Why a job makes no progress.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::text_enum::text_enum;

text_enum! {
    "snake_case",
    /// What a job waits for.
    #[derive(Hash)]
    pub enum WaitReason {
        /// A daemon that has room for it.
        Daemon,
        /// The moment before which it must not run.
        RunAfter,
        /// Its turn in its campaign: as many of the campaign's jobs run, or are about to, as may.
        CampaignSlot,
        /// One of the source's slots: as many of its jobs run as it can bear.
        SourceSlot,
        /// The hours in which its source may be read.
        QuietHours,
        /// Its source, which has passed a limit that its user has set.
        SourceUnwell,
        /// The rate at which it may read.
        Rate,
        /// Its source's answer.
        Source,
        /// A lock that another session holds on the source's table.
        Lock,
        /// A destination's answer.
        Destination,
        /// Its turn at memory that jobs share.
        Memory,
    }
}

impl WaitReason {
    /// Whether a running job waits because it is to: it says so at once.
    pub fn is_pause(self) -> bool {
        matches!(self, Self::QuietHours | Self::SourceUnwell | Self::Rate)
    }
}

/// Why a job makes no progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waiting {
    /// What it waits for.
    pub reason: WaitReason,
    /// The same in words.
    pub detail: String,
    /// Since when.
    pub since: DateTime<Utc>,
}
