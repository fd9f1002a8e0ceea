//! What a source can bear of Backfill, whatever the number of daemons, and what a job may take of it.

use std::{ops::RangeInclusive, time::Duration};

use diesel::{deserialize::FromSqlRow, expression::AsExpression, sql_types::Jsonb};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{hours::Hours, json_column::json_column, validation::FieldError};

/// Connections that a job has to its source at most: one that reads, and one that holds a snapshot.
pub const CONNECTIONS_PER_JOB: i32 = 2;

/// Rows or bytes a second that may be asked for.
const RATES: RangeInclusive<i64> = 1..=1_000_000_000_000;

/// Seconds that a session's time-out may be set to: PostgreSQL counts milliseconds in 31 bits.
const TIMEOUTS: RangeInclusive<i64> = 1..=2_000_000;
const LONGEST_TIMEOUT: Duration = Duration::from_secs(2_000_000);

/// Limits of a source, which hold for all daemons together. One that is `null` or absent is none.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow,
)]
#[serde(deny_unknown_fields, default)]
#[diesel(sql_type = Jsonb)]
pub struct SourceLimits {
    /// Jobs that run at the same time, 1 to 1000.
    #[schema(minimum = 1, maximum = 1000)]
    pub max_jobs: Option<i64>,
    /// Connections that jobs have to the source at the same time, 2 to 2000. A job has up to 2, so half as many jobs run.
    #[schema(minimum = 2, maximum = 2000)]
    pub max_connections: Option<i64>,
    /// Rows a second that all jobs together read.
    #[schema(minimum = 1)]
    pub rows_per_second: Option<i64>,
    /// Bytes a second that all jobs together read, as the source sends them.
    #[schema(minimum = 1)]
    pub bytes_per_second: Option<i64>,
    /// How long a statement of a job may take at the source: unless given, a day, or an hour longer than a snapshot may be
    /// held.
    #[schema(minimum = 1, maximum = 2_000_000)]
    pub statement_timeout_seconds: Option<i64>,
    /// How long a job waits for a lock at the source: as long as it takes unless given.
    #[schema(minimum = 1, maximum = 2_000_000)]
    pub lock_timeout_seconds: Option<i64>,
    /// How long a session of a job may be idle within a transaction, as while its destinations take a chunk: unless given,
    /// an hour longer than a snapshot may be held.
    #[schema(minimum = 1, maximum = 2_000_000)]
    pub idle_in_transaction_timeout_seconds: Option<i64>,
    /// When jobs wait until the source is well again.
    pub back_off: BackOff,
    /// When no job reads the source: none begins, and those that run wait at the end of a chunk.
    pub quiet_hours: Option<Hours>,
    /// When jobs may read the source; at any time that is not quiet unless given.
    pub run_hours: Option<Hours>,
}

json_column!(SourceLimits);

impl SessionTimeouts {
    /// Of a session that holds a snapshot, for `age`: it is idle meanwhile.
    pub fn holding_snapshot(self, age: Duration) -> Self {
        let idle_in_transaction = self.idle_in_transaction.saturating_add(age).min(LONGEST_TIMEOUT);
        Self { idle_in_transaction, ..self }
    }
}

/// What a source must not suffer from for jobs to read on. Between chunks, every few seconds, they look at it, and wait
/// while a limit is passed. All but the last need the role `pg_monitor`; without it, jobs wait and say so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackOff {
    /// Seconds that the source's replicas, or a source that is one, are behind.
    #[schema(minimum = 0)]
    pub max_replication_lag_seconds: Option<i64>,
    /// Age in transactions of the oldest transaction that holds back the source's vacuum, other than Backfill's own.
    #[schema(minimum = 0)]
    pub max_xmin_age: Option<i64>,
    /// Sessions of the source's database that wait for locks.
    #[schema(minimum = 0)]
    pub max_lock_waiters: Option<i64>,
    /// Connections that are free at the source's server.
    #[schema(minimum = 0)]
    pub min_free_connections: Option<i64>,
}

impl BackOff {
    /// Whether a look at what is limited needs the role `pg_monitor`.
    pub fn needs_monitor(&self) -> bool {
        self.max_replication_lag_seconds.or(self.max_xmin_age).or(self.max_lock_waiters).is_some()
    }
}

