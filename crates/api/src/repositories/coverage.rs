//! What has become of the windows of campaigns.

use std::collections::HashMap;

use backfill_domain::{
    campaign::{CoveredWindow, Sums, Window, WindowStatus},
    id::{CampaignId, JobId},
    job::Task,
};
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz},
};

/// Each window of the campaigns `$1` with what its latest job says of it, or what that has left when it was deleted.
const WINDOWS: &str = "
    SELECT place.campaign_id, place.position, place.table_number, place.lower_bound, place.upper_bound, place.is_null,
           place.job_id, NULLIF(job.task, 'copy') AS task, job.error_message, job.started_at, job.finished_at,
           CASE job.status WHEN 'COMPLETED' THEN 'done' ELSE COALESCE(
               lower(job.status), CASE WHEN place.copied_record IS NULL THEN 'none' ELSE 'done' END) END AS status,
           COALESCE(job.count_record, place.copied_record, 0) AS count_record,
           COALESCE(job.total_record, place.copied_record) AS total_record,
           CASE WHEN job.status = 'EXECUTING' THEN COALESCE(job.rows_per_second, 0) ELSE 0 END AS rows_per_second,
           CASE WHEN job.status = 'COMPLETED' OR place.copied_record IS NOT NULL THEN 1
                WHEN job.total_record > 0 THEN LEAST(job.count_record::float8 / job.total_record, 0.99)
                ELSE 0 END AS progress,
           CASE WHEN job.id IS NULL THEN place.copied_verified ELSE (
               SELECT CASE WHEN bool_or(NOT verified) THEN false WHEN bool_and(verified IS TRUE) THEN true END
               FROM backfill_job_destinations WHERE job_id = job.id) END AS verified
    FROM campaign_windows AS place LEFT JOIN queue_backfill_data AS job ON job.id = place.job_id
    WHERE place.campaign_id = ANY ($1)
    ORDER BY place.campaign_id, place.position";

/// A window, which of its campaign's tables it is of, and what has become of it.
#[derive(Debug, QueryableByName)]
pub(crate) struct Place {
    #[diesel(sql_type = Integer)]
    pub(crate) position: i32,
    #[diesel(sql_type = Integer)]
    table_number: i32,
    #[diesel(sql_type = Nullable<Text>)]
    lower_bound: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    upper_bound: Option<String>,
    #[diesel(sql_type = Bool)]
    is_null: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) job_id: Option<JobId>,
    #[diesel(sql_type = Nullable<Text>)]
    task: Option<Task>,
    #[diesel(sql_type = Text)]
    pub(crate) status: WindowStatus,
    #[diesel(sql_type = BigInt)]
    pub(crate) count_record: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    total_record: Option<i64>,
    #[diesel(sql_type = Nullable<Bool>)]
    verified: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    error_message: Option<String>,
}

impl Place {
    /// Which of the campaign's tables it is of.
    pub(crate) fn table(&self) -> usize {
        self.table_number as usize
    }

    /// The rows that are in it.
    pub(crate) fn window(&self) -> Window {
        if self.is_null {
            return Window::Null;
        }
        Window::Range { lower: self.lower_bound.clone(), upper: self.upper_bound.clone() }
    }
}

impl From<Place> for CoveredWindow {
    fn from(place: Place) -> Self {
        Self {
            position: place.position,
            lower: place.lower_bound,
            upper: place.upper_bound,
            is_null: place.is_null,
            status: place.status,
            job_id: place.job_id,
            task: place.task,
            count_record: place.count_record,
            total_record: place.total_record,
            verified: place.verified,
            error_message: place.error_message,
        }
    }
}

/// The windows of a campaign in its order.
pub(crate) fn of(connection: &mut PgConnection, campaign: CampaignId) -> QueryResult<Vec<Place>> {
    sql_query(WINDOWS).bind::<Array<BigInt>, _>(vec![campaign]).load(connection)
}

/// The windows of one campaign in one state, taken together.
#[derive(QueryableByName)]
struct Group {
    #[diesel(sql_type = BigInt)]
    campaign_id: CampaignId,
    #[diesel(sql_type = Text)]
    status: WindowStatus,
    #[diesel(sql_type = BigInt)]
    windows: i64,
    #[diesel(sql_type = BigInt)]
    count_record: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    total_record: Option<i64>,
    #[diesel(sql_type = Double)]
    rows_per_second: f64,
    #[diesel(sql_type = Double)]
    progress: f64,
    #[diesel(sql_type = BigInt)]
    verified: i64,
    #[diesel(sql_type = BigInt)]
    differing: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    started_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    finished_at: Option<DateTime<Utc>>,
}

/// What the windows of each of these campaigns add up to.
pub(crate) fn sums(
    connection: &mut PgConnection,
    campaigns: &[CampaignId],
) -> QueryResult<HashMap<CampaignId, Sums>> {
    let query = format!(
        "SELECT campaign_id, status, count(*) AS windows, sum(count_record)::bigint AS count_record,
                CASE WHEN bool_and(total_record IS NOT NULL) THEN sum(total_record)::bigint END AS total_record,
                sum(rows_per_second)::float8 AS rows_per_second, sum(progress)::float8 AS progress,
                count(*) FILTER (WHERE verified) AS verified, count(*) FILTER (WHERE NOT verified) AS differing,
                min(started_at) AS started_at, max(finished_at) AS finished_at
         FROM ({WINDOWS}) AS place GROUP BY campaign_id, status"
    );
    let groups: Vec<Group> = sql_query(query).bind::<Array<BigInt>, _>(campaigns).load(connection)?;
    let mut by_campaign: HashMap<_, Vec<_>> = HashMap::new();
    for group in groups {
        by_campaign.entry(group.campaign_id).or_default().push(group);
    }
    Ok(by_campaign.into_iter().map(|(id, groups)| (id, add(&groups))).collect())
}

fn add(groups: &[Group]) -> Sums {
    let sum = |part: fn(&Group) -> i64| groups.iter().map(part).sum::<i64>();
    let windows = sum(|group| group.windows);
    let is_under_way = groups.iter().any(|group| {
        matches!(group.status, WindowStatus::Pending | WindowStatus::Executing | WindowStatus::Paused)
    });
    let verified = match (sum(|group| group.differing), sum(|group| group.verified)) {
        (0, verified) => (verified == windows).then_some(true),
        _ => Some(false),
    };
    Sums {
        windows: groups.iter().map(|group| (group.status, group.windows)).collect(),
        count_record: sum(|group| group.count_record),
        total_record: groups.iter().map(|group| group.total_record).sum(),
        rows_per_second: groups.iter().map(|group| group.rows_per_second).sum(),
        progress: groups.iter().map(|group| group.progress).sum::<f64>() / (windows.max(1) as f64),
        verified,
        started_at: groups.iter().filter_map(|group| group.started_at).min(),
        finished_at: groups.iter().filter_map(|group| group.finished_at).max().filter(|_| !is_under_way),
    }
}
