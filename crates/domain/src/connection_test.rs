//! What a connection test found.

use serde::Serialize;
use utoipa::ToSchema;

/// What testing a source found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceTest {
    /// Whether a connection could be made.
    pub reachable: bool,
    /// The server's version, such as `18.4`.
    pub version: Option<String>,
    /// Whether it is a replica that only replays another server's changes.
    pub is_replica: Option<bool>,
    /// Whether the connection was encrypted.
    pub encrypted: Option<bool>,
    /// Tables and views outside the system schemas.
    pub tables: Option<i64>,
    /// How many of these the user may read.
    pub readable_tables: Option<i64>,
    /// What stands in the way of a backfill, and what to do; empty if nothing does.
    pub missing: Vec<String>,
}

/// What testing a destination found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DestinationTest {
    /// Whether it could be reached: connected to, or its folder found.
    pub reachable: bool,
    /// The server's version, for a database server.
    pub version: Option<String>,
    /// What stands in the way of a backfill, and what to do; empty if nothing does.
    pub missing: Vec<String>,
}
