//! Where rows come from: a table of a PostgreSQL, read chunk by chunk as the job's plan says.

mod error;
mod gate;
mod place;
mod reader;
mod shape;
mod snapshot;
mod walk;
mod well;

use backfill_domain::{
    catalog::{OwnType, Table},
    columns::{self, Copied},
    filter::{self, Filter},
    job::Job,
    limits::SessionTimeouts,
    plan::{Plan, Wishes},
    source::ConnectionSettings,
    table::TableReference,
};
use backfill_pg::{CancelHandle, Client, connect, find_table, own_types};

pub(crate) use self::{
    error::SourceError,
    gate::{Gate, StopSign},
    place::{Bounds, ChunkRange, NextChunk, Start},
    reader::{Event, Limits, Reader},
    shape::Shape,
    snapshot::Snapshot,
    walk::Walk,
};
use crate::interrupt::{Interrupts, cancel};

/// What a job asks of its source, checked against the catalogue as it is now.
pub(crate) struct Selection {
    /// The table as it is read: the columns that are copied, and then those of its key that are not.
    pub(crate) table: Table,
    /// The table as destinations are to have it.
    pub(crate) written: Table,
    /// The types of the source's own that it is made of.
    pub(crate) own_types: Vec<OwnType>,
    /// The filters as the text of a WHERE clause.
    pub(crate) condition: Option<String>,
    /// What must stay as it is.
    pub(crate) shape: Shape,
}

/// Connects to a source for `job`: read-only, bounded by `timeouts`, known to the server by the job's id, and to be stopped through
/// `interrupts`.
pub(crate) fn open(
    settings: &ConnectionSettings,
    timeouts: SessionTimeouts,
    job: &Job,
    interrupts: &Interrupts,
) -> Result<Connection, SourceError> {
    let mut client = connect(settings, &format!("backfill job {}", job.id))?;
    client.batch_execute(SESSION)?;
    client.batch_execute(&bounded(timeouts))?;
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
     WHERE name = 'transaction_timeout'";

/// What the database or the role is set to does not hold: a long chunk is legal.
fn bounded(timeouts: SessionTimeouts) -> String {
    let SessionTimeouts { statement, lock, idle_in_transaction } = timeouts;
    let settings = [
        ("statement_timeout", statement),
        ("lock_timeout", lock),
        ("idle_in_transaction_session_timeout", idle_in_transaction),
    ];
    settings.map(|(name, time)| format!("SET {name} = '{}s'", time.as_secs())).join("; ")
}

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
    let choices = job.options.columns.as_deref();
    let Copied { read, written } = columns::choose(&table, choices).map_err(SourceError::Columns)?;
    if job.write_mode.needs_key() && written.primary_key.is_empty() {
        return Err(SourceError::NoKey { table: job.table_name.clone(), mode: job.write_mode });
    }
    let used = read.columns.iter().map(|column| &column.name);
    let used: Vec<_> = used.chain(filters.iter().map(|filter| &filter.column)).map(String::as_str).collect();
    // Where all columns are copied, one that comes between two attempts would be missing from the rows before.
    let shape = Shape::of(client, &table.table_name().to_sql(), choices.map(|_| used.as_slice()))?;
    let own_types = own_types(client, &read)?;
    Ok(Selection { table: read, written, own_types, condition: filter::join(&conditions), shape })
}

/// How to go about the selected rows.
pub(crate) fn plan(
    client: &mut Client,
    selection: &Selection,
    wishes: &Wishes,
) -> Result<(Plan, i64), SourceError> {
    let facts = backfill_pg::facts(client, &selection.table, selection.condition.as_deref())?;
    let mut plan = Plan::decide(&selection.table, &facts, wishes);
    // Before any row is read: what changes from here on, the pass that catches up will find.
    let query = "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text";
    plan.began_at_transaction = Some(client.query_one(query, &[])?.get(0));
    Ok((plan, facts.expected_rows))
}
