//! Whether a source is well enough to be read on, by the limits that its user has set.

use std::time::{Duration, Instant};

use backfill_domain::limits::BackOff;
use backfill_pg::Client;

use super::SourceError;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// What is asked for, each only where it has a limit. What Backfill itself does is not what a source suffers from: its own
/// snapshots and waits do not count. A replica that has replayed all that it has received does not lag.
const LOOK: &str = "
    SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS may_look,
        CASE WHEN NOT $1 THEN NULL
             WHEN NOT pg_is_in_recovery() THEN
                 (SELECT extract(epoch FROM max(replay_lag)) FROM pg_stat_replication)
             WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
             ELSE extract(epoch FROM clock_timestamp()
                 - COALESCE(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))
        END::bigint AS lag,
        CASE WHEN $2 THEN (
            SELECT max(GREATEST(age(backend_xmin), age(backend_xid))) FROM pg_stat_activity
            WHERE (datname = current_database() OR datname IS NULL) AND application_name NOT LIKE 'backfill job %'
        ) END::bigint AS age,
        CASE WHEN $3 THEN (
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
              AND application_name NOT LIKE 'backfill job %'
        ) END AS waiters,
        CASE WHEN $4 THEN
            current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
            - (SELECT sum(numbackends) FROM pg_stat_database)
        END::bigint AS free";

/// What was seen at a source last.
#[derive(Debug, Default)]
pub(crate) struct Health {
    limits: BackOff,
    seen: Option<(Instant, Option<String>)>,
}

impl Health {
    /// What the source suffers from beyond `limits`, in words, if anything; looked at every few seconds, over a
    /// connection that is in no transaction.
    pub(crate) fn complaint(
        &mut self,
        client: &mut Client,
        limits: BackOff,
    ) -> Result<Option<String>, SourceError> {
        if limits == BackOff::default() {
            return Ok(None);
        }
        if let Some((at, complaint)) = &self.seen
            && at.elapsed() < LOOK_EVERY
            && self.limits == limits
        {
            return Ok(complaint.clone());
        }
        let complaint = look(client, limits)?;
        (self.limits, self.seen) = (limits, Some((Instant::now(), complaint.clone())));
        Ok(complaint)
    }
}

fn look(client: &mut Client, limits: BackOff) -> Result<Option<String>, SourceError> {
    let BackOff { max_replication_lag_seconds, max_xmin_age, max_lock_waiters, min_free_connections } =
        limits;
    let row = client.query_one(
        LOOK,
        &[
            &max_replication_lag_seconds.is_some(),
            &max_xmin_age.is_some(),
            &max_lock_waiters.is_some(),
            &min_free_connections.is_some(),
        ],
    )?;
    if limits.needs_monitor() && !row.get::<_, bool>("may_look") {
        let hint = "GRANT pg_monitor to its user, or take back_off off the source's limits";
        return Ok(Some(format!("it cannot be seen how the source is: {hint}")));
    }
    let over = |name: &str, limit: Option<i64>| {
        let (seen, limit) = (row.get::<_, Option<i64>>(name)?, limit?);
        (seen > limit).then_some((seen, limit))
    };
    let lag = over("lag", max_replication_lag_seconds)
        .map(|(lag, most)| format!("its replication is {lag} seconds behind, more than {most}"));
    let age = over("age", max_xmin_age)
        .map(|(age, most)| format!("its oldest transaction is {age} transactions old, more than {most}"));
    let waiters = over("waiters", max_lock_waiters)
        .map(|(waiters, most)| format!("{waiters} of its sessions wait for locks, more than {most}"));
    let free =
        row.get::<_, Option<i64>>("free").zip(min_free_connections).filter(|(free, least)| free < least);
    let free = free.map(|(free, least)| format!("{free} of its connections are free, fewer than {least}"));
    let complaints: Vec<_> = [lag, age, waiters, free].into_iter().flatten().collect();
    Ok((!complaints.is_empty()).then(|| complaints.join("; ")))
}
