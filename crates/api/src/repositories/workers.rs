//! Daemons and what they execute.

use std::collections::HashMap;

use backfill_domain::{
    id::JobId,
    schema::{backfill_workers, queue_backfill_data},
    worker::{LEASE_SECONDS, Worker},
};
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection, QueryResult,
    dsl::{IntervalDsl as _, now},
    prelude::*,
    sql_types::Timestamptz,
};
use uuid::Uuid;

use crate::{extract::Page, listing::Listing};

/// A daemon, whether it is alive by the database's clock, and its leases.
pub(crate) type WithLeases = (Worker, bool, Vec<Lease>);

/// A daemon's claim on a job.
#[derive(Queryable)]
pub(crate) struct Lease {
    pub(crate) worker: Option<Uuid>,
    pub(crate) job: JobId,
    pub(crate) attempt: i32,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

pub(crate) fn list(connection: &mut PgConnection, page: Page) -> QueryResult<Listing<WithLeases>> {
    let total = backfill_workers::table.count().get_result(connection)?;
    let is_alive =
        (backfill_workers::heartbeat_at + LEASE_SECONDS.seconds()).gt(now.into_sql::<Timestamptz>());
    let workers: Vec<(Worker, bool)> = backfill_workers::table
        .order(backfill_workers::id)
        .offset(page.skip)
        .limit(page.limit)
        .select((Worker::as_select(), is_alive))
        .load(connection)?;
    let ids: Vec<_> = workers.iter().map(|(worker, _)| worker.id).collect();
    let mut leases = leases_of(connection, &ids)?;
    let items = workers.into_iter().map(|(worker, is_alive)| {
        let leases = leases.remove(&worker.id).unwrap_or_default();
        (worker, is_alive, leases)
    });
    Ok(Listing { total, items: items.collect() })
}

fn leases_of(connection: &mut PgConnection, workers: &[Uuid]) -> QueryResult<HashMap<Uuid, Vec<Lease>>> {
    let leases: Vec<Lease> = queue_backfill_data::table
        .filter(queue_backfill_data::claimed_by.eq_any(workers))
        .order(queue_backfill_data::id)
        .select((
            queue_backfill_data::claimed_by,
            queue_backfill_data::id,
            queue_backfill_data::attempt,
            queue_backfill_data::lease_expires_at,
        ))
        .load(connection)?;
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for lease in leases {
        groups.entry(lease.worker.unwrap_or_default()).or_default().push(lease);
    }
    Ok(groups)
}