/// Bounds of a job's sessions at its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimeouts {
    /// Of a statement.
    pub statement: Duration,
    /// Of a wait for a lock; zero is none.
    pub lock: Duration,
    /// Of being idle within a transaction.
    pub idle_in_transaction: Duration,
}

/// How fast a job may read. A limit that is `null` is none.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow,
)]
#[serde(default)]
#[diesel(sql_type = Jsonb)]
pub struct RateLimits {
    /// Rows a second.
    pub rows_per_second: Option<i64>,
    /// Bytes a second, as the source sends them.
    pub bytes_per_second: Option<i64>,
}

json_column!(RateLimits);

impl SourceLimits {
    /// How fast all jobs together may read.
    pub fn rates(&self) -> RateLimits {
        RateLimits { rows_per_second: self.rows_per_second, bytes_per_second: self.bytes_per_second }
    }

    /// What bounds the sessions of jobs at the source, where a snapshot may be held for `snapshot_age`.
    pub fn timeouts(&self, snapshot_age: Duration) -> SessionTimeouts {
        let longer = snapshot_age.saturating_add(Duration::from_secs(60 * 60));
        let seconds = |given: Option<i64>, default: Duration| {
            given.map_or(default, |seconds| Duration::from_secs(seconds.unsigned_abs())).min(LONGEST_TIMEOUT)
        };
        SessionTimeouts {
            statement: seconds(self.statement_timeout_seconds, longer.max(Duration::from_secs(24 * 60 * 60))),
            lock: seconds(self.lock_timeout_seconds, Duration::ZERO),
            idle_in_transaction: seconds(self.idle_in_transaction_timeout_seconds, longer),
        }
    }

    /// What is wrong with the limits; `prefix` is put before each field's name.
    pub(crate) fn validate(&self, prefix: &str, errors: &mut Vec<FieldError>) {
        let mut check = |name: &str, value: Option<i64>, range: RangeInclusive<i64>| {
            errors.extend(check_range(&format!("{prefix}{name}"), value, &range));
        };
        check("max_jobs", self.max_jobs, 1..=1000);
        check("max_connections", self.max_connections, i64::from(CONNECTIONS_PER_JOB)..=2000);
        check("statement_timeout_seconds", self.statement_timeout_seconds, TIMEOUTS);
        check("lock_timeout_seconds", self.lock_timeout_seconds, TIMEOUTS);
        check("idle_in_transaction_timeout_seconds", self.idle_in_transaction_timeout_seconds, TIMEOUTS);
        let BackOff { max_replication_lag_seconds, max_xmin_age, max_lock_waiters, min_free_connections } =
            self.back_off;
        check("back_off.max_replication_lag_seconds", max_replication_lag_seconds, 0..=i64::MAX);
        check("back_off.max_xmin_age", max_xmin_age, 0..=i64::MAX);
        check("back_off.max_lock_waiters", max_lock_waiters, 0..=i64::MAX);
        check("back_off.min_free_connections", min_free_connections, 0..=i64::MAX);
        errors.extend(self.rates().check(prefix));
        for (name, hours) in self.hours() {
            hours.validate(&format!("{prefix}{name}"), errors);
        }
    }

    /// The hours that are limited, with the names of their fields.
    pub fn hours(&self) -> impl Iterator<Item = (&'static str, &Hours)> {
        let hours = [("quiet_hours", &self.quiet_hours), ("run_hours", &self.run_hours)];
        hours.into_iter().filter_map(|(name, hours)| Some((name, hours.as_ref()?)))
    }
}

impl RateLimits {
    /// What is wrong with the limits; `prefix` is put before each field's name.
    pub fn check(&self, prefix: &str) -> Vec<FieldError> {
        let rates = [("rows_per_second", self.rows_per_second), ("bytes_per_second", self.bytes_per_second)];
        let check = |(name, value)| check_range(&format!("{prefix}{name}"), value, &RATES);
        rates.into_iter().filter_map(check).collect()
    }
}

fn check_range(field: &str, value: Option<i64>, range: &RangeInclusive<i64>) -> Option<FieldError> {
    let is_outside = value.is_some_and(|value| !range.contains(&value));
    is_outside.then(|| FieldError::new(field, format!("must be from {} to {}", range.start(), range.end())))
}
