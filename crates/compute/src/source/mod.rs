//! Where rows come from: a table of a PostgreSQL, read chunk by chunk along its primary key.

mod error;
mod reader;
mod shape;
mod walk;

use backfill_domain::{
    catalog::Table,
    filter::{self, Filter},
    job::{Job, WriteMode},
    source::ConnectionSettings,
    table::TableReference,
};
use backfill_pg::{CancelHandle, connect, find_table};
use postgres::Client;

pub(crate) use self::{
    error::SourceError,
    reader::{Event, Reader},
    shape::Shape,
    walk::{ChunkRange, NextChunk, Walk},
};
use crate::interrupt::{Interrupts, cancel};

/// What a job asks of its source, checked against the catalogue as it is now.
pub(crate) struct Selection {
    /// The table.
    pub(crate) table: Table,
    /// The filters as the text of a WHERE clause.
    pub(crate) condition: Option<String>,
    /// What must stay as it is.
    pub(crate) shape: Shape,
}

/// Connects to a source for `job`: read-only, known to the server by the job's id, and to be stopped through
/// `interrupts`.
pub(crate) fn open(
    settings: &ConnectionSettings,
    job: &Job,
    interrupts: &Interrupts,
) -> Result<Connection, SourceError> {
    let mut client = connect(settings, &format!("backfill job {}", job.id))?;
    client.batch_execute(SESSION)?;
    let connection = Connection { cancel: CancelHandle::new(&client, settings), client };
    interrupts.add_postgres(connection.cancel.clone());
    Ok(connection)
}

/// A connection to a source.
pub(crate) struct Connection {
    /// The connection itself.
    pub(crate) client: Client,
    cancel: CancelHandle,
}

impl Connection {
    /// Leaves a connection in the middle of a stream. Closing it alone would read the stream to its end first.
    fn abandon(&self) {
        cancel(&self.cancel);
    }
}

/// Nothing is ever written to a source. Sorting is made unattractive so that chunks are read along the key's index:
/// a plan that sorts would read the whole table for each chunk. Compiling a query that reads one chunk does not pay.
/// Rows that a policy would hide are an error, not a smaller table.
const SESSION: &str = "SET default_transaction_read_only = on; SET enable_sort = off; SET jit = off; \
     SET row_security = off; SELECT set_config(name, '0', false) FROM pg_settings \
     WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')";

/// Finds the job's table and holds the job's filters against it.
pub(crate) fn select(client: &mut Client, job: &Job) -> Result<Selection, SourceError> {
    let reference: TableReference = job.table_name.parse()?;
    let table =
        find_table(client, &reference)?.ok_or_else(|| SourceError::NoTable(job.table_name.clone()))?;
    if job.write_mode == WriteMode::Upsert && table.primary_key.is_empty() {
        return Err(SourceError::NoKey(job.table_name.clone()));
    }
    if table.columns.is_empty() {
        return Err(SourceError::NoColumns(job.table_name.clone()));
    }
    let filters: Vec<Filter> = serde_json::from_value(job.filters.clone())?;
    let conditions = filter::bind(&filters, &table).map_err(SourceError::Filters)?;
    let shape = Shape::of(client, &table.table_name().to_sql())?;
    Ok(Selection { condition: filter::join(&conditions), shape, table })
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
