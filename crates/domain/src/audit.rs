//! The audit trail: what was done, by whom, to what. Triggers of the metadata database write it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{id::AuditEventId, schema::audit_events, text_enum::text_enum};

/// The setting of a session or transaction that says who it acts for.
pub const ACTOR: &str = "backfill.actor";

/// The setting that says from which address that was asked for.
pub const ADDRESS: &str = "backfill.address";

/// The setting that says by which request.
pub const REQUEST_ID: &str = "backfill.request_id";

text_enum! {
    "snake_case",
    /// What was done.
    pub enum AuditAction {
        /// It was made.
        Created,
        /// It was given other properties.
        Changed,
        /// It was removed.
        Deleted,
        /// Of a pipeline: destinations were added.
        DestinationsAdded,
        /// Of a pipeline: destinations were taken away.
        DestinationsRemoved,
        /// A daemon took the job up.
        Claimed,
        /// The daemon settled how to go about the job's table.
        Planned,
        /// The daemon reads under a new snapshot from then on.
        SnapshotTaken,
        /// An attempt failed, and there is to be another one.
        Retried,
        /// The next attempt was put off.
        PutOff,
        /// The daemon let go of the job, for another one to go on.
        HandedBack,
        /// The daemon fell silent, and the job was taken from it.
        LeaseLost,
        /// Everything arrived.
        Completed,
        /// An error ended the job.
        Failed,
        /// The job was cancelled.
        Cancelled,
        /// The job was paused.
        Paused,
        /// The daemon that executes the job was asked to cancel it.
        CancelRequested,
        /// The daemon that executes the job was asked to pause it.
        PauseRequested,
        /// The job was put back into the queue, to go on where it stopped.
        Resumed,
        /// A look was asked for at whether the destinations still hold what the source does.
        VerifyRequested,
        /// A repair of what differs was asked for.
        RepairRequested,
        /// A replay of mended rows was asked for.
        ReplayRequested,
        /// A row in quarantine was given another value.
        RowMended,
    }
}

text_enum! {
    "snake_case",
    /// What something was done to.
    pub enum AuditTarget {
        /// A source.
        Source,
        /// A destination.
        Destination,
        /// A pipeline.
        Pipeline,
        /// A campaign.
        Campaign,
        /// A job.
        Job,
    }
}

/// Something that was done. It stays when what it was done to is gone.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = audit_events, check_for_backend(diesel::pg::Pg))]
pub struct AuditEvent {
    /// Identifier; later events have higher ones, but for those of transactions that ran at the same time.
    pub id: AuditEventId,
    /// When, by the metadata database's clock.
    pub at: DateTime<Utc>,
    /// Who: `anonymous` for a client of the API, `daemon:ID` for a daemon, `database:ROLE` for a statement by hand.
    #[schema(example = "anonymous")]
    pub actor: String,
    /// The address that the request came from; `null` for what no request did.
    pub address: Option<String>,
    /// The request, as in the log and in its answer's `X-Request-Id`; `null` for what no request did.
    pub request_id: Option<String>,
    /// What.
    pub action: AuditAction,
    /// To what kind of thing.
    pub target: AuditTarget,
    /// To which one.
    pub target_id: i64,
    /// What was different before, all of it for what was deleted; secrets are masked.
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// What was different then, all of it for what was created; secrets are masked.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
}
