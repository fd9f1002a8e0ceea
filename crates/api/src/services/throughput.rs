//! How fast rows were copied over time.

use backfill_domain::id::JobId;
use diesel::PgConnection;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    repositories::{
        jobs,
        throughput::{self, Span, ThroughputPoint},
    },
};

/// The most points that a chart is given.
const MOST_POINTS: i64 = 120;

const DAY: i64 = 86_400;

/// How long a bucket may be, in seconds: steps that clocks have. Beyond, it is as many days as are needed.
const BUCKETS: [i64; 17] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200];

/// What was copied when.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Throughput {
    /// How many seconds a point stands for.
    #[schema(example = 30)]
    bucket_seconds: i64,
    /// At most 120 of them, one behind the other, also where nothing was copied; none before the first chunk.
    points: Vec<ThroughputPoint>,
}

/// What the job has copied.
pub(crate) fn of_job(connection: &mut PgConnection, id: JobId) -> Result<Throughput, ApiError> {
    jobs::status(connection, id)?.ok_or_else(|| ApiError::unknown("job", id))?;
    let span = throughput::of_job(connection, id)?;
    within(connection, Some(id), &span)
}

/// What all jobs have copied in the last minutes.
pub(crate) fn lately(connection: &mut PgConnection, minutes: i32) -> Result<Throughput, ApiError> {
    let span = throughput::lately(connection, minutes)?;
    within(connection, None, &span)
}

fn within(connection: &mut PgConnection, job: Option<JobId>, span: &Span) -> Result<Throughput, ApiError> {
    let (Some(from), Some(to)) = (span.from, span.to) else {
        return Ok(Throughput { bucket_seconds: BUCKETS[0], points: Vec::new() });
    };
    let bucket_seconds = bucket((to - from).num_seconds());
    let points = throughput::points(connection, job, (from, to), bucket_seconds)?;
    Ok(Throughput { bucket_seconds, points })
}

/// The shortest bucket of which few enough cover so many seconds, wherever they begin.
fn bucket(seconds: i64) -> i64 {
    let fits = |bucket: &i64| seconds / bucket + 2 <= MOST_POINTS;
    BUCKETS.into_iter().find(fits).unwrap_or_else(|| (seconds / (MOST_POINTS - 2) / DAY + 1) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_buckets_cover_any_time() {
        for (seconds, expected) in
            [(0, 1), (117, 1), (118, 1), (119, 2), (3600, 60), (86_400, 900), (DAY * 365, 4 * DAY)]
        {
            assert_eq!(bucket(seconds), expected, "{seconds}");
        }
        for seconds in (0..DAY * 1000).step_by(977) {
            assert!(seconds / bucket(seconds) + 2 <= MOST_POINTS, "{seconds}");
        }
    }
}
