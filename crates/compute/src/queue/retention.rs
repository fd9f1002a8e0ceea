//! How long jobs are kept that have ended.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Integer},
};

use super::{Queue, QueueError};

/// Jobs that are removed at once: each takes its chunks along, which may be many.
const BATCH: i64 = 20;

/// Removes the jobs that ended first. One that is just being resumed is passed over.
const PRUNE: &str = "
    DELETE FROM queue_backfill_data WHERE id IN (
        SELECT id FROM queue_backfill_data
        WHERE status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND finished_at < now() - make_interval(days => $1)
        ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )";

impl Queue {
    /// Removes some of the jobs that ended more than so many days ago; how many.
    pub(crate) fn prune(&self, days: i32) -> Result<usize, QueueError> {
        let removed = sql_query(PRUNE)
            .bind::<Integer, _>(days)
            .bind::<BigInt, _>(BATCH)
            .execute(&mut self.connection()?)?;
        Ok(removed)
    }
}
