//! A campaign as clients see it: its sums, and its calendar.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use strum::VariantArray;
use utoipa::ToSchema;

use super::{Campaign, Cut, RangesRequest, WindowOrder, WindowRequest};
use crate::{
    id::{CampaignId, JobId, PipelineId},
    job::Task,
    text_enum::text_enum,
};

text_enum! {
    "snake_case",
    /// What has become of a window.
    #[derive(PartialOrd, Ord, VariantArray)]
    pub enum WindowStatus {
        /// Nothing: it has no job, and had none that was completed.
        None,
        /// Its job waits for a daemon, or for its turn in the campaign.
        Pending,
        /// A daemon is at its job.
        Executing,
        /// Its job was paused.
        Paused,
        /// It was copied.
        Done,
        /// Its job has failed.
        Failed,
        /// Its job was cancelled.
        Cancelled,
    }
}

/// What a campaign's windows add up to.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// How many windows there are of each kind.
    pub windows: BTreeMap<WindowStatus, i64>,
    /// Rows copied.
    pub count_record: i64,
    /// Rows expected in all; `None` until every window's job has begun.
    pub total_record: Option<i64>,
    /// Rows a second.
    pub rows_per_second: f64,
    /// The windows' mean progress.
    pub progress: f64,
    /// Whether all is verified, or something is known to differ.
    pub verified: Option<bool>,
    /// When the first job was taken up.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last one ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A campaign as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignResponse {
    /// Identifier.
    pub id: CampaignId,
    /// The pipeline whose source and destinations it is about.
    pub pipeline_id: PipelineId,
    /// What people call it.
    pub name: String,
    /// Its tables.
    pub tables: Vec<CampaignTableResponse>,
    /// The window that they are cut into, if they are cut by a column that holds dates or times.
    pub window: Option<WindowRequest>,
    /// The ranges that they are cut into, if they are cut by their primary keys.
    pub ranges: Option<RangesRequest>,
    /// Which windows are copied first.
    pub order: WindowOrder,
    /// How many of its jobs run at the same time, whatever the number of daemons.
    pub max_running: i32,
    /// How many windows there are, by what has become of them: `none`, `pending`, `executing`, `paused`, `done`, `failed`,
    /// `cancelled`.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub windows: BTreeMap<WindowStatus, i64>,
    /// Rows that every destination has committed, by the windows' latest jobs.
    pub count_record: i64,
    /// Rows expected in all; `null` until every window's job has begun.
    pub total_record: Option<i64>,
    /// Share of the windows that are copied, those under way by the share of their rows: 0 to 1.
    pub progress: f64,
    /// Rows a second of the jobs that are executing; `null` without any.
    pub rows_per_second: Option<f64>,
    /// `true` once all windows are copied and verified at every destination, `false` if any was found to differ; `null`
    /// until known.
    pub verified: Option<bool>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When a daemon took up the first of its jobs.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last one ended; `null` while any has not.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A table of a campaign, as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignTableResponse {
    /// The source's table, `schema.table`, quoted where SQL would have to.
    #[schema(example = "public.orders")]
    pub table_name: String,
    /// The column that it is cut by.
    pub window_column: String,
}

impl CampaignResponse {
    /// The client's view of `campaign`, whose windows add up to `sums`.
    pub fn new(campaign: Campaign, sums: Sums) -> Self {
        let tables = campaign
            .tables
            .0
            .into_iter()
            .map(|table| CampaignTableResponse { table_name: table.table_name, window_column: table.column });
        let (window, ranges) = match campaign.cut {
            Cut::Window(window) => (Some(window), None),
            Cut::Ranges(ranges) => (None, Some(ranges)),
        };
        let count = |status: &WindowStatus| (*status, sums.windows.get(status).copied().unwrap_or_default());
        let windows: BTreeMap<_, _> = WindowStatus::VARIANTS.iter().map(count).collect();
        let is_executing = windows.get(&WindowStatus::Executing).is_some_and(|count| *count > 0);
        Self {
            id: campaign.id,
            pipeline_id: campaign.pipeline_id,
            name: campaign.name,
            tables: tables.collect(),
            window,
            ranges,
            order: campaign.window_order,
            max_running: campaign.max_running,
            windows,
            count_record: sums.count_record,
            total_record: sums.total_record,
            progress: sums.progress,
            rows_per_second: is_executing.then_some(sums.rows_per_second),
            verified: sums.verified,
            created_at: campaign.created_at,
            started_at: sums.started_at,
            finished_at: sums.finished_at,
        }
    }
}

/// The calendar of a campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct Coverage {
    /// Its tables, in order.
    pub tables: Vec<CoveredTable>,
}

/// A table's part of the calendar.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoveredTable {
    /// The source's table.
    pub table_name: String,
    /// The column that it is cut by.
    pub window_column: String,
    /// Its windows, in the campaign's order.
    pub windows: Vec<CoveredWindow>,
}

/// A window, and what has become of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoveredWindow {
    /// Its place in the campaign's order, from 1: by this it is named in a rerun.
    pub position: i32,
    /// The lowest value in it; `null` where it is open.
    pub lower: Option<String>,
    /// The lowest value above it; `null` where it is open.
    pub upper: Option<String>,
    /// Whether it holds the rows whose value is NULL, and no others.
    pub is_null: bool,
    /// What has become of it.
    pub status: WindowStatus,
    /// Its latest job; `null` if it has none, or that was deleted.
    pub job_id: Option<JobId>,
    /// What that job does, if not `copy`.
    pub task: Option<Task>,
    /// Rows that every destination has committed.
    pub count_record: i64,
    /// Rows expected; `null` until known.
    pub total_record: Option<i64>,
    /// Whether it is verified at every destination; `false` if any was found to differ, `null` until known.
    pub verified: Option<bool>,
    /// Why its job failed.
    pub error_message: Option<String>,
}
