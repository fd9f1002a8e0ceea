//! Where rows come from: a table of a PostgreSQL, read chunk by chunk along its primary key.

mod error;
mod reader;
mod walk;

use backfill_domain::{
    catalog::Table,
    filter::{self, Filter},
    job::Job,
    source::ConnectionSettings,
    table::TableReference,
};
use backfill_pg::{CancelHandle, connect, find_table};
use postgres::Client;

pub(crate) use self::{
    error::SourceError,
    reader::{Event, Reader},
    walk::{ChunkRange, NextChunk, Walk},
};
use crate::job::Interrupts;

/// What a job asks of its source, checked against the catalogue as it is now.
pub(crate) struct Selection {
    /// The table.
    pub(crate) table: Table,
    /// The filters as the text of a WHERE clause.
    pub(crate) condition: Option<String>,
}

/// Connects to a source for `job`: read-only, known to the server by the job's id, and to be stopped through
/// `interrupts`.
pub(crate) fn open(
    settings: &ConnectionSettings,
    job: &Job,
    interrupts: &Interrupts,
) -> Result<Client, SourceError> {
    let mut client = connect(settings, &format!("backfill job {}", job.id))?;
    client.batch_execute(SESSION)?;
    let cancel = CancelHandle::new(&client, settings);
    interrupts.add(move || {
        if let Err(error) = cancel.cancel() {
            log::debug!("cannot cancel the source's query: {error}");
        }
    });
    Ok(client)
}

/// Nothing is ever written to a source. Sorting is made unattractive so that chunks are read along the key's index:
/// a plan that sorts would read the whole table for each chunk. Compiling a query that reads one chunk does not pay.
const SESSION: &str = "SET default_transaction_read_only = on; SET enable_sort = off; SET jit = off; \
     SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";

/// Finds the job's table and holds the job's filters against it.
pub(crate) fn select(client: &mut Client, job: &Job) -> Result<Selection, SourceError> {
    let reference: TableReference = job.table_name.parse()?;
    let table =
        find_table(client, &reference)?.ok_or_else(|| SourceError::NoTable(job.table_name.clone()))?;
    if table.columns.is_empty() {
        return Err(SourceError::NoColumns(job.table_name.clone()));
    }
    let filters: Vec<Filter> = serde_json::from_value(job.filters.clone())?;
    let conditions = filter::bind(&filters, &table).map_err(SourceError::Filters)?;
    Ok(Selection { condition: filter::join(&conditions), table })
}

/// How many rows the source's planner expects; it looks at statistics alone, whatever the table's size.
pub(crate) fn estimate_rows(client: &mut Client, selection: &Selection) -> Result<i64, SourceError> {
    let from = selection.table.table_name().to_sql();
    let condition = selection.condition.as_deref().unwrap_or("true");
    let row =
        client.query_one(&format!("EXPLAIN (FORMAT JSON) SELECT FROM {from} WHERE {condition}"), &[])?;
    let plan: serde_json::Value = row.get(0);
    let rows = plan.pointer("/0/Plan/Plan Rows").and_then(serde_json::Value::as_f64);
    Ok(rows.unwrap_or_default() as i64)
}
