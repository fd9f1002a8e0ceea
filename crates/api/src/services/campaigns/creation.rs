//! How a campaign, or windows of it once more, become jobs.

use std::collections::BTreeMap;

use backfill_domain::{
    campaign::{
        Campaign, CampaignRequest, CampaignResponse, CampaignTables, NewCampaign, PlacedWindow, Rerun,
        USUAL_RUNNING, WindowStatus, place,
    },
    destination::{Destination, DestinationSettings},
    id::{CampaignId, DestinationId, PipelineId},
    job::{NewJob, WriteMode},
    source::Source,
};
use diesel::{Connection, PgConnection};
use serde_json::{Map, Value};

use super::cutting::{CutTable, Inspection, cut_tables};
use crate::{
    database::Database,
    error::ApiError,
    extract::{Actor, deserialize},
    repositories::{
        campaigns,
        coverage::{self, Place},
        destinations, jobs, pipelines,
    },
    services::{backfill::hold_pipeline, remote::ask},
};

/// Creates a campaign with the jobs of all its windows, once the source has found nothing wrong with its tables.
pub(crate) async fn create(
    database: &Database,
    actor: Actor,
    pipeline: PipelineId,
    body: Map<String, Value>,
) -> Result<CampaignResponse, ApiError> {
    let is_own = |(name, _): &(String, Value)| CampaignRequest::FIELDS.contains(&name.as_str());
    let (own, shared): (Map<_, _>, Map<_, _>) = body.into_iter().partition(is_own);
    let request = deserialize::<CampaignRequest>(Value::Object(own));
    let request = request.map_err(|error| ApiError::Invalid(vec![error]))?;
    let cut = request.check().map_err(ApiError::Invalid)?;
    let (source, destinations) = database.run(move |connection| ends(connection, pipeline)).await?;
    let max_running = max_running(&destinations, request.max_running)?;
    let (asked, source_id) = (request.table_requests(shared), source.id);
    let (tables, cut) = ask(move || Ok((cut_tables(pipeline, &source, &asked, &cut)?, cut))).await?;
    let stored = tables.iter().map(|cut| cut.table.clone()).collect();
    let campaign = NewCampaign {
        pipeline_id: pipeline,
        name: request.name,
        tables: CampaignTables(stored),
        cut,
        window_order: request.order,
        max_running,
    };
    let store = move |connection: &mut PgConnection| {
        connection.transaction(|connection| {
            let destinations = hold_pipeline(connection, pipeline, source_id)?;
            let (campaign, jobs) = store(connection, &campaign, tables)?;
            insert_jobs(connection, campaign.id, &jobs, &destinations)?;
            super::shown(connection, campaign)
        })
    };
    database.change(actor, store).await
}

/// The source and the destinations of a pipeline.
fn ends(connection: &mut PgConnection, pipeline: PipelineId) -> Result<(Source, Vec<Destination>), ApiError> {
    let source = pipelines::source_of(connection, pipeline)?;
    let source = source.ok_or_else(|| ApiError::unknown("pipeline", pipeline))?;
    Ok((source, destinations::of_pipeline(connection, pipeline)?))
}

/// How many jobs may run at once. Those that write the same DuckDB file would wait for each other, in the slots that other
/// jobs could have, and fail where their daemons are not the same.
fn max_running(destinations: &[Destination], asked: Option<i32>) -> Result<i32, ApiError> {
    let is_file = |settings| matches!(settings, DestinationSettings::DuckDb(_));
    let file = destinations.iter().find(|destination| destination.settings().is_ok_and(is_file));
    match (file, asked) {
        (None, asked) => Ok(asked.unwrap_or(USUAL_RUNNING)),
        (Some(_), None | Some(1)) => Ok(1),
        (Some(file), Some(_)) => {
            let message = format!(
                "must be 1: destination {} is a DuckDB file, which has one writer at a time",
                file.name
            );
            Err(ApiError::field("max_running", message))
        }
    }
}

/// Stores the campaign and its windows; the jobs that those are to have.
fn store(
    connection: &mut PgConnection,
    campaign: &NewCampaign,
    tables: Vec<CutTable>,
) -> Result<(Campaign, Vec<NewJob>), ApiError> {
    let campaign = campaigns::insert(connection, campaign)?;
    let (inspections, windows): (Vec<_>, Vec<_>) =
        tables.into_iter().map(|table| ((table.table.column, table.inspection), table.windows)).unzip();
    let placed = place(windows, campaign.window_order);
    campaigns::insert_windows(connection, campaign.id, &placed)?;
    let job = |placed: &PlacedWindow| {
        let (column, inspection) = &inspections[placed.table];
        inspection.job(campaign.id, column, placed)
    };
    let jobs: Vec<_> = placed.iter().map(job).collect::<Result<_, _>>()?;
    Ok((campaign, jobs))
}

