//! What a running job may read, and what it has read: settled chunk by chunk, by the metadata database's clock.

use backfill_domain::{
    id::JobId,
    limits::{RateLimits, SourceLimits},
};
use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Double, Jsonb, Nullable},
};

use super::{Queue, QueueError};

/// Enters what a job has read into its source's account, as long as the source has a limit on it, and returns the limits
/// as they are now. A source's account is paid by the time that passes, up to what was read.
const SETTLE: &str = "
    WITH terms AS (
        SELECT job.source_id, backfill_is_open(source.limits, now()) AS is_open, source.limits AS source, COALESCE(job.options -> 'limits', '{}') AS job,
               (source.limits ->> 'rows_per_second')::float8 AS rows_rate,
               (source.limits ->> 'bytes_per_second')::float8 AS bytes_rate
        FROM queue_backfill_data AS job JOIN sources AS source ON source.id = job.source_id
        WHERE job.id = $1
    ), account AS (
        INSERT INTO backfill_source_spending AS account
        SELECT source_id, $2, 0, $3, 0, clock_timestamp() FROM terms
        WHERE rows_rate IS NOT NULL OR bytes_rate IS NOT NULL
        ON CONFLICT (source_id) DO UPDATE SET
            rows_read = account.rows_read + EXCLUDED.rows_read,
            rows_paid = LEAST(account.rows_read, account.rows_paid + (SELECT rows_rate FROM terms)
                * GREATEST(0, extract(epoch FROM clock_timestamp() - account.settled_at)::float8)),
            bytes_read = account.bytes_read + EXCLUDED.bytes_read,
            bytes_paid = LEAST(account.bytes_read, account.bytes_paid + (SELECT bytes_rate FROM terms)
                * GREATEST(0, extract(epoch FROM clock_timestamp() - account.settled_at)::float8)),
            settled_at = clock_timestamp()
        RETURNING rows_read, rows_paid, bytes_read, bytes_paid
    )
    SELECT is_open, source, job, rows_read, rows_paid, bytes_read, bytes_paid FROM terms LEFT JOIN account ON true";

/// Rows and bytes that were read.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Amount {
    pub(crate) rows: f64,
    pub(crate) bytes: f64,
}

/// On what terms a job reads its source.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// Whether the source may be read at this hour.
    pub(crate) is_open: bool,
    /// What the source can bear.
    pub(crate) source: SourceLimits,
    /// How fast the job itself may read.
    pub(crate) job: RateLimits,
    /// What all jobs have read of the source so far.
    pub(crate) read: Amount,
    /// How much of that is paid for.
    pub(crate) paid: Amount,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Bool)]
    is_open: bool,
    #[diesel(sql_type = Jsonb)]
    source: SourceLimits,
    #[diesel(sql_type = Jsonb)]
    job: RateLimits,
    #[diesel(sql_type = Nullable<Double>)]
    rows_read: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    rows_paid: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    bytes_read: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    bytes_paid: Option<f64>,
}

impl Queue {
    /// Enters what `job` has read since it last did so, and returns on what terms it goes on.
    pub(crate) fn settle(&self, job: JobId, read: Amount) -> Result<Terms, QueueError> {
        let row: Row = sql_query(SETTLE)
            .bind::<BigInt, _>(job)
            .bind::<Double, _>(read.rows)
            .bind::<Double, _>(read.bytes)
            .get_result(&mut self.connection()?)?;
        let amount = |rows: Option<f64>, bytes: Option<f64>| Amount {
            rows: rows.unwrap_or_default(),
            bytes: bytes.unwrap_or_default(),
        };
        Ok(Terms {
            is_open: row.is_open,
            source: row.source,
            job: row.job,
            read: amount(row.rows_read, row.bytes_read),
            paid: amount(row.rows_paid, row.bytes_paid),
        })
    }
}
