//! What a backfill would do: the plan, from the same facts and rules as the daemon's, what it would make at its
//! destinations, and rows to look at. Nothing is written.

mod targets;

use std::{sync::Arc, time::Duration};

use backfill_domain::{
    catalog::Table,
    columns::Copied,
    destination::{Destination, DestinationSettings},
    filter,
    id::PipelineId,
    job::{BackfillRequest, WriteMode},
    plan::{ChunkRows, Facts, Plan, Section, Strategy, Wishes},
    source::ConnectionSettings,
    sql::identifier,
};
use backfill_pg::{Client, describe, facts, own_types};
use diesel::PgConnection;
use futures_util::future::join_all;
use postgres::SimpleQueryMessage;
use serde::Serialize;
use utoipa::ToSchema;

use self::targets::{TargetPreview, Wanted};
use super::{
    backfill::write_mode,
    inspection::{self, Inspected},
    remote::{ask, ask_within, connect},
};
use crate::{
    database::Database,
    error::ApiError,
    repositories::{destinations, jobs, pipelines},
};

/// How long a destination is waited for. What it would be asked for is known without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rows to look at.
const SAMPLE_ROWS: usize = 10;

/// Characters of a value that are shown.
const SAMPLE_WIDTH: usize = 200;

/// Pages, of 8 KiB, from which on reading a table as a whole is worth a word.
const MANY_PAGES: i64 = 1024;

/// What a backfill would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// The table, `schema.table`.
    table_name: String,
    /// What would happen to keys that exist already.
    write_mode: WriteMode,
    /// How the job would go about the table, what it would guarantee, and why.
    plan: Plan,
    /// What it would read, section by section: the query whose rows it copies.
    sql: Vec<String>,
    /// Rows expected, by the source's statistics.
    estimated_rows: i64,
    /// Bytes that those take on the source's disk; `null` while unknown.
    estimated_bytes: Option<i64>,
    /// Chunks that they would come in, unless the daemon is told how many rows those have.
    estimated_chunks: u64,
    /// Seconds that it would take at the pace of this pipeline's last jobs; `null` without any.
    estimated_seconds: Option<f64>,
    /// What it would find and make at the destinations, except at those that did not answer.
    destinations: Vec<TargetPreview>,
    /// Some of the rows.
    sample: Sample,
    /// What is good to know before it runs.
    warnings: Vec<String>,
}

/// Some of the rows that would be copied.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Sample {
    /// Names of the columns.
    columns: Vec<String>,
    /// Their values as text, cut where they are long.
    rows: Vec<Vec<Option<String>>>,
}

/// Previews what `request` would do on a pipeline.
pub(crate) async fn preview(
    database: &Database,
    pipeline: PipelineId,
    request: BackfillRequest,
) -> Result<Preview, ApiError> {
    let stored = database.run(move |connection| stored(connection, pipeline)).await?;
    let (source, destinations, rows_per_second) = stored;
    let destinations: Arc<[Destination]> = destinations.into();
    let asked = Arc::clone(&destinations);
    let (mut preview, wanted) = ask(move || look(&source, &request, &asked)).await?;
    preview.estimated_seconds = rows_per_second.map(|pace| preview.estimated_rows as f64 / pace);
    let wanted = Arc::new(wanted);
    let looks = destinations.iter().map(|destination| {
        let (destination, wanted) = (destination.clone(), Arc::clone(&wanted));
        ask_within(PATIENCE, move || targets::look(&destination, &wanted))
    });
    for (destination, target) in destinations.iter().zip(join_all(looks).await) {
        match target {
            Ok(target) => preview.destinations.push(target),
            Err(error) => preview.warnings.push(unseen(destination, &error)),
        }
    }
    Ok(preview)
}

/// Says that a destination could not be looked at.
fn unseen(destination: &Destination, error: &ApiError) -> String {
    let reason = match error {
        ApiError::Source(error) => error.to_string(),
        other => other.to_string(),
    };
    format!("What the job would make at destination {} is not known: {reason}.", destination.name)
}

/// The source's settings, the destinations, and the pace of late.
fn stored(
    connection: &mut PgConnection,
    pipeline: PipelineId,
) -> Result<(ConnectionSettings, Vec<Destination>, Option<f64>), ApiError> {
    let source = pipelines::source_of(connection, pipeline)?;
    let source = source.ok_or_else(|| ApiError::unknown("pipeline", pipeline))?;
    let destinations = destinations::of_pipeline(connection, pipeline)?;
    Ok((source.connection(), destinations, jobs::usual_pace(connection, pipeline)?))
}

