//! What is known of a job's destinations: whether they hold what the source does, chunk by chunk and in all.

use backfill_domain::{
    chunk::{Chunk, ChunkStatus},
    id::{DestinationId, JobId},
    schema::{backfill_chunks, backfill_job_destinations, backfill_quarantine, queue_backfill_data},
};
use diesel::{
    PgConnection,
    dsl::{exists, not},
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Text},
};

use super::{Claim, Queue, QueueError, progress::forget_failures};

/// Which chunks a pass over a job that is copied is to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that it has not looked at yet.
    Unseen,
    /// Those that differ.
    Differing,
    /// All of them.
    All,
}

/// What the parts say of the job once it has ended well: by the last look at all chunks, or else by how they were
/// compared when they were copied.
const CONCLUDE: &str = "
    WITH looked AS (
        SELECT count(*) > 0 AND bool_and(differs IS NOT NULL) AS at_all FROM backfill_chunks AS chunk
        WHERE job_id = $1 AND NOT EXISTS (
            SELECT FROM backfill_quarantine AS entry WHERE entry.job_id = $1 AND entry.replay_chunk = chunk.number)
    ), level AS (
        SELECT COALESCE(options ->> 'verification', 'checksum') AS level FROM queue_backfill_data WHERE id = $1
    )
    UPDATE backfill_job_destinations AS part
    SET verified_by = CASE WHEN at_all THEN 'checksum' ELSE NULLIF(level, 'off') END,
        verified = CASE
            WHEN EXISTS (SELECT FROM backfill_chunks WHERE job_id = $1 AND part.destination_id = ANY (differs)) THEN false
            WHEN at_all OR level = 'checksum' THEN true
        END
    FROM looked, level WHERE part.job_id = $1";

/// The chunks that differ, for each destination with any: how many, and the first of them.
const DIFFERENCES: &str = "
    SELECT part.destination_id, destination.name, count(*) AS chunks,
           (array_agg(chunk.number ORDER BY chunk.number))[:10] AS first
    FROM backfill_chunks AS chunk
    JOIN backfill_job_destinations AS part
        ON part.job_id = chunk.job_id AND part.destination_id = ANY (chunk.differs)
    JOIN destinations AS destination ON destination.id = part.destination_id
    WHERE chunk.job_id = $1
    GROUP BY part.destination_id, part.position, destination.name ORDER BY part.position";

#[derive(QueryableByName)]
struct Difference {
    #[diesel(sql_type = BigInt)]
    destination_id: DestinationId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    chunks: i64,
    #[diesel(sql_type = Array<BigInt>)]
    first: Vec<i64>,
}

impl Difference {
    fn message(&self) -> String {
        let first: Vec<_> = self.first.iter().map(i64::to_string).collect();
        let first = first.join(", ");
        let name = &self.name;
        match self.chunks - self.first.len() as i64 {
            0 if self.chunks == 1 => format!("destination {name} differs from the source in chunk {first}"),
            0 => format!("destination {name} differs from the source in {} chunks: {first}", self.chunks),
            more => format!(
                "destination {name} differs from the source in {} chunks: {first} and {more} more",
                self.chunks
            ),
        }
    }
}

impl Queue {
    /// Begins a pass over a job that is copied, or goes on with one unless it is to begin `anew`.
    pub(crate) fn begin_pass(&self, claim: Claim, anew: bool) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            if anew {
                diesel::update(backfill_chunks::table.filter(backfill_chunks::job_id.eq(claim.job)))
                    .set(backfill_chunks::differs.eq(None::<Vec<DestinationId>>))
                    .execute(connection)?;
            }
            // How fast it was copied is no measure of this.
            diesel::update(queue_backfill_data::table.find(claim.job))
                .set((
                    queue_backfill_data::rows_per_second.eq(None::<f64>),
                    queue_backfill_data::bytes_per_second.eq(None::<f64>),
                ))
                .execute(connection)?;
            Ok(())
        })
    }

    /// The next chunk of the job behind the one of this number. Replays are none: their rows are not the source's.
    pub(crate) fn next_chunk(
        &self,
        job: JobId,
        behind: i64,
        scope: Scope,
    ) -> Result<Option<Chunk>, QueueError> {
        let replayed = backfill_quarantine::table
            .filter(backfill_quarantine::job_id.eq(job))
            .filter(backfill_quarantine::replay_chunk.eq(backfill_chunks::number.nullable()));
        let mut query = backfill_chunks::table
            .filter(backfill_chunks::job_id.eq(job))
            .filter(backfill_chunks::number.gt(behind))
            .filter(backfill_chunks::status.eq(ChunkStatus::Done))
            .filter(not(exists(replayed)))
            .order(backfill_chunks::number)
            .select(Chunk::as_select())
            .into_boxed();
        query = match scope {
            Scope::Unseen => query.filter(backfill_chunks::differs.is_null()),
            Scope::Differing => query.filter(backfill_chunks::differs.ne(Vec::<i64>::new())),
            Scope::All => query,
        };
        Ok(query.first(&mut self.connection()?).optional()?)
    }

    /// Notes which destinations differ in chunk `number`.
    pub(crate) fn note_differences(
        &self,
        claim: Claim,
        number: i64,
        differs: &[DestinationId],
    ) -> Result<(), QueueError> {
        self.connection()?.transaction(|connection| {
            self.lock(claim, connection)?;
            diesel::update(backfill_chunks::table.find((claim.job, number)))
                .set(backfill_chunks::differs.eq(Some(differs)))
                .execute(connection)?;
            forget_failures(claim.job, connection)
        })
    }

    /// The keys of a chunk's rows that are kept aside for a destination, or were.
    pub(crate) fn kept_keys(
        &self,
        job: JobId,
        number: i64,
        destination: DestinationId,
    ) -> Result<Vec<serde_json::Value>, QueueError> {
        let query = backfill_quarantine::table
            .filter(backfill_quarantine::job_id.eq(job))
            .filter(backfill_quarantine::destination_id.eq(destination))
            .filter(backfill_quarantine::chunk.eq(number))
            .select(backfill_quarantine::key);
        Ok(query.load(&mut self.connection()?)?)
    }
}

/// Says of each destination of a job that has ended well what is known of it, and which chunks differ if any do.
pub(super) fn conclude(job: JobId, connection: &mut PgConnection) -> Result<(), QueueError> {
    sql_query(CONCLUDE).bind::<BigInt, _>(job).execute(connection)?;
    let differences: Vec<Difference> = sql_query(DIFFERENCES).bind::<BigInt, _>(job).load(connection)?;
    for difference in &differences {
        diesel::update(backfill_job_destinations::table.find((job, difference.destination_id)))
            .set(backfill_job_destinations::error_message.eq(difference.message()))
            .execute(connection)?;
    }
    if differences.is_empty() {
        return Ok(());
    }
    let messages: Vec<_> = differences.iter().map(Difference::message).collect();
    diesel::update(queue_backfill_data::table.find(job))
        .set(queue_backfill_data::error_message.eq(format!("{}; a repair mends them", messages.join("; "))))
        .execute(connection)?;
    Ok(())
}
