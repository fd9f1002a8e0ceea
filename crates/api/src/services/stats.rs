//! Figures over the whole queue.

use std::collections::BTreeMap;

use backfill_domain::job::JobStatus;
use chrono::{DateTime, Utc};
use serde::Serialize;
use strum::VariantArray as _;
use utoipa::ToSchema;

use crate::repositories::stats::StatusFigures;

/// How the queue does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Jobs in each state.
    #[schema(example = json!({"PENDING": 3, "EXECUTING": 1, "PAUSED": 0, "COMPLETED": 20, "FAILED": 1, "CANCELLED": 0}))]
    pub(crate) jobs: BTreeMap<String, i64>,
    /// Rows a second, over all executing jobs.
    pub(crate) rows_per_second: f64,
    /// Bytes a second, over all executing jobs.
    pub(crate) bytes_per_second: f64,
    /// Since when the job waits that has waited longest, of the pending jobs that may be taken up; `null` without any.
    pub(crate) oldest_pending_at: Option<DateTime<Utc>>,
    /// How many seconds it has been waiting.
    pub(crate) oldest_pending_seconds: Option<f64>,
}

impl Stats {
    /// Sums `figures` up; a state without a row has no jobs.
    pub(crate) fn new(figures: &[StatusFigures]) -> Self {
        let of = |status: JobStatus| figures.iter().find(|figures| figures.status == status);
        let (executing, pending) = (of(JobStatus::Executing), of(JobStatus::Pending));
        Self {
            jobs: JobStatus::VARIANTS
                .iter()
                .map(|status| (status.as_ref().to_owned(), of(*status).map_or(0, |figures| figures.jobs)))
                .collect(),
            rows_per_second: executing.and_then(|jobs| jobs.rows_per_second).unwrap_or(0.0),
            bytes_per_second: executing.and_then(|jobs| jobs.bytes_per_second).unwrap_or(0.0),
            oldest_pending_at: pending.and_then(|jobs| jobs.oldest_at),
            oldest_pending_seconds: pending.and_then(|jobs| jobs.oldest_seconds),
        }
    }
}
