//! Campaigns: created, shown, and what is done with all of a campaign's jobs at once. Each transition is one statement,
//! guarded as for a single job.

mod creation;
mod cutting;

use backfill_domain::{
    campaign::{Campaign, CampaignResponse, Coverage, CoveredTable, CoveredWindow},
    id::{CampaignId, JobId},
    job::Task,
};
use diesel::{Connection, PgConnection, QueryResult};

pub(crate) use self::creation::{create, rerun};
use super::{backfill, tasks::check_comparable};
use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, Page},
    listing::Listing,
    repositories::{
        campaigns, coverage, resumption,
        stop::{self, Stop},
        tasks,
    },
};

/// The campaigns, newest first.
pub(crate) fn list(connection: &mut PgConnection, page: Page) -> Result<Listing<CampaignResponse>, ApiError> {
    let listing = campaigns::list(connection, page)?;
    let ids: Vec<_> = listing.items.iter().map(|campaign| campaign.id).collect();
    let mut sums = coverage::sums(connection, &ids)?;
    Ok(listing.map(|campaign| {
        let sums = sums.remove(&campaign.id).unwrap_or_default();
        CampaignResponse::new(campaign, sums)
    }))
}

/// The campaign.
pub(crate) fn find(connection: &mut PgConnection, id: CampaignId) -> Result<CampaignResponse, ApiError> {
    let campaign = stored(connection, id)?;
    shown(connection, campaign)
}

fn stored(connection: &mut PgConnection, id: CampaignId) -> Result<Campaign, ApiError> {
    campaigns::find(connection, id)?.ok_or_else(|| ApiError::unknown("campaign", id))
}

fn shown(connection: &mut PgConnection, campaign: Campaign) -> Result<CampaignResponse, ApiError> {
    let sums = coverage::sums(connection, &[campaign.id])?.remove(&campaign.id).unwrap_or_default();
    Ok(CampaignResponse::new(campaign, sums))
}

/// The campaign's calendar.
pub(crate) fn coverage(connection: &mut PgConnection, id: CampaignId) -> Result<Coverage, ApiError> {
    let tables = stored(connection, id)?.tables.0.into_iter().map(|table| CoveredTable {
        table_name: table.table_name,
        window_column: table.column,
        windows: Vec::new(),
    });
    let mut tables: Vec<_> = tables.collect();
    for place in coverage::of(connection, id)? {
        if let Some(table) = tables.get_mut(place.table()) {
            table.windows.push(CoveredWindow::from(place));
        }
    }
    Ok(Coverage { tables })
}

/// Cancels all jobs of the campaign that are active. Daemons that execute some are asked to stop, and not waited for.
pub(crate) fn cancel(connection: &mut PgConnection, id: CampaignId) -> Result<CampaignResponse, ApiError> {
    act(connection, id, "that is active", |connection, jobs| {
        Ok(stop::stop_all(connection, jobs, Stop::Cancel)?.len())
    })
}

/// Pauses all jobs of the campaign that wait or are executed, these behind the chunk at hand.
pub(crate) fn pause(connection: &mut PgConnection, id: CampaignId) -> Result<CampaignResponse, ApiError> {
    act(connection, id, "that is PENDING or EXECUTING", |connection, jobs| {
        Ok(stop::stop_all(connection, jobs, Stop::Pause)?.len())
    })
}

/// Has daemons take all jobs up where they stopped.
pub(crate) fn resume(connection: &mut PgConnection, id: CampaignId) -> Result<CampaignResponse, ApiError> {
    act(connection, id, "that is PAUSED, CANCELLED or FAILED", resumption::resume_all)
}

/// Has daemons compare what was copied with the source.
pub(crate) async fn verify(
    database: &Database,
    actor: Actor,
    id: CampaignId,
) -> Result<CampaignResponse, ApiError> {
    let samples = database.run(move |connection| {
        stored(connection, id)?;
        let jobs = campaigns::jobs(connection, id)?;
        Ok::<_, ApiError>(campaigns::samples(connection, &jobs)?)
    });
    for job in samples.await? {
        check_comparable(database, &job).await?;
    }
    let work = move |connection: &mut PgConnection| {
        act(connection, id, "whose copy is complete", |connection, jobs| {
            tasks::requeue_all(connection, jobs, Task::Verify)
        })
    };
    database.change(actor, work).await
}

/// Has daemons copy the chunks once more that such a look has found to differ.
pub(crate) fn repair(connection: &mut PgConnection, id: CampaignId) -> Result<CampaignResponse, ApiError> {
    act(connection, id, "with chunks that were found to differ: verify it first", |connection, jobs| {
        tasks::requeue_all(connection, jobs, Task::Repair)
    })
}

/// Does something with the latest jobs of the campaign's windows. `which` are those that it can be done with; there must
/// be some.
fn act(
    connection: &mut PgConnection,
    id: CampaignId,
    which: &str,
    action: impl FnOnce(&mut PgConnection, &[JobId]) -> QueryResult<usize>,
) -> Result<CampaignResponse, ApiError> {
    let campaign = stored(connection, id)?;
    let jobs = campaigns::jobs(connection, id)?;
    let changed =
        connection.transaction(|connection| action(connection, &jobs)).map_err(backfill::not_requeued)?;
    if changed == 0 {
        return Err(ApiError::Conflict(format!("campaign {id} has no job {which}")));
    }
    shown(connection, campaign)
}

/// Deletes the campaign with all its jobs, unless a daemon executes one.
pub(crate) fn delete(connection: &mut PgConnection, id: CampaignId) -> Result<(), ApiError> {
    connection.transaction(|connection| {
        // Jobs first, as daemons do: they hold a job's row when they come to that of its campaign.
        campaigns::lock_jobs(connection, id)?;
        if !campaigns::lock(connection, id)? {
            return Err(ApiError::unknown("campaign", id));
        }
        // Some may have come meanwhile; no more will.
        if campaigns::lock_jobs(connection, id)? {
            return Err(ApiError::Conflict(format!("a job of campaign {id} is EXECUTING; cancel it first")));
        }
        Ok(campaigns::delete(connection, id)?)
    })
}
