//! Figures over the whole queue.

use backfill_domain::job::JobStatus;
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Double, Nullable, Text, Timestamptz},
};

/// Jobs by state, how fast they run, and since when the oldest waits of those that may run, by the database's clock.
const BY_STATUS: &str = "
    SELECT status, count(*) AS jobs, sum(rows_per_second) AS rows_per_second, sum(bytes_per_second) AS bytes_per_second,
           min(waits_since) AS oldest_at, extract(epoch FROM now() - min(waits_since))::float8 AS oldest_seconds
    FROM queue_backfill_data
    LEFT JOIN LATERAL (SELECT greatest(created_at, run_after) AS waits_since) AS due ON run_after <= now()
    GROUP BY status";

/// The jobs in one state.
#[derive(QueryableByName)]
pub(crate) struct StatusFigures {
    #[diesel(sql_type = Text)]
    pub(crate) status: JobStatus,
    #[diesel(sql_type = BigInt)]
    pub(crate) jobs: i64,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) rows_per_second: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) bytes_per_second: Option<f64>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(crate) oldest_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) oldest_seconds: Option<f64>,
}

/// A row for each state that some job is in.
pub(crate) fn by_status(connection: &mut PgConnection) -> QueryResult<Vec<StatusFigures>> {
    sql_query(BY_STATUS).load(connection)
}
