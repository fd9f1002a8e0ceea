//! From tuples on the wire to Arrow's columns.

use std::sync::Arc;

use backfill_domain::{catalog::Table, options::ValuePolicy};
use duckdb::{
    Connection,
    arrow::{
        array::ArrayRef,
        datatypes::{Schema, SchemaRef},
        record_batch::RecordBatch,
    },
};
use serde_json::{Map, Value};

use super::{
    aside::{Aside, KeptRow},
    column::array_of,
    documents,
    fault::Fault,
    text::text_of,
    types::{Carried as _, Held, Kind},
};
use crate::{
    destination::DestinationError,
    wire::{Batch, Field, Layout, Projection, Rendition, Tuple},
};

/// Rows of a record batch: as many as DuckDB moves at once, so that it needs to cut none up.
const ROWS: usize = 2048;

/// Characters of a value that an error shows.
const SHOWN: usize = 200;

/// Turns a chunk's batches into record batches with the columns of one destination, named by their position. What
/// cannot be held goes where its column's policy says.
pub(crate) struct Decoder {
    table: String,
    columns: Vec<(String, Held)>,
    layout: Arc<Layout>,
    /// For each column of a row on the wire: which of the destination's columns it is.
    places: Vec<Option<usize>>,
    /// The columns of a row on the wire that are this destination's or the key's.
    own: Projection,
    schema: SchemaRef,
    /// Rows so far.
    rows: usize,
    aside: Aside,
}

