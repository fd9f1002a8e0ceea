//! The ledger of a PostgreSQL destination: a table that notes how far each job has come.

use backfill_domain::{id::DestinationId, sql::identifier};
use postgres::Client;

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

/// Makes the ledger where it is absent and enters this attempt, unless a later one has been here.
pub(super) fn open(
    client: &mut Client,
    schema: &str,
    id: DestinationId,
    spec: &CopySpec,
) -> Result<Watermark, DestinationError> {
    let ledger = ledger(schema);
    let exists = "SELECT pg_catalog.to_regclass($1) IS NOT NULL";
    if !client.query_one(exists, &[&ledger])?.get::<_, bool>(0) {
        once(
            client,
            &format!(
                "CREATE TABLE IF NOT EXISTS {ledger} (job_uid uuid, destination_id bigint, attempt integer NOT NULL, \
                 chunk bigint NOT NULL, rows bigint NOT NULL, updated_at timestamptz NOT NULL, \
                 PRIMARY KEY (job_uid, destination_id))"
            ),
        )?;
    }
    let enter = format!(
        "INSERT INTO {ledger} AS entry VALUES ($1, $2, $3, $4::bigint - 1, 0, pg_catalog.now()) \
         ON CONFLICT (job_uid, destination_id) DO UPDATE SET attempt = excluded.attempt, \
             chunk = GREATEST(entry.chunk, excluded.chunk), \
             rows = CASE WHEN entry.chunk > excluded.chunk THEN entry.rows ELSE 0 END \
         WHERE entry.attempt <= excluded.attempt RETURNING chunk, rows"
    );
    let entry = client
        .query_opt(&enter, &[&spec.job_uid, &id.0, &spec.attempt, &spec.first_chunk])?
        .ok_or(DestinationError::Fenced)?;
    Ok(Watermark { chunk: entry.get(0), rows: entry.get(1) })
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
