//! Identifiers, one type for each kind of record, so that one cannot be passed for another.

use diesel_derive_newtype::DieselNewType;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema, DieselNewType,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// Names a source.
    SourceId
);
id!(
    /// Names a destination.
    DestinationId
);
id!(
    /// Names a pipeline.
    PipelineId
);
id!(
    /// Names a backfill job.
    JobId
);
id!(
    /// Names a campaign.
    CampaignId
);
id!(
    /// Names a row in quarantine.
    EntryId
);
id!(
    /// Names an event of the audit trail.
    AuditEventId
);
