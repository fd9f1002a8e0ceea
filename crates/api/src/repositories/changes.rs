//! Which jobs have changed since the last look.

use std::collections::{BTreeSet, HashMap};

use backfill_domain::id::JobId;
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};

/// The jobs that something was done to since the snapshot `$1`, and all that execute, each with what is different when it
/// has got on. A row comes back even where there are no such jobs, for the snapshot of this look.
///
/// The trail's events are those of transactions which that snapshot did not see and this one does: one that commits late
/// is found, whenever it began. No transaction of ours is open for minutes, since each of its statements has 10 seconds: older
/// events are left alone, whose transactions may have been counted by another server, before a restore.
const LOOK: &str = "
    SELECT pg_current_snapshot()::text AS snapshot, job.id, job.version
    FROM (VALUES (1)) AS always LEFT JOIN (
        SELECT target_id AS id, NULL AS version FROM audit_events
        WHERE transaction_id >= pg_snapshot_xmax($1::pg_snapshot)
          AND target = 'job' AND at > now() - interval '5 minutes'
        UNION ALL
        SELECT target_id, NULL FROM audit_events
        WHERE transaction_id = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
          AND target = 'job' AND at > now() - interval '5 minutes'
        UNION ALL
        SELECT id, concat_ws(' ', updated_at, note.attempt, note.reason, note.since)
        FROM queue_backfill_data LEFT JOIN backfill_waiting AS note ON note.job_id = id
        WHERE status = 'EXECUTING'
    ) AS job ON true";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    snapshot: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<JobId>,
    #[diesel(sql_type = Nullable<Text>)]
    version: Option<String>,
}

/// What a look has found.
#[derive(Default)]
pub(crate) struct Look {
    snapshot: Option<String>,
    touched: BTreeSet<JobId>,
    executing: HashMap<JobId, String>,
}

impl Look {
    /// Looks for what has changed since `last`; at the first look, nothing has.
    pub(crate) fn since(connection: &mut PgConnection, last: &Self) -> QueryResult<Self> {
        let query = sql_query(LOOK).bind::<Nullable<Text>, _>(&last.snapshot);
        let rows: Vec<Row> = query.load(connection)?;
        let mut look = Self::default();
        for row in rows {
            look.snapshot = Some(row.snapshot);
            match (row.id, row.version) {
                (Some(id), Some(version)) => {
                    look.executing.insert(id, version);
                }
                (Some(id), None) => {
                    look.touched.insert(id);
                }
                (None, _) => {}
            }
        }
        Ok(look)
    }

    /// The jobs that have changed since `last`, whether they still exist or not.
    pub(crate) fn changed(&self, last: &Self) -> Vec<JobId> {
        let moved = self.executing.iter().filter(|(id, version)| last.executing.get(id) != Some(version));
        let mut changed = self.touched.clone();
        changed.extend(moved.map(|(id, _)| *id));
        changed.into_iter().collect()
    }
}
