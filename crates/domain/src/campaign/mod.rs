//! A campaign: a backfill of tables that is cut into windows, each of which is a job of its own.

mod coverage;
mod request;
mod window;

use chrono::{DateTime, Utc};
use diesel::{deserialize::FromSqlRow, expression::AsExpression, prelude::*, sql_types::Jsonb};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::{
    coverage::{
        CampaignResponse, CampaignTableResponse, Coverage, CoveredTable, CoveredWindow, Sums, WindowStatus,
    },
    request::{CampaignRequest, RangesRequest, Rerun, RerunRequest, TableRequest},
    window::{Unit, Window, WindowRequest},
};
use crate::{
    id::{CampaignId, PipelineId},
    json_column::json_column,
    schema::campaigns,
    text_enum::text_enum,
};

/// Most windows that a campaign may have, those of all its tables together.
pub const MAX_WINDOWS: usize = 10_000;

/// Most jobs of a campaign that may be told to run at the same time.
pub const MOST_RUNNING: i32 = 256;

/// How many jobs of a campaign run at the same time unless it is told.
pub const USUAL_RUNNING: i32 = 4;

text_enum! {
    "snake_case",
    /// In which order a campaign's windows are copied.
    #[derive(Default)]
    pub enum WindowOrder {
        /// The lowest values first.
        #[default]
        OldestFirst,
        /// The highest values first.
        NewestFirst,
    }
}

/// How tables are cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[serde(rename_all = "snake_case")]
#[diesel(sql_type = Jsonb)]
pub enum Cut {
    /// By a column that holds dates or times.
    Window(WindowRequest),
    /// By the first column of the primary key.
    Ranges(RangesRequest),
}

json_column!(Cut);

/// The tables of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct CampaignTables(pub Vec<CampaignTable>);

json_column!(CampaignTables);

/// A table of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignTable {
    /// Its canonical name.
    pub table_name: String,
    /// The column that it is cut by.
    pub column: String,
    /// What its jobs are created by: a request for a backfill, as it was sent.
    pub request: Map<String, Value>,
}

/// A campaign as stored; its windows are in `campaign_windows`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = campaigns, check_for_backend(diesel::pg::Pg))]
pub struct Campaign {
    /// Identifier.
    pub id: CampaignId,
    /// The pipeline whose source and destinations it is about.
    pub pipeline_id: PipelineId,
    /// What people call it.
    pub name: String,
    /// Its tables, in order.
    pub tables: CampaignTables,
    /// How they are cut.
    pub cut: Cut,
    /// Which windows come first.
    pub window_order: WindowOrder,
    /// How many of its jobs may run at the same time.
    pub max_running: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// A campaign to be stored.
#[derive(Debug, Insertable)]
#[diesel(table_name = campaigns)]
pub struct NewCampaign {
    /// The pipeline.
    pub pipeline_id: PipelineId,
    /// What people call it.
    pub name: String,
    /// Its tables, in order.
    pub tables: CampaignTables,
    /// How they are cut.
    pub cut: Cut,
    /// Which windows come first.
    pub window_order: WindowOrder,
    /// How many of its jobs may run at the same time.
    pub max_running: i32,
}

/// A window of a campaign's table, at its place in the campaign's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedWindow {
    /// Its place, from 1.
    pub position: i32,
    /// Which of the campaign's tables it is of, from 0.
    pub table: usize,
    /// The rows.
    pub window: Window,
}

/// Puts the windows of each table in order: the first of each table, then the second of each, and so on. That of NULL is
/// the last in either order.
pub fn place(tables: Vec<Vec<Window>>, order: WindowOrder) -> Vec<PlacedWindow> {
    let in_order = |mut windows: Vec<Window>| {
        if order == WindowOrder::NewestFirst {
            windows.reverse();
            windows.sort_by_key(|window| *window == Window::Null);
        }
        windows
    };
    let tables: Vec<_> = tables.into_iter().map(in_order).collect();
    let most = tables.iter().map(Vec::len).max().unwrap_or_default();
    let rounds = (0..most)
        .flat_map(|round| tables.iter().enumerate().map(move |(table, windows)| (table, windows.get(round))));
    let present = rounds.filter_map(|(table, window)| Some((table, window?.clone())));
    (1..).zip(present).map(|(position, (table, window))| PlacedWindow { position, table, window }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(lower: &str) -> Window {
        Window::Range { lower: Some(lower.to_owned()), upper: None }
    }

    #[test]
    fn tables_take_turns() {
        let tables = || vec![vec![window("1"), window("2"), Window::Null], vec![window("1")]];
        let placed = |order| {
            let placed = place(tables(), order).into_iter();
            placed.map(|placed| (placed.position, placed.table, placed.window)).collect::<Vec<_>>()
        };
        assert_eq!(
            placed(WindowOrder::OldestFirst),
            [(1, 0, window("1")), (2, 1, window("1")), (3, 0, window("2")), (4, 0, Window::Null)]
        );
        assert_eq!(
            placed(WindowOrder::NewestFirst),
            [(1, 0, window("2")), (2, 1, window("1")), (3, 0, window("1")), (4, 0, Window::Null)]
        );
    }
}
