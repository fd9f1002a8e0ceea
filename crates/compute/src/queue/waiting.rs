//! Why running jobs make no progress, for those who look at them.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Double, Integer, Text, Uuid as SqlUuid},
};

use super::{Claim, Queue, QueueError};
use crate::standing::Stall;

/// A daemon that lost the job has nothing to say of it any more.
const NOTE: &str = "
    INSERT INTO backfill_waiting (job_id, attempt, reason, detail, since)
    SELECT id, attempt, $4, $5, now() - make_interval(secs => $6) FROM queue_backfill_data
    WHERE id = $1 AND attempt = $2 AND claimed_by = $3
    ON CONFLICT (job_id) DO UPDATE SET
        attempt = EXCLUDED.attempt, reason = EXCLUDED.reason, detail = EXCLUDED.detail, since = EXCLUDED.since";

const FORGET: &str = "DELETE FROM backfill_waiting WHERE job_id = $1 AND attempt = $2";

impl Queue {
    /// Notes why a job makes no progress; `None`: it does.
    pub(crate) fn note_stall(&self, claim: Claim, stall: Option<&Stall>) -> Result<(), QueueError> {
        let mut connection = self.connection()?;
        match stall {
            None => sql_query(FORGET)
                .bind::<BigInt, _>(claim.job)
                .bind::<Integer, _>(claim.attempt)
                .execute(&mut connection)?,
            Some(stall) => sql_query(NOTE)
                .bind::<BigInt, _>(claim.job)
                .bind::<Integer, _>(claim.attempt)
                .bind::<SqlUuid, _>(self.worker)
                .bind::<Text, _>(stall.reason)
                .bind::<Text, _>(&stall.detail)
                .bind::<Double, _>(stall.since.elapsed().as_secs_f64())
                .execute(&mut connection)?,
        };
        Ok(())
    }
}