fn insert_jobs(
    connection: &mut PgConnection,
    campaign: CampaignId,
    jobs: &[NewJob],
    destinations: &[DestinationId],
) -> Result<(), ApiError> {
    let Err(refused) = campaigns::insert_jobs(connection, campaign, jobs, destinations)? else {
        return Ok(());
    };
    let active = jobs::active_like(connection, refused)?;
    // It may have ended since.
    let which = active.map_or_else(|| "a job".to_owned(), |id| format!("job {id}"));
    let (table, sql) = (&refused.table_name, &refused.filter_sql);
    Err(ApiError::Conflict(format!("{which} is active for the same rows of {table}: {sql}")))
}

/// Gives new jobs to windows of a campaign.
pub(crate) async fn rerun(
    database: &Database,
    actor: Actor,
    id: CampaignId,
    only: Rerun,
) -> Result<CampaignResponse, ApiError> {
    let look = move |connection: &mut PgConnection| {
        let campaign = super::stored(connection, id)?;
        let chosen = choose(id, &only, coverage::of(connection, id)?)?;
        let (source, destinations) = ends(connection, campaign.pipeline_id)?;
        max_running(&destinations, Some(campaign.max_running))?;
        Ok::<_, ApiError>((campaign, chosen, source))
    };
    let (campaign, chosen, source) = database.run(look).await?;
    let source_id = source.id;
    let (campaign, jobs) = ask(move || {
        let jobs = jobs_of(&campaign, &source, &chosen)?;
        Ok((campaign, jobs))
    })
    .await?;
    let store = move |connection: &mut PgConnection| {
        connection.transaction(|connection| {
            let destinations = hold_pipeline(connection, campaign.pipeline_id, source_id)?;
            insert_jobs(connection, id, &jobs, &destinations)?;
            super::shown(connection, campaign)
        })
    };
    database.change(actor, store).await
}

/// The windows that are copied once more.
fn choose(id: CampaignId, only: &Rerun, places: Vec<Place>) -> Result<Vec<Place>, ApiError> {
    let (status, word) = match only {
        Rerun::None => (WindowStatus::None, "is not covered"),
        Rerun::Failed => (WindowStatus::Failed, "has failed"),
        Rerun::Cancelled => (WindowStatus::Cancelled, "was cancelled"),
        Rerun::Windows(positions) => return choose_at(positions, places),
    };
    let chosen: Vec<_> = places.into_iter().filter(|place| place.status == status).collect();
    if chosen.is_empty() {
        return Err(ApiError::Conflict(format!("campaign {id} has no window that {word}")));
    }
    Ok(chosen)
}

fn choose_at(positions: &[i32], places: Vec<Place>) -> Result<Vec<Place>, ApiError> {
    let mut places: BTreeMap<_, _> = places.into_iter().map(|place| (place.position, place)).collect();
    if positions.is_empty() {
        return Err(ApiError::field("only.windows", "must name at least one window"));
    }
    let mut chosen = BTreeMap::new();
    for (at, position) in positions.iter().enumerate() {
        if chosen.contains_key(position) {
            continue;
        }
        let place = places.remove(position).ok_or_else(|| {
            ApiError::field(&format!("only.windows[{at}]"), format!("the campaign has no window {position}"))
        })?;
        let is_active =
            matches!(place.status, WindowStatus::Pending | WindowStatus::Executing | WindowStatus::Paused);
        if let Some(job) = place.job_id.filter(|_| is_active) {
            return Err(ApiError::Conflict(format!(
                "job {job} of window {position} is active; cancel it first"
            )));
        }
        chosen.insert(*position, place);
    }
    Ok(chosen.into_values().collect())
}

/// New jobs for windows of a campaign, whose tables are held against the source once more.
fn jobs_of(campaign: &Campaign, source: &Source, chosen: &[Place]) -> Result<Vec<NewJob>, ApiError> {
    let mut jobs = Vec::with_capacity(chosen.len());
    for (number, table) in campaign.tables.0.iter().enumerate() {
        let mut places = chosen.iter().filter(|place| place.table() == number).peekable();
        if places.peek().is_none() {
            continue;
        }
        let inspection = Inspection::of(campaign.pipeline_id, source, &table.request)?;
        for place in places {
            if inspection.write_mode() == WriteMode::Append && place.count_record > 0 {
                return Err(held_already(place));
            }
            let placed = PlacedWindow { position: place.position, table: number, window: place.window() };
            jobs.push(inspection.job(campaign.id, &table.column, &placed)?);
        }
    }
    // In the campaign's order, table by table as they take turns.
    jobs.sort_by_key(|job| job.campaign_position);
    Ok(jobs)
}

fn held_already(place: &Place) -> ApiError {
    let (position, rows) = (place.position, place.count_record);
    ApiError::Conflict(format!(
        "the destinations have {rows} rows of window {position} already, which append would add once more: resume its \
         job if it has not ended, or upsert the window by a job of its own"
    ))
}
