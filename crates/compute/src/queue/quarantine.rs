//! Rows that a job keeps aside, and values that became NULL. Every change is fenced by the claim.
//!
//! What a chunk sets aside is written after its range is fixed and before its first destination commits: a chunk that
//! is read again replaces what it has set aside, for the destinations that it is read again for.

use backfill_domain::{
    id::{DestinationId, JobId},
    quarantine::{MAX_BYTES, MAX_ROWS, QuarantineFull},
    schema::backfill_quarantine,
};
use diesel::{PgConnection, dsl::sql, prelude::*, sql_query, sql_types::BigInt};

use super::{Claim, Queue, QueueError};
use crate::columnar::{Aside, KeptRow};

/// Notes how many values of a chunk became NULL at a destination.
const NOTE_NULLED: &str = "
    UPDATE backfill_chunks SET nulled = nulled || jsonb_build_object($3::text, $4)
    WHERE job_id = $1 AND number = $2";

/// Counts, for each destination, what a chunk that is done has set aside.
const COUNT: &str = "
    UPDATE backfill_job_destinations AS part
    SET nulled = part.nulled + COALESCE((
            SELECT (chunk.nulled ->> part.destination_id::text)::bigint FROM backfill_chunks AS chunk
            WHERE chunk.job_id = part.job_id AND chunk.number = $2
        ), 0),
        quarantined = (
            SELECT count(*) FROM backfill_quarantine AS entry
            WHERE entry.job_id = part.job_id AND entry.destination_id = part.destination_id
              AND entry.status <> 'REPLAYED'
        )
    WHERE part.job_id = $1";

/// Rows that one statement writes: a parameter for each of their columns, of which there are 65535 at most.
const ROWS: usize = 1000;

impl Queue {
    /// Writes down what each destination has set aside of chunk `number`, which none of them has committed yet.
    ///
    /// # Errors
    /// [`QueueError::Quarantine`] if that is more than a job may keep.
    pub(crate) fn set_aside(
        &self,
        claim: Claim,
        number: i64,
        asides: &[(DestinationId, Aside)],
    ) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            for (destination, aside) in asides {
                replace(claim.job, *destination, number, &aside.rows, connection)?;
                sql_query(NOTE_NULLED)
                    .bind::<BigInt, _>(claim.job)
                    .bind::<BigInt, _>(number)
                    .bind::<BigInt, _>(destination)
                    .bind::<BigInt, _>(aside.nulled)
                    .execute(connection)?;
                if aside.nulled > 0 {
                    log::warn!(
                        "job {}, chunk {number}: destination {destination} holds NULL instead of {} values",
                        claim.job,
                        aside.nulled
                    );
                }
            }
            check_size(claim.job, connection)
        })
    }
}

fn replace(
    job: JobId,
    destination: DestinationId,
    chunk: i64,
    rows: &[KeptRow],
    connection: &mut PgConnection,
) -> Result<(), QueueError> {
    let of_chunk = backfill_quarantine::table
        .filter(backfill_quarantine::job_id.eq(job))
        .filter(backfill_quarantine::destination_id.eq(destination))
        .filter(backfill_quarantine::chunk.eq(chunk));
    diesel::delete(of_chunk).execute(connection)?;
    for rows in rows.chunks(ROWS) {
        let values: Vec<_> = rows
            .iter()
            .map(|kept| {
                (
                    backfill_quarantine::job_id.eq(job),
                    backfill_quarantine::destination_id.eq(destination),
                    backfill_quarantine::chunk.eq(chunk),
                    backfill_quarantine::place.eq(kept.place),
                    backfill_quarantine::column_name.eq(&kept.column),
                    backfill_quarantine::key.eq(&kept.key),
                    backfill_quarantine::value.eq(&kept.value),
                    backfill_quarantine::reason.eq(&kept.reason),
                    backfill_quarantine::row_values.eq(&kept.row),
                    backfill_quarantine::tuple.eq(&kept.tuple),
                )
            })
            .collect();
        diesel::insert_into(backfill_quarantine::table).values(values).execute(connection)?;
    }
    Ok(())
}

fn check_size(job: JobId, connection: &mut PgConnection) -> Result<(), QueueError> {
    let (rows, bytes): (i64, i64) = backfill_quarantine::table
        .filter(backfill_quarantine::job_id.eq(job))
        .select((sql::<BigInt>("count(*)"), sql::<BigInt>("coalesce(sum(octet_length(tuple)), 0)::bigint")))
        .first(connection)?;
    if rows > MAX_ROWS as i64 || bytes > MAX_BYTES as i64 { Err(QuarantineFull.into()) } else { Ok(()) }
}

/// Counts what chunk `number`, which is done now, has set aside.
pub(super) fn count_aside(job: JobId, number: i64, connection: &mut PgConnection) -> Result<(), QueueError> {
    sql_query(COUNT).bind::<BigInt, _>(job).bind::<BigInt, _>(number).execute(connection)?;
    Ok(())
}
