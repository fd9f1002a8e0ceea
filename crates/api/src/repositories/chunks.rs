//! Chunks of jobs.

use backfill_domain::{chunk::Chunk, id::JobId, schema::backfill_chunks};
use diesel::{PgConnection, QueryResult, prelude::*};

use crate::{extract::Page, listing::Listing};

/// The job's chunks by their number.
pub(crate) fn list<const DEFAULT: i64>(
    connection: &mut PgConnection,
    job: JobId,
    page: Page<DEFAULT>,
) -> QueryResult<Listing<Chunk>> {
    let of_job = backfill_chunks::table.filter(backfill_chunks::job_id.eq(job));
    let total = of_job.count().get_result(connection)?;
    let items = of_job
        .order(backfill_chunks::number)
        .offset(page.skip)
        .limit(page.limit)
        .select(Chunk::as_select())
        .load(connection)?;
    Ok(Listing { total, items })
}
