//! Lists of jobs: which ones, in which order.

use backfill_domain::{
    id::{CampaignId, JobId, PipelineId, SourceId},
    job::JobStatus,
    schema::{pipelines, queue_backfill_data as queue},
};
use diesel::{
    PgConnection, PgTextExpressionMethods as _, QueryResult, helper_types::IntoBoxed, pg::Pg, prelude::*,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{extract::Page, listing::Listing};

/// Which jobs are asked for; `None`, and no state at all, is no condition.
#[derive(Default)]
pub(crate) struct JobFilter {
    pub(crate) pipeline: Option<PipelineId>,
    pub(crate) source: Option<SourceId>,
    pub(crate) campaign: Option<CampaignId>,
    pub(crate) table: Option<String>,
    pub(crate) statuses: Vec<JobStatus>,
    pub(crate) search: Option<String>,
}

/// In which order jobs are listed; the newer first of those that are equal.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub(crate) enum JobSort {
    /// The newest first.
    #[default]
    #[serde(rename = "-created_at")]
    Newest,
    /// The oldest first.
    #[serde(rename = "created_at")]
    Oldest,
    /// Those first that changed last.
    #[serde(rename = "-updated_at")]
    LatestChange,
    /// Those first that have not changed for longest.
    #[serde(rename = "updated_at")]
    EarliestChange,
    /// Those first that have copied most rows.
    #[serde(rename = "-count_record")]
    MostRows,
    /// Those first that have copied fewest rows.
    #[serde(rename = "count_record")]
    FewestRows,
    /// By table.
    #[serde(rename = "table_name")]
    Table,
    /// By table, backwards.
    #[serde(rename = "-table_name")]
    TableBackwards,
}

type Jobs = IntoBoxed<'static, queue::table, Pg>;

impl JobFilter {
    fn query(&self) -> Jobs {
        let mut query = queue::table.into_boxed();
        if let Some(pipeline) = self.pipeline {
            query = query.filter(queue::pipeline_id.eq(pipeline));
        }
        if let Some(source) = self.source {
            query = query.filter(queue::source_id.eq(source));
        }
        if let Some(campaign) = self.campaign {
            query = query.filter(queue::campaign_id.eq(campaign));
        }
        if let Some(table) = &self.table {
            query = query.filter(queue::table_name.eq(table.clone()));
        }
        if !self.statuses.is_empty() {
            query = query.filter(queue::status.eq_any(self.statuses.clone()));
        }
        match self.search.as_deref().map(str::trim) {
            None | Some("") => query,
            Some(words) => query.filter(found(words)),
        }
    }
}

type Condition = Box<dyn BoxableExpression<queue::table, Pg, SqlType = diesel::sql_types::Bool>>;

/// The jobs whose table or pipeline is called something with `words` in it, and the one whose id they are.
fn found(words: &str) -> Condition {
    let called = pipelines::table.filter(pipelines::name.ilike(containing(words))).select(pipelines::id);
    let named = queue::table_name.ilike(containing(words)).or(queue::pipeline_id.eq_any(called));
    match words.trim_start_matches('#').parse::<i64>() {
        Ok(id) => Box::new(named.or(queue::id.eq(id))),
        Err(_) => Box::new(named),
    }
}

/// The pattern of LIKE for texts that contain `words`, whatever characters those are.
pub(crate) fn containing(words: &str) -> String {
    let escaped = words.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Jobs are created in the order of their ids, which is kept by an index whatever else is asked for.
fn sorted(query: Jobs, sort: JobSort) -> Jobs {
    let newest = queue::id.desc();
    match sort {
        JobSort::Newest => query.order(newest),
        JobSort::Oldest => query.order(queue::id),
        JobSort::LatestChange => query.order((queue::updated_at.desc(), newest)),
        JobSort::EarliestChange => query.order((queue::updated_at, newest)),
        JobSort::MostRows => query.order((queue::count_record.desc(), newest)),
        JobSort::FewestRows => query.order((queue::count_record, newest)),
        JobSort::Table => query.order((queue::table_name, newest)),
        JobSort::TableBackwards => query.order((queue::table_name.desc(), newest)),
    }
}

/// The jobs of a page.
pub(crate) fn jobs(
    connection: &mut PgConnection,
    filter: &JobFilter,
    sort: JobSort,
    page: Page,
) -> QueryResult<Listing<JobId>> {
    let total = filter.query().count().get_result(connection)?;
    let items = sorted(filter.query(), sort)
        .offset(page.skip)
        .limit(page.limit)
        .select(queue::id)
        .load(connection)?;
    Ok(Listing { total, items })
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn words_are_looked_for_as_they_are() {
        assert_eq!(containing(r"50%_a\b"), r"%50\%\_a\\b%");
    }
}
