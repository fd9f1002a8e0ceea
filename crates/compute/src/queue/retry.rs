//! When a job is tried again that an attempt has not brought further.

use std::time::Duration;

use backfill_domain::id::JobId;
use diesel::{
    PgConnection,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Double},
};

use super::QueueError;

/// The longest that a job waits for its next attempt.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// Puts a job off whose failures have just been counted: by chance, and twice as long at most with each failure. What
/// has failed many jobs at once is not met by all of them at once again. The clock is the database's.
const PUT_OFF: &str = "
    UPDATE queue_backfill_data
    SET run_after = now() + make_interval(secs => random() * least($2 * 2.0 ^ (failures - 1), $3))
    WHERE id = $1";

/// How long jobs wait for their next attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// The longest wait after a first failure.
    base: Duration,
}

impl Backoff {
    /// Waits that begin with this one.
    pub(crate) fn new(base: Duration) -> Self {
        Self { base }
    }

    pub(super) fn put_off(self, job: JobId, connection: &mut PgConnection) -> Result<(), QueueError> {
        sql_query(PUT_OFF)
            .bind::<BigInt, _>(job)
            .bind::<Double, _>(self.base.as_secs_f64())
            .bind::<Double, _>(LONGEST.as_secs_f64())
            .execute(connection)?;
        Ok(())
    }
}
