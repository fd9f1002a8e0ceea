//! How DuckDB reads rows that wait in the daemon's memory: by a table function, straight into the vectors that its
//! statements work on.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use duckdb::{
    Connection,
    arrow::{datatypes::SchemaRef, record_batch::RecordBatch},
    core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId},
    vtab::{
        BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk,
        to_duckdb_logical_type_for_field,
    },
};

const FUNCTION: &str = "backfill_staged";

/// The rows that wait in this process, by the numbers that statements call them by.
static WAITING: Mutex<BTreeMap<i64, Arc<StagedRows>>> = Mutex::new(BTreeMap::new());

/// Rows that wait. Statements that have begun to read them see them as they were then.
#[derive(Debug, Clone)]
struct StagedRows {
    schema: SchemaRef,
    /// Each of at most as many rows as a vector of DuckDB's has.
    batches: Vec<RecordBatch>,
}

/// Rows that DuckDB can read, until this is dropped.
#[derive(Debug)]
pub(super) struct Staged(i64);

impl Staged {
    /// No rows of these columns yet.
    pub(super) fn new(schema: SchemaRef) -> Self {
        static NEXT: AtomicI64 = AtomicI64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        waiting().insert(number, Arc::new(StagedRows { schema, batches: Vec::new() }));
        Self(number)
    }

    /// The rows as a table of a statement, in any DuckDB that knows the [function](register).
    pub(super) fn sql(&self) -> String {
        format!("{FUNCTION}({})", self.0)
    }

    /// Adds rows.
    pub(super) fn extend(&self, batches: &[RecordBatch]) {
        if let Some(rows) = waiting().get_mut(&self.0) {
            Arc::make_mut(rows).batches.extend_from_slice(batches);
        }
    }

    /// Lets all rows go.
    pub(super) fn clear(&self) {
        if let Some(rows) = waiting().get_mut(&self.0) {
            Arc::make_mut(rows).batches = Vec::new();
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        waiting().remove(&self.0);
    }
}

fn waiting() -> MutexGuard<'static, BTreeMap<i64, Arc<StagedRows>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the function known to a DuckDB.
pub(super) fn register(connection: &Connection) -> duckdb::Result<()> {
    connection.register_table_function::<Scan>(FUNCTION)
}

/// A statement's way through staged rows.
struct Scan;

/// How far it has come.
struct Progress {
    /// The columns that the statement wants, in its order.
    columns: Vec<usize>,
    next: AtomicUsize,
}

impl VTab for Scan {
    type BindData = Arc<StagedRows>;
    type InitData = Progress;

    fn bind(bind: &BindInfo) -> Result<Self::BindData, Box<dyn Error>> {
        let number = bind.get_parameter(0).to_int64();
        let rows = waiting().get(&number).cloned().ok_or("its rows are gone")?;
        for field in rows.schema.fields() {
            bind.add_result_column(field.name(), to_duckdb_logical_type_for_field(field)?);
        }
        let count: usize = rows.batches.iter().map(RecordBatch::num_rows).sum();
        bind.set_cardinality(count as u64, true);
        Ok(rows)
    }

    fn init(init: &InitInfo) -> Result<Self::InitData, Box<dyn Error>> {
        let columns = init.get_column_indices().into_iter();
        let columns = columns.map(|column| usize::try_from(column).unwrap_or(usize::MAX)).collect();
        Ok(Progress { columns, next: AtomicUsize::new(0) })
    }

    fn func(info: &TableFunctionInfo<Self>, output: &mut DataChunkHandle) -> Result<(), Box<dyn Error>> {
        let (rows, progress) = (info.get_bind_data(), info.get_init_data());
        match rows.batches.get(progress.next.fetch_add(1, Ordering::Relaxed)) {
            None => output.set_len(0),
            // What only counts rows asks for a column that there is not.
            Some(batch) if progress.columns.iter().any(|column| *column >= batch.num_columns()) => {
                output.set_len(batch.num_rows());
            }
            Some(batch) => record_batch_to_duckdb_data_chunk(&batch.project(&progress.columns)?, output)?,
        }
        Ok(())
    }

    fn supports_pushdown() -> bool {
        true
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        Some(vec![LogicalTypeHandle::from(LogicalTypeId::Bigint)])
    }
}
