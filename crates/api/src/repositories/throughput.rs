//! What was copied when, by the chunks that were finished.

use backfill_domain::id::JobId;
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Double, Integer, Nullable, Timestamptz},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A span of time; both of its ends are `None` where nothing was copied.
#[derive(QueryableByName)]
pub(crate) struct Span {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(crate) from: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(crate) to: Option<DateTime<Utc>>,
}

/// What was copied within one bucket of time.
#[derive(Debug, Serialize, ToSchema, QueryableByName)]
pub(crate) struct ThroughputPoint {
    /// When the bucket begins.
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    /// Rows of the chunks that were finished in it.
    #[diesel(sql_type = BigInt)]
    rows: i64,
    /// Bytes of those rows as the source sent them.
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// From the first chunk of the job to its last, or to now while it executes.
const OF_JOB: &str = "
    SELECT min(chunk.finished_at) AS \"from\",
           CASE WHEN min(chunk.finished_at) IS NOT NULL THEN
               GREATEST(max(chunk.finished_at), max(CASE WHEN job.status = 'EXECUTING' THEN now() END)) END AS \"to\"
    FROM queue_backfill_data AS job JOIN backfill_chunks AS chunk ON chunk.job_id = job.id
    WHERE job.id = $1";

const LATELY: &str = "SELECT now() - make_interval(mins => $1) AS \"from\", now() AS \"to\"";

/// Chunks by the bucket in which they were finished; of one job, or of all.
const POINTS: &str = "
    WITH copied AS (
        SELECT date_bin(make_interval(secs => $3), finished_at, to_timestamp(0)) AS at,
               sum(row_count)::bigint AS rows, sum(byte_count)::bigint AS bytes
        FROM backfill_chunks
        WHERE finished_at BETWEEN $1 AND $2 AND ($4 IS NULL OR job_id = $4)
        GROUP BY 1
    )
    SELECT at, COALESCE(rows, 0) AS rows, COALESCE(bytes, 0) AS bytes
    FROM generate_series(date_bin(make_interval(secs => $3), $1, to_timestamp(0)), $2, make_interval(secs => $3)) AS at
    LEFT JOIN copied USING (at)
    ORDER BY at";

pub(crate) fn of_job(connection: &mut PgConnection, id: JobId) -> QueryResult<Span> {
    sql_query(OF_JOB).bind::<BigInt, _>(id).get_result(connection)
}

/// The last minutes.
pub(crate) fn lately(connection: &mut PgConnection, minutes: i32) -> QueryResult<Span> {
    sql_query(LATELY).bind::<Integer, _>(minutes).get_result(connection)
}

/// What was copied in each bucket of so many seconds.
pub(crate) fn points(
    connection: &mut PgConnection,
    job: Option<JobId>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    bucket_seconds: i64,
) -> QueryResult<Vec<ThroughputPoint>> {
    sql_query(POINTS)
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(to)
        .bind::<Double, _>(bucket_seconds as f64)
        .bind::<Nullable<BigInt>, _>(job)
        .load(connection)
}
