//! Campaigns, their windows, and the jobs that are created for those.

use backfill_domain::{
    campaign::{Campaign, NewCampaign, PlacedWindow, Window},
    id::{CampaignId, DestinationId, JobId},
    job::{Job, JobStatus, NewJob},
    schema::{campaign_windows, campaigns, queue_backfill_data},
};
use diesel::{
    PgConnection, QueryResult,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text},
};

use crate::{extract::Page, listing::Listing};

/// Rows of one INSERT: a statement has room for 65,535 parameters.
const BATCH: usize = 1000;

const INSERT_WINDOWS: &str = "
    INSERT INTO campaign_windows (campaign_id, position, table_number, lower_bound, upper_bound, is_null)
    SELECT $1, * FROM unnest($2, $3, $4, $5, $6)";

const INSERT_PARTS: &str = "
    INSERT INTO backfill_job_destinations (job_id, destination_id, position)
    SELECT job_id, destination_id, place - 1
    FROM unnest($1) AS job_id CROSS JOIN unnest($2) WITH ORDINALITY AS given (destination_id, place)";

/// What was known of an earlier copy gives way to the new job.
const SET_JOBS: &str = "
    UPDATE campaign_windows AS covered
    SET job_id = job.id, copied_record = NULL, copied_verified = NULL
    FROM queue_backfill_data AS job
    WHERE job.id = ANY ($2) AND covered.campaign_id = $1 AND covered.position = job.campaign_position";

pub(crate) fn insert(connection: &mut PgConnection, campaign: &NewCampaign) -> QueryResult<Campaign> {
    diesel::insert_into(campaigns::table)
        .values((campaign, campaigns::free_slots.eq(campaign.max_running)))
        .returning(Campaign::as_returning())
        .get_result(connection)
}

pub(crate) fn insert_windows(
    connection: &mut PgConnection,
    campaign: CampaignId,
    windows: &[PlacedWindow],
) -> QueryResult<()> {
    let bounds = |placed: &PlacedWindow| match &placed.window {
        Window::Range { lower, upper } => (lower.clone(), upper.clone()),
        Window::Null => (None, None),
    };
    let (lower, upper): (Vec<_>, Vec<_>) = windows.iter().map(bounds).unzip();
    let positions: Vec<_> = windows.iter().map(|placed| placed.position).collect();
    let tables: Vec<_> = windows.iter().map(|placed| placed.table as i32).collect();
    let nulls: Vec<_> = windows.iter().map(|placed| placed.window == Window::Null).collect();
    sql_query(INSERT_WINDOWS)
        .bind::<BigInt, _>(campaign)
        .bind::<Array<Integer>, _>(positions)
        .bind::<Array<Integer>, _>(tables)
        .bind::<Array<Nullable<Text>>, _>(lower)
        .bind::<Array<Nullable<Text>>, _>(upper)
        .bind::<Array<Bool>, _>(nulls)
        .execute(connection)?;
    Ok(())
}

/// Puts jobs into the queue, each for its window, and gives those their turn that may run at once. Where another job is
/// active for the same rows as one of them, that one is returned; the transaction is then to be taken back.
pub(crate) fn insert_jobs<'a>(
    connection: &mut PgConnection,
    campaign: CampaignId,
    jobs: &'a [NewJob],
    destinations: &[DestinationId],
) -> QueryResult<Result<(), &'a NewJob>> {
    let mut ids: Vec<JobId> = Vec::with_capacity(jobs.len());
    for batch in jobs.chunks(BATCH) {
        let inserted: Vec<(JobId, Option<i32>)> = diesel::insert_into(queue_backfill_data::table)
            .values(batch)
            .on_conflict_do_nothing()
            .returning((queue_backfill_data::id, queue_backfill_data::campaign_position))
            .get_results(connection)?;
        let is_in = |job: &NewJob| inserted.iter().any(|(_, position)| *position == job.campaign_position);
        if inserted.len() < batch.len()
            && let Some(refused) = batch.iter().find(|job| !is_in(job))
        {
            return Ok(Err(refused));
        }
        ids.extend(inserted.into_iter().map(|(id, _)| id));
    }
    sql_query(INSERT_PARTS)
        .bind::<Array<BigInt>, _>(&ids)
        .bind::<Array<BigInt>, _>(destinations)
        .execute(connection)?;
    sql_query(SET_JOBS).bind::<BigInt, _>(campaign).bind::<Array<BigInt>, _>(&ids).execute(connection)?;
    sql_query("SELECT give_campaign_slots($1)").bind::<BigInt, _>(campaign).execute(connection)?;
    Ok(Ok(()))
}

pub(crate) fn find(connection: &mut PgConnection, id: CampaignId) -> QueryResult<Option<Campaign>> {
    campaigns::table.find(id).select(Campaign::as_select()).first(connection).optional()
}

/// Newest first.
pub(crate) fn list(connection: &mut PgConnection, page: Page) -> QueryResult<Listing<Campaign>> {
    let total = campaigns::table.count().get_result(connection)?;
    let items = campaigns::table
        .order(campaigns::id.desc())
        .offset(page.skip)
        .limit(page.limit)
        .select(Campaign::as_select())
        .load(connection)?;
    Ok(Listing { total, items })
}

/// The latest job of each window that has one.
pub(crate) fn jobs(connection: &mut PgConnection, id: CampaignId) -> QueryResult<Vec<JobId>> {
    campaign_windows::table
        .filter(campaign_windows::campaign_id.eq(id))
        .filter(campaign_windows::job_id.is_not_null())
        .order(campaign_windows::position)
        .select(campaign_windows::job_id.assume_not_null())
        .load(connection)
}

/// One of these jobs for each table and way of writing: what can be done with it, can be with all.
pub(crate) fn samples(connection: &mut PgConnection, jobs: &[JobId]) -> QueryResult<Vec<Job>> {
    queue_backfill_data::table
        .filter(queue_backfill_data::id.eq_any(jobs))
        .distinct_on((queue_backfill_data::table_name, queue_backfill_data::write_mode))
        .select(Job::as_select())
        .load(connection)
}

/// Locks all jobs of the campaign, earlier ones too; whether a daemon executes one.
pub(crate) fn lock_jobs(connection: &mut PgConnection, id: CampaignId) -> QueryResult<bool> {
    let states: Vec<JobStatus> = queue_backfill_data::table
        .filter(queue_backfill_data::campaign_id.eq(id))
        .order(queue_backfill_data::id)
        .select(queue_backfill_data::status)
        .for_update()
        .load(connection)?;
    Ok(states.contains(&JobStatus::Executing))
}

/// Keeps others from changing the campaign, or giving it jobs.
pub(crate) fn lock(connection: &mut PgConnection, id: CampaignId) -> QueryResult<bool> {
    let held =
        campaigns::table.find(id).select(campaigns::id).for_update().first::<i64>(connection).optional()?;
    Ok(held.is_some())
}

/// Deletes the campaign and its jobs.
pub(crate) fn delete(connection: &mut PgConnection, id: CampaignId) -> QueryResult<()> {
    diesel::delete(campaigns::table.find(id)).execute(connection)?;
    Ok(())
}
