//! The daemons that work the queue off.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::schema::backfill_workers;

/// Seconds a claim lasts unless its daemon renews it.
pub const LEASE_SECONDS: i32 = 30;

/// A daemon as it reports itself; alive while `heartbeat_at` is younger than a lease.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = backfill_workers, check_for_backend(diesel::pg::Pg))]
pub struct Worker {
    /// Identifier, new with each start.
    pub id: Uuid,
    /// The machine it runs on.
    pub hostname: String,
    /// Its process id there.
    pub pid: i32,
    /// Its version.
    pub version: String,
    /// How many jobs it runs at once.
    pub max_jobs: i32,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it last reported.
    pub heartbeat_at: DateTime<Utc>,
}
