//! The ledger of a PostgreSQL destination: a table that notes how far each job has come.

use backfill_domain::{id::DestinationId, sql::identifier};
use backfill_pg::Client;

use super::once::once;
use crate::destination::{CopySpec, DestinationError, Watermark};

/// Name of the table, in each schema that is written to, that notes how far each job has come.
pub(super) const LEDGER: &str = "_backfill_ledger";

/// The name under which a server shows a connection of the job.
pub(super) fn session_name(spec: &CopySpec) -> String {
    format!("backfill job {}/{} {}", spec.job_id, spec.attempt, spec.job_uid)
}

/// An earlier attempt whose daemon hangs may still hold locks on the rows and the ledger that this one needs.
pub(super) fn end_earlier_attempts(client: &mut Client, spec: &CopySpec) -> Result<(), DestinationError> {
    let end = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
               WHERE datname = pg_catalog.current_database() AND usename = current_user \
               AND CASE WHEN application_name ~ ('^backfill job [0-9]+/[0-9]+ ' || $1 || '$') \
                   THEN pg_catalog.split_part(pg_catalog.split_part(application_name, ' ', 3), '/', 2)::integer < $2 END";
    client.execute(end, &[&spec.job_uid.to_string(), &spec.attempt])?;
    Ok(())
}

/// What the ledger says of a job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) watermark: Watermark,
    /// Whether the job's rows have taken the place of those that a table had.
    pub(super) replaced: bool,
}

/// Makes the ledger where it is absent and enters this attempt, unless a later one has been here.
pub(super) fn open(
    client: &mut Client,
    schema: &str,
    id: DestinationId,
    spec: &CopySpec,
) -> Result<Entry, DestinationError> {
    let ledger = ledger(schema);
    let columns = "SELECT coalesce(pg_catalog.array_agg(attname::text), '{}') FROM pg_catalog.pg_attribute \
                   WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0";
    let columns: Vec<String> = client.query_one(columns, &[&ledger])?.get(0);
    if columns.is_empty() {
        once(
            client,
            &format!(
                "CREATE TABLE IF NOT EXISTS {ledger} (job_uid uuid, destination_id bigint, attempt integer NOT NULL, \
                 chunk bigint NOT NULL, rows bigint NOT NULL, updated_at timestamptz NOT NULL, \
                 replaced boolean NOT NULL DEFAULT false, PRIMARY KEY (job_uid, destination_id))"
            ),
        )?;
    } else if !columns.iter().any(|column| column == "replaced") {
        // The ledger of an earlier version.
        let add =
            format!("ALTER TABLE {ledger} ADD COLUMN IF NOT EXISTS replaced boolean NOT NULL DEFAULT false");
        once(client, &add)?;
    }
    let enter = format!(
        "INSERT INTO {ledger} AS entry VALUES ($1, $2, $3, $4::bigint - 1, 0, pg_catalog.now(), false) \
         ON CONFLICT (job_uid, destination_id) DO UPDATE SET attempt = excluded.attempt, \
             chunk = GREATEST(entry.chunk, excluded.chunk), \
             rows = CASE WHEN entry.chunk > excluded.chunk THEN entry.rows ELSE 0 END \
         WHERE entry.attempt <= excluded.attempt RETURNING chunk, rows, replaced"
    );
    let entry = client
        .query_opt(&enter, &[&spec.job_uid, &id.0, &spec.attempt, &spec.first_chunk])?
        .ok_or(DestinationError::Fenced)?;
    let watermark = Watermark { chunk: entry.get(0), rows: entry.get(1) };
    Ok(Entry { watermark, replaced: entry.get(2) })
}

fn ledger(schema: &str) -> String {
    format!("{}.{LEDGER}", identifier(schema))
}

/// Notes a chunk: $1 number, $2 rows in all, $3 job, $4 destination, $5 attempt. It changes no row where a later attempt
/// has been.
pub(super) fn note_sql(schema: &str) -> String {
    format!(
        "UPDATE {} SET chunk = $1::bigint, rows = $2, updated_at = pg_catalog.now() \
         WHERE job_uid = $3 AND destination_id = $4 AND attempt = $5 AND chunk = $1::bigint - 1",
        ledger(schema)
    )
}

/// Notes that a chunk was written once more, which moves nothing: $1 job, $2 destination, $3 attempt. It changes no row
/// where a later attempt has been.
pub(super) fn note_mended_sql(schema: &str) -> String {
    format!(
        "UPDATE {} SET updated_at = pg_catalog.now() \
         WHERE job_uid = $1 AND destination_id = $2 AND attempt = $3",
        ledger(schema)
    )
}

/// Notes that the job's rows have taken the place of others: $1 job, $2 destination, $3 attempt. It changes no row where
/// a later attempt has been.
pub(super) fn note_replaced_sql(schema: &str) -> String {
    format!(
        "UPDATE {} SET replaced = true, updated_at = pg_catalog.now() \
         WHERE job_uid = $1 AND destination_id = $2 AND attempt = $3 AND NOT replaced",
        ledger(schema)
    )
}
