//! What clients send to create a campaign, and to have windows copied once more.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Cut, MAX_WINDOWS, MOST_RUNNING, WindowOrder, WindowRequest};
use crate::{
    job::BackfillRequest,
    validation::{FieldError, check_name},
};

/// What a client sends to create a campaign. Beside these fields it takes those of a request for a backfill, which are
/// then for all tables; a single table is named by `table_name` in place of `tables`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CampaignRequest {
    /// What people call it.
    #[schema(example = "orders, month by month")]
    pub name: String,
    /// The tables, each with the fields of a request for a backfill that are for it alone, and with `window_column` where
    /// it is cut by another column.
    #[schema(value_type = Option<Vec<BackfillRequest>>)]
    pub tables: Option<Vec<Map<String, Value>>>,
    /// Cut by a column that holds dates or times. Either this or `ranges`.
    pub window: Option<WindowRequest>,
    /// Cut by the primary key.
    pub ranges: Option<RangesRequest>,
    /// Which windows are copied first.
    #[serde(default)]
    pub order: WindowOrder,
    /// How many of its jobs run at the same time, whatever the number of daemons: 1 to 256. 4 unless given, or 1 where
    /// there is a DuckDB file among the destinations, which has one writer at a time.
    pub max_running: Option<i32>,
}

/// What a client sends to have tables cut by their primary keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RangesRequest {
    /// How many ranges, of about as many rows each. A table may have fewer: one that is small, or has few values in the
    /// first column of its key.
    pub count: usize,
}

/// A table as it is asked for, with the fields that are for all of them.
#[derive(Debug, Clone)]
pub struct TableRequest {
    /// Where the client wrote it: `tables[0].`, or nothing for a single table.
    pub path: String,
    /// The column to cut by, if not that of the window.
    pub window_column: Option<Value>,
    /// The request for a backfill.
    pub request: Map<String, Value>,
}

impl CampaignRequest {
    /// The names of its own fields; all others are for its tables.
    pub const FIELDS: [&str; 6] = ["name", "tables", "window", "ranges", "order", "max_running"];

    /// The tables, each with the fields that are for all of them unless it has its own.
    pub fn table_requests(&self, shared: Map<String, Value>) -> Vec<TableRequest> {
        let table = |path: String, mut request: Map<String, Value>| {
            let window_column = request.remove("window_column");
            TableRequest { path, window_column, request }
        };
        let Some(tables) = &self.tables else { return vec![table(String::new(), shared)] };
        let merged = |own: &Map<String, Value>| shared.clone().into_iter().chain(own.clone()).collect();
        tables.iter().enumerate().map(|(at, own)| table(format!("tables[{at}]."), merged(own))).collect()
    }

    /// How the tables are cut.
    ///
    /// # Errors
    /// What is wrong with the request, as far as it alone can tell.
    pub fn check(&self) -> Result<Cut, Vec<FieldError>> {
        let mut errors = Vec::new();
        check_name(&self.name, &mut errors);
        if self.tables.as_ref().is_some_and(Vec::is_empty) {
            errors.push(FieldError::new("tables", "must name at least one table"));
        }
        if self.max_running.is_some_and(|most| !(1..=MOST_RUNNING).contains(&most)) {
            errors.push(FieldError::new("max_running", format!("must be from 1 to {MOST_RUNNING}")));
        }
        let cut = match (&self.window, &self.ranges) {
            (Some(window), None) => Some(Cut::Window(window.clone())),
            (None, Some(ranges)) => Some(Cut::Ranges(ranges.clone())),
            _ => None,
        };
        match &cut {
            Some(Cut::Ranges(ranges)) if !(1..=MAX_WINDOWS).contains(&ranges.count) => {
                errors.push(FieldError::new("ranges.count", format!("must be from 1 to {MAX_WINDOWS}")));
            }
            Some(_) => {}
            None => errors.push(FieldError::new("window", "give either window or ranges")),
        }
        cut.filter(|_| errors.is_empty()).ok_or(errors)
    }
}

/// What a client sends to have windows copied once more.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RerunRequest {
    /// Which windows: `"none"`, `"failed"`, `"cancelled"`, or `{"windows": [7, 8]}`.
    pub only: Rerun,
}

/// Which windows are copied once more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rerun {
    /// Those that were never copied, and have no job.
    None,
    /// Those whose job has failed.
    Failed,
    /// Those whose job was cancelled.
    Cancelled,
    /// Those at these positions, whatever became of them, unless their job is active.
    Windows(Vec<i32>),
}
