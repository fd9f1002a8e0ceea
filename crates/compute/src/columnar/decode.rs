//! From tuples on the wire to Arrow's columns.

use std::sync::Arc;

use backfill_domain::catalog::Table;
use duckdb::arrow::{
    datatypes::{Schema, SchemaRef},
    record_batch::RecordBatch,
};

use super::{column::array_of, fault::Fault, types::Kind};
use crate::{
    destination::DestinationError,
    wire::{Batch, Layout, Projection, Tuple},
};

/// Rows of a record batch: as many as DuckDB moves at once, so that it needs to cut none up.
const ROWS: usize = 2048;

/// Turns batches into record batches with the columns of one destination, named by their position.
pub(crate) struct Decoder {
    table: String,
    columns: Vec<(String, Kind)>,
    layout: Arc<Layout>,
    /// For each column of a row on the wire: which of the destination's columns it is.
    places: Vec<Option<usize>>,
    schema: SchemaRef,
}

impl Decoder {
    /// For rows of `layout`, of which `projection` picks the columns of `table`; `kinds` says how each is held.
    pub(crate) fn new(table: &Table, kinds: &[Kind], layout: &Arc<Layout>, projection: &Projection) -> Self {
        let mut places = vec![None; layout.width()];
        for (column, position) in projection.positions().iter().enumerate() {
            if let Some(place) = places.get_mut(*position) {
                *place = Some(column);
            }
        }
        let fields: Vec<_> =
            kinds.iter().enumerate().map(|(at, kind)| kind.field(&format!("c{at}"))).collect();
        Self {
            table: table.table_name().to_string(),
            columns: table
                .columns
                .iter()
                .map(|column| column.name.clone())
                .zip(kinds.iter().cloned())
                .collect(),
            layout: Arc::clone(layout),
            places,
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// The rows of `batch`, in record batches of a few thousand rows.
    ///
    /// # Errors
    /// [`DestinationError::Value`] for a value that its kind cannot hold.
    pub(crate) fn decode(&self, batch: &Batch) -> Result<Vec<RecordBatch>, DestinationError> {
        let tuples: Vec<_> = batch.tuples().collect();
        tuples.chunks(ROWS).map(|tuples| self.record_batch(tuples)).collect()
    }

    fn record_batch(&self, tuples: &[Tuple<'_>]) -> Result<RecordBatch, DestinationError> {
        // Turned by columns first, so that the loops over values are each of one type.
        let mut columns = vec![Vec::with_capacity(tuples.len()); self.columns.len()];
        for tuple in tuples {
            for (place, field) in self.places.iter().zip(tuple.fields()) {
                if let Some(column) = place {
                    columns[*column].push(field);
                }
            }
        }
        let arrays = self.columns.iter().zip(&columns).map(|((name, kind), fields)| {
            array_of(kind, fields).map_err(|fault| self.value_error(name, fault, tuples))
        });
        RecordBatch::try_new(Arc::clone(&self.schema), arrays.collect::<Result<_, _>>()?)
            .map_err(|error| DestinationError::Table { table: self.table.clone(), reason: error.to_string() })
    }

    fn value_error(&self, column: &str, fault: Fault, tuples: &[Tuple<'_>]) -> DestinationError {
        DestinationError::Value {
            table: self.table.clone(),
            column: column.to_owned(),
            key: tuples.get(fault.row).map(|tuple| self.layout.describe_key(tuple)).unwrap_or_default(),
            value: fault.value,
            reason: fault.reason,
        }
    }
}
