//! Rows in quarantine.

use backfill_domain::{
    id::{EntryId, JobId},
    quarantine::QuarantineEntry,
    schema::backfill_quarantine,
};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};

use crate::{extract::Page, listing::Listing};

/// One statement, so that neither a chunk that is read again nor a replay comes between the look and the act.
const MEND: &str = "
    UPDATE backfill_quarantine AS entry
    SET status = 'MENDED', mended_value = $3, mended_at = now()
    FROM backfill_chunks AS chunk
    WHERE entry.id = $2 AND entry.job_id = $1 AND entry.status <> 'REPLAYED' AND entry.replay_chunk IS NULL
      AND chunk.job_id = entry.job_id AND chunk.number = entry.chunk AND chunk.status = 'DONE'";

/// The job's rows in quarantine, in the order in which they were set aside.
pub(crate) fn list(
    connection: &mut PgConnection,
    job: JobId,
    page: Page,
) -> QueryResult<Listing<QuarantineEntry>> {
    let of_job = backfill_quarantine::table.filter(backfill_quarantine::job_id.eq(job));
    let total = of_job.count().get_result(connection)?;
    let items = of_job
        .order((backfill_quarantine::chunk, backfill_quarantine::place, backfill_quarantine::destination_id))
        .offset(page.skip)
        .limit(page.limit)
        .select(QuarantineEntry::as_select())
        .load(connection)?;
    Ok(Listing { total, items })
}

/// One of the job's rows in quarantine.
pub(crate) fn find(
    connection: &mut PgConnection,
    job: JobId,
    id: EntryId,
) -> QueryResult<Option<QuarantineEntry>> {
    backfill_quarantine::table
        .find(id)
        .filter(backfill_quarantine::job_id.eq(job))
        .select(QuarantineEntry::as_select())
        .first(connection)
        .optional()
}

/// Mends a row; `false` if it is replayed already, or its chunk is not done.
pub(crate) fn mend(
    connection: &mut PgConnection,
    job: JobId,
    id: EntryId,
    value: Option<&str>,
) -> QueryResult<bool> {
    let mended = sql_query(MEND)
        .bind::<BigInt, _>(job)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<Text>, _>(value)
        .execute(connection)?;
    Ok(mended > 0)
}