fn look(
    source: &ConnectionSettings,
    request: &BackfillRequest,
    destinations: &[Destination],
) -> Result<(Preview, Wanted), ApiError> {
    let Inspected { copied, conditions, .. } = inspection::inspect(source, request)?;
    let Copied { read: table, written } = copied;
    // Settings that cannot be read stop the job; until then they are one destination more.
    let settings: Vec<_> = destinations.iter().filter_map(|stored| stored.settings().ok()).collect();
    let takes_changes = settings.iter().any(DestinationSettings::takes_changes);
    let condition = filter::join(&conditions);
    let mut client = connect(source)?;
    let facts = facts(&mut client, &table, condition.as_deref())?;
    let write_mode = write_mode(request, &written);
    let plan =
        Plan::decide(&table, &facts, &Wishes { write_mode, guarantee: request.guarantee, takes_changes });
    let mut warnings = warnings(&table, &facts, condition.is_some());
    let sample = sample(&mut client, &table, condition.as_deref()).unwrap_or_else(|reason| {
        warnings.push(format!("There is no sample: {reason}."));
        Sample::default()
    });
    let estimated_bytes = estimated_bytes(&table, facts.expected_rows);
    let preview = Preview {
        table_name: table.table_name().to_string(),
        write_mode,
        sql: plan.sections.iter().map(|section| query(section, &table, condition.as_deref())).collect(),
        estimated_chunks: estimated_chunks(&plan, &facts, &settings, estimated_bytes),
        plan,
        estimated_rows: facts.expected_rows,
        estimated_bytes,
        estimated_seconds: None,
        destinations: Vec::new(),
        sample,
        warnings,
    };
    let own_types = own_types(&mut client, &table)?;
    Ok((preview, Wanted { table: written, source: table, own_types, write_mode, options: request.options() }))
}

fn estimated_chunks(
    plan: &Plan,
    facts: &Facts,
    destinations: &[DestinationSettings],
    expected_bytes: Option<i64>,
) -> u64 {
    let rows = ChunkRows::GROWING.for_destinations(destinations);
    let bytes = destinations.iter().map(DestinationSettings::batch_bytes).min().unwrap_or(u64::MAX);
    plan.estimated_chunks(facts, rows, bytes, expected_bytes.map(i64::unsigned_abs))
}

/// The share of the table's bytes that the expected rows have.
fn estimated_bytes(table: &Table, expected_rows: i64) -> Option<i64> {
    let all_rows = table.estimated_rows.filter(|rows| *rows > 0)?;
    let share = (expected_rows as f64 / all_rows as f64).min(1.0);
    Some((table.bytes? as f64 * share) as i64)
}

fn query(section: &Section, table: &Table, condition: Option<&str>) -> String {
    let columns: Vec<_> = table.columns.iter().map(|column| identifier(&column.name)).collect();
    let mut sql = format!("SELECT {} FROM {}", columns.join(", "), section.relation);
    if let Some(condition) = condition {
        sql.push_str(&format!(" WHERE {condition}"));
    }
    if section.strategy == Strategy::KeyRanges {
        let key: Vec<_> = table.primary_key.iter().map(|name| identifier(name)).collect();
        sql.push_str(&format!(" ORDER BY {}", key.join(", ")));
    }
    sql
}

fn warnings(table: &Table, facts: &Facts, is_filtered: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let pages: i64 = facts.relations.iter().map(|relation| relation.pages).sum();
    if is_filtered && facts.scans_all && pages >= MANY_PAGES {
        warnings.push(format!("No index serves the filters: all {pages} pages of the table are read."));
    }
    if table.estimated_rows.is_none() {
        warnings
            .push("The source has no statistics of the table: run ANALYZE for better estimates.".to_owned());
    }
    if table.primary_key.is_empty() {
        warnings.push("Without a primary key, a job that is interrupted begins anew.".to_owned());
    }
    warnings
}

fn sample(client: &mut Client, table: &Table, condition: Option<&str>) -> Result<Sample, String> {
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    let values = table
        .columns
        .iter()
        .map(|column| format!("pg_catalog.\"left\"({}::text, {SAMPLE_WIDTH})", identifier(&column.name)));
    let values: Vec<_> = values.collect();
    let sql = format!(
        "SET LOCAL statement_timeout = '2s'; SELECT {} FROM {} WHERE {} LIMIT {SAMPLE_ROWS}",
        values.join(", "),
        table.table_name().to_sql(),
        condition.unwrap_or("true"),
    );
    let messages = client.simple_query(&sql).map_err(|error| describe(&error))?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
        }
        _ => None,
    });
    Ok(Sample { columns, rows: rows.collect() })
}
