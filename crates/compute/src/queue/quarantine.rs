//! Rows that a job keeps aside, and values that became NULL. Every change is fenced by the claim.
//!
//! What a chunk sets aside is written after its range is fixed and before its first destination commits: a chunk that
//! is read again replaces what it has set aside, for the destinations that it is read again for.

use backfill_domain::{
    chunk::ChunkStatus,
    id::{DestinationId, JobId},
    quarantine::{EntryStatus, MAX_BYTES, MAX_ROWS, QuarantineFull},
    schema::{backfill_chunks, backfill_quarantine},
};
use diesel::{
    PgConnection,
    dsl::{auto_type, now, sql},
    prelude::*,
    sql_query,
    sql_types::{BigInt, Integer},
};

use super::{
    Claim, Queue, QueueError,
    progress::{forget_failures, set_rows},
};
use crate::columnar::{Aside, KeptRow};

/// Notes how many values of a chunk became NULL at a destination.
const NOTE_NULLED: &str = "
    UPDATE backfill_chunks SET nulled = nulled || jsonb_build_object($3::text, $4)
    WHERE job_id = $1 AND number = $2";

/// Fixes the chunk that replays rows, behind the job's last one, where an earlier attempt has not done so.
const BEGIN_REPLAY: &str = "
    WITH fixed AS (
        SELECT FROM backfill_chunks WHERE job_id = $1 AND number = $2
    ), marked AS (
        UPDATE backfill_quarantine SET replay_chunk = $2
        WHERE job_id = $1 AND status = 'MENDED' AND replay_chunk IS NULL AND NOT EXISTS (SELECT FROM fixed)
        RETURNING tuple
    ), counted AS (
        SELECT count(*) AS rows, sum(octet_length(tuple)) AS bytes FROM marked
    )
    INSERT INTO backfill_chunks
        (job_id, number, section, lower_key, upper_key, lower_page, upper_page, status, row_count, byte_count, attempt)
    SELECT $1, $2, last.section, last.upper_key, last.upper_key, last.upper_page, last.upper_page, 'COPYING',
           counted.rows, counted.bytes, $3
    FROM counted, backfill_chunks AS last
    WHERE last.job_id = $1 AND last.number = $2 - 1 AND counted.rows > 0";

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

/// A row of the quarantine with the value that it was mended with.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = backfill_quarantine, check_for_backend(diesel::pg::Pg))]
pub(crate) struct MendedRow {
    /// The destination that it is for.
    pub(crate) destination_id: DestinationId,
    /// The column that was mended.
    pub(crate) column_name: String,
    /// Its value as text.
    pub(crate) mended_value: Option<String>,
    /// The row as it travels to this destination alone.
    pub(crate) tuple: Vec<u8>,
}

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

    /// Fixes which rows chunk `number` replays, and gives them. Without any, there is no such chunk.
    pub(crate) fn begin_replay(&self, claim: Claim, number: i64) -> Result<Vec<MendedRow>, QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            sql_query(BEGIN_REPLAY)
                .bind::<BigInt, _>(claim.job)
                .bind::<BigInt, _>(number)
                .bind::<Integer, _>(claim.attempt)
                .execute(connection)?;
            Ok(replayed_by(claim.job, number)
                .order((backfill_quarantine::chunk, backfill_quarantine::place))
                .select(MendedRow::as_select())
                .load(connection)?)
        })
    }

    /// Takes chunk `number`, which no destination has committed, and its rows out of the replay again.
    pub(crate) fn give_up_replay(&self, claim: Claim, number: i64) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            diesel::update(replayed_by(claim.job, number))
                .set(backfill_quarantine::replay_chunk.eq(None::<i64>))
                .execute(connection)?;
            diesel::delete(
                backfill_quarantine::table
                    .filter(backfill_quarantine::job_id.eq(claim.job))
                    .filter(backfill_quarantine::chunk.eq(number)),
            )
            .execute(connection)?;
            diesel::delete(backfill_chunks::table.find((claim.job, number))).execute(connection)?;
            Ok(())
        })
    }

    /// Notes that every destination has committed chunk `number`, whose rows are replayed by it.
    pub(crate) fn finish_replay(
        &self,
        claim: Claim,
        number: i64,
        destination_rows: &[(DestinationId, i64)],
    ) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            diesel::update(backfill_chunks::table.find((claim.job, number)))
                .set((backfill_chunks::status.eq(ChunkStatus::Done), backfill_chunks::finished_at.eq(now)))
                .execute(connection)?;
            diesel::update(replayed_by(claim.job, number))
                .set((
                    backfill_quarantine::status.eq(EntryStatus::Replayed),
                    backfill_quarantine::replayed_at.eq(now),
                ))
                .execute(connection)?;
            set_rows(claim.job, destination_rows, connection)?;
            forget_failures(claim.job, connection)?;
            count_aside(claim.job, number, connection)
        })
    }
}

/// The rows that chunk `number` replays.
#[auto_type(no_type_alias)]
fn replayed_by(job: JobId, number: i64) -> _ {
    backfill_quarantine::table
        .filter(backfill_quarantine::job_id.eq(job))
        .filter(backfill_quarantine::replay_chunk.eq(number))
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