/// The columns of the record batches, named by their position.
pub(crate) fn staged_schema(held: &[Held]) -> SchemaRef {
    let fields = held.iter().enumerate().map(|(at, held)| held.kind.field(&format!("c{at}")));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Rows that are turned into columns: their places in the chunk, and the same again by columns.
struct Turned<'a> {
    tuples: Vec<(usize, Tuple<'a>)>,
    columns: Vec<Vec<Field<'a>>>,
}

impl Decoder {
    /// For rows of `layout` with the columns of `table`; `held` says how each is held.
    pub(crate) fn new(table: &Table, held: &[Held], layout: &Arc<Layout>) -> Self {
        let renditions: Vec<_> = held.iter().map(|held| held.rendition).collect();
        let mut places = vec![None; layout.width()];
        for (column, position) in layout.projection(&renditions).positions().iter().enumerate() {
            if let Some(place) = places.get_mut(*position) {
                *place = Some(column);
            }
        }
        Self {
            table: table.table_name().to_string(),
            columns: table
                .columns
                .iter()
                .map(|column| column.name.clone())
                .zip(held.iter().cloned())
                .collect(),
            own: layout.projection_of(&Layout::new(table, &[&renditions])),
            layout: Arc::clone(layout),
            places,
            schema: staged_schema(held),
            rows: 0,
            aside: Aside::default(),
        }
    }

    /// The rows of `batch`, in record batches of a few thousand rows. `connection` is a DuckDB's, which judges documents.
    ///
    /// # Errors
    /// [`DestinationError::Value`] for a value that its kind cannot hold, where that is to fail the job.
    pub(crate) fn decode(
        &mut self,
        batch: &Batch,
        connection: &Connection,
    ) -> Result<Vec<RecordBatch>, DestinationError> {
        let tuples: Vec<_> = batch.tuples().collect();
        let batches = tuples.chunks(ROWS).map(|tuples| self.record_batch(tuples, connection));
        // One whose rows were all set aside has nothing to append.
        batches.filter(|batch| !batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0)).collect()
    }

    /// What was set aside so far.
    pub(crate) fn aside(&self) -> &Aside {
        &self.aside
    }

    /// What was set aside in the chunk, for others to keep.
    pub(crate) fn take_aside(&mut self) -> Aside {
        std::mem::take(&mut self.aside)
    }

    fn record_batch(
        &mut self,
        tuples: &[Tuple<'_>],
        connection: &Connection,
    ) -> Result<RecordBatch, DestinationError> {
        let mut turned = self.turn(tuples);
        self.rows += tuples.len();
        for at in 0..self.columns.len() {
            if self.columns[at].1.is_judged_by_duckdb() {
                let faults = documents::refused(connection, &turned.columns[at])?;
                self.deal_with(at, &faults, &mut turned)?;
            }
        }
        let arrays = loop {
            match self.arrays(&turned.columns) {
                Ok(arrays) => break arrays,
                Err((at, first)) => {
                    let faults = self.faults(at, first, &turned.columns[at]);
                    self.deal_with(at, &faults, &mut turned)?;
                }
            }
        };
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|error| DestinationError::Table { table: self.table.clone(), reason: error.to_string() })
    }

    /// Turns rows by columns, so that the loops over values are each of one type.
    fn turn<'a>(&self, tuples: &[Tuple<'a>]) -> Turned<'a> {
        let mut columns = vec![Vec::with_capacity(tuples.len()); self.columns.len()];
        for tuple in tuples {
            for (place, field) in self.places.iter().zip(tuple.fields()) {
                if let Some(column) = place {
                    columns[*column].push(field);
                }
            }
        }
        Turned {
            tuples: tuples.iter().enumerate().map(|(at, tuple)| (self.rows + at, *tuple)).collect(),
            columns,
        }
    }

    /// The columns' arrays, or the first column with a value that cannot be held, and which.
    fn arrays(&self, columns: &[Vec<Field<'_>>]) -> Result<Vec<ArrayRef>, (usize, Fault)> {
        let arrays = self.columns.iter().zip(columns).enumerate();
        arrays
            .map(|(at, ((_, held), fields))| array_of(&held.kind, fields).map_err(|fault| (at, fault)))
            .collect()
    }

    /// All values of a column that cannot be held. One is enough to fail the job.
    fn faults(&self, at: usize, first: Fault, fields: &[Field<'_>]) -> Vec<Fault> {
        let held = &self.columns[at].1;
        if !held.policy.sets_aside() {
            return vec![first];
        }
        let each = fields.iter().enumerate();
        each.filter_map(|(row, field)| {
            let fault = array_of(&held.kind, &[*field]).err()?;
            Some(Fault { row, ..fault })
        })
        .collect()
    }

    /// Puts values that cannot be held where their column's policy says.
    fn deal_with(
        &mut self,
        at: usize,
        faults: &[Fault],
        turned: &mut Turned<'_>,
    ) -> Result<(), DestinationError> {
        match self.columns[at].1.policy {
            ValuePolicy::Fail | ValuePolicy::Text => match faults.first() {
                Some(fault) => Err(self.value_error(at, fault, turned)),
                None => Ok(()),
            },
            ValuePolicy::Null => {
                faults.iter().for_each(|fault| turned.columns[at][fault.row] = None);
                self.aside.nulled += faults.len() as i64;
                Ok(())
            }
            ValuePolicy::Quarantine => {
                for fault in faults {
                    let kept = self.kept(at, fault, turned);
                    self.aside.keep(kept)?;
                }
                turned.remove(faults);
                Ok(())
            }
        }
    }

    fn value_error(&self, at: usize, fault: &Fault, turned: &Turned<'_>) -> DestinationError {
        let mut value = self.text(at, turned.columns[at][fault.row]).unwrap_or_default();
        if let Some((end, _)) = value.char_indices().nth(SHOWN) {
            value.truncate(end);
            value.push('…');
        }
        DestinationError::Value {
            table: self.table.clone(),
            column: self.columns[at].0.clone(),
            key: turned
                .tuples
                .get(fault.row)
                .map(|(_, row)| self.layout.describe_key(row))
                .unwrap_or_default(),
            value,
            reason: fault.reason.clone(),
        }
    }

    fn kept(&self, at: usize, fault: &Fault, turned: &Turned<'_>) -> KeptRow {
        let (place, tuple) = &turned.tuples[fault.row];
        let texts = self.columns.iter().enumerate().map(|(at, (name, _))| {
            (name.clone(), self.text(at, turned.columns[at][fault.row]).map_or(Value::Null, Value::String))
        });
        KeptRow {
            place: *place as i64 + 1,
            column: self.columns[at].0.clone(),
            key: self.layout.key_of(tuple).to_stored(),
            value: self.text(at, turned.columns[at][fault.row]).unwrap_or_default(),
            reason: fault.reason.clone(),
            row: texts.collect::<Map<_, _>>().into(),
            tuple: tuple.with(&self.own),
        }
    }

    fn text(&self, at: usize, field: Field<'_>) -> Option<String> {
        let Held { kind, rendition, .. } = &self.columns[at].1;
        let kind = if *rendition == Rendition::Text { &Kind::Varchar } else { kind };
        field.map(|bytes| text_of(kind, bytes))
    }
}

impl Turned<'_> {
    fn remove(&mut self, faults: &[Fault]) {
        let mut is_kept = vec![true; self.tuples.len()];
        faults.iter().for_each(|fault| is_kept[fault.row] = false);
        retain(&mut self.tuples, &is_kept);
        self.columns.iter_mut().for_each(|column| retain(column, &is_kept));
    }
}

fn retain<T>(values: &mut Vec<T>, is_kept: &[bool]) {
    let mut flags = is_kept.iter();
    values.retain(|_| flags.next().copied().unwrap_or(true));
}
