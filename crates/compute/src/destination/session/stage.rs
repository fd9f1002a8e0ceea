//! Where rows wait until a columnar destination has taken them.

use std::sync::Arc;

use backfill_domain::{
    catalog::{Column, Table},
    sql::duckdb_literal,
};
use duckdb::{Appender, arrow::record_batch::RecordBatch};

use super::{SessionConnection, staged::Staged};
use crate::{
    columnar::{Decoder, Digest, Digested, Held, Kind, REFUSED_DOCUMENT, staged_schema},
    destination::{CopySpec, DestinationError},
    wire::{Batch, Layout, Rendition},
};

/// Rows, and bytes on the wire, after which a stage is full.
const FULL_ROWS: usize = 100_000;
const FULL_BYTES: usize = 16 << 20;

/// The rows of a chunk, or of a piece of one, as columns in the daemon's memory, where the session's DuckDB reads them.
///
/// It has a connection of its own, on which every statement is a transaction of its own.
pub(crate) struct Stage {
    connection: SessionConnection,
    staged: Staged,
    /// Its columns are named in what is said of values.
    source: Table,
    held: Vec<Held>,
    kinds: Vec<Kind>,
    renditions: Vec<Rendition>,
    rows: usize,
    bytes: usize,
    is_at_work: bool,
}

impl Stage {
    pub(super) fn new(connection: SessionConnection, spec: &CopySpec) -> Result<Self, DestinationError> {
        check_names(&spec.table)?;
        // Its columns are those of the table that is written, in the same order, under the source's names.
        let columns = spec.source.columns.iter().take(spec.table.columns.len());
        let held = |column: &Column| Held::new(&column.data_type, spec.options.value_policy(&column.name));
        let held: Vec<_> = columns.map(held).collect();
        let (kinds, renditions) = held.iter().map(|held| (held.kind.clone(), held.rendition)).unzip();
        Ok(Self::of(connection, spec.source.clone(), held, kinds, renditions))
    }

    fn of(
        connection: SessionConnection,
        source: Table,
        held: Vec<Held>,
        kinds: Vec<Kind>,
        renditions: Vec<Rendition>,
    ) -> Self {
        let staged = Staged::new(staged_schema(&held));
        Self { connection, staged, source, held, kinds, renditions, rows: 0, bytes: 0, is_at_work: false }
    }

    /// What makes an empty one for rows of the same job, in another thread.
    pub(crate) fn another(&self) -> impl FnOnce() -> Result<Self, DestinationError> + Send + use<> {
        let connect = self.connection.another();
        let (source, held) = (self.source.clone(), self.held.clone());
        let (kinds, renditions) = (self.kinds.clone(), self.renditions.clone());
        move || Ok(Self::of(connect()?, source, held, kinds, renditions))
    }

    /// How each of the source's columns is held.
    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// In which rendition each of them must come.
    pub(crate) fn renditions(&self) -> &[Rendition] {
        &self.renditions
    }

    /// The staged rows as a table of a statement.
    pub(crate) fn table(&self) -> String {
        self.staged.sql()
    }

    /// The stage's name for one of the source's columns.
    fn column(at: usize) -> String {
        format!("c{at}")
    }

    /// A column's value in a statement that selects from the stage's table `AS staged`, in a type of DuckDB.
    pub(crate) fn staged(at: usize, sql_type: &str) -> String {
        format!("CAST(staged.{} AS {sql_type})", Self::column(at))
    }

    /// What decodes rows of this layout for the stage.
    pub(crate) fn decoder(&self, layout: &Arc<Layout>) -> Decoder {
        Decoder::new(&self.source, &self.held, layout)
    }

    /// Makes an empty stage ready for a chunk.
    pub(crate) fn begin(&mut self) -> Result<(), DestinationError> {
        if !std::mem::replace(&mut self.is_at_work, true) {
            self.connection.instance.work(true)?;
        }
        self.clear();
        Ok(())
    }

    /// Empties the stage at a chunk's end, and lets go of memory. What cannot be done now is done when the next chunk
    /// begins.
    pub(crate) fn end(&mut self) {
        self.clear();
        let is_at_work = std::mem::replace(&mut self.is_at_work, false);
        let rested = if is_at_work { self.connection.instance.work(false) } else { Ok(()) };
        if let Err(error) = rested {
            log::debug!("DuckDB's memory is limited when the next chunk ends: {error}");
        }
    }

    /// Empties the stage.
    pub(crate) fn clear(&mut self) {
        self.staged.clear();
        (self.rows, self.bytes) = (0, 0);
    }

    /// Takes rows, and gives them back as record batches.
    pub(crate) fn append(
        &mut self,
        decoder: &mut Decoder,
        batch: &Batch,
    ) -> Result<Vec<RecordBatch>, DestinationError> {
        if batch.turn().is_some() {
            self.connection.instance.make_room()?;
        }
        let batches = decoder.decode(batch, &self.connection)?;
        self.staged.extend(&batches);
        self.rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        self.bytes += batch.bytes().len();
        Ok(batches)
    }

    /// Has it hold what a query gives instead of what it was given.
    #[cfg(test)]
    pub(crate) fn replace_rows(&mut self, query: &str) {
        let mut query = self.connection.prepare(query).unwrap();
        let batches: Vec<_> = query.query_arrow([]).unwrap().collect();
        self.clear();
        self.staged.extend(&batches);
    }

    /// Its connection, for statements outside any transaction.
    pub(crate) fn connection(&self) -> &SessionConnection {
        &self.connection
    }

    /// Whether it holds no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether it holds so much that a destination which takes a chunk in pieces should take one now.
    pub(crate) fn is_full(&self) -> bool {
        self.rows >= FULL_ROWS || self.bytes >= FULL_BYTES
    }

    /// The digest of the rows it holds, of columns that are named as in [`Stage::staged`].
    pub(crate) fn digest(&self, columns: &Digested) -> Result<Digest, DestinationError> {
        Digest::of(&self.connection, columns, &format!("{} AS staged", self.table()))
            .map_err(|error| self.explain(error))
    }

    /// Why DuckDB did not take the staged rows: the document that is none by its rules, or else what it says.
    pub(crate) fn explain(&self, error: duckdb::Error) -> DestinationError {
        let documents = self.kinds.iter().enumerate().filter(|(_, kind)| **kind == Kind::Json);
        let mut refused = documents.filter_map(|(at, _)| self.refused_document(at).ok());
        refused.next().unwrap_or(DestinationError::DuckDb(error))
    }

    fn refused_document(&self, at: usize) -> duckdb::Result<DestinationError> {
        let column = Self::column(at);
        let sql = format!(
            "SELECT {key}, {column}[:100] FROM {table} WHERE NOT json_valid({column}) LIMIT 1",
            key = self.key_sql(),
            table = self.table(),
        );
        self.connection.query_row(&sql, [], |row| {
            Ok(DestinationError::Value {
                table: self.source.table_name().to_string(),
                column: self.source.columns[at].name.clone(),
                key: row.get(0)?,
                value: row.get(1)?,
                reason: REFUSED_DOCUMENT.to_owned(),
            })
        })
    }

    /// A row's key for people to read, such as `id = 7`.
    fn key_sql(&self) -> String {
        let columns = self.source.columns.iter().take(self.kinds.len());
        let position = |name: &String| columns.clone().position(|column| column.name == *name);
        let parts = self.source.primary_key.iter().filter_map(|name| {
            Some(format!(
                "{} || {}::VARCHAR",
                duckdb_literal(&format!("{name} = ")),
                Self::column(position(name)?)
            ))
        });
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() {
            "'no primary key that is copied'".to_owned()
        } else {
            parts.join(" || ', ' || ")
        }
    }
}

/// DuckDB, and what reads Parquet with it, tells names apart by more than case.
fn check_names(source: &Table) -> Result<(), DestinationError> {
    for (at, column) in source.columns.iter().enumerate() {
        let twin = source.columns[..at].iter().find(|other| other.name.eq_ignore_ascii_case(&column.name));
        if let Some(twin) = twin {
            let table = source.table_name().to_string();
            let reason =
                format!("to DuckDB, its columns {} and {} have the same name", twin.name, column.name);
            return Err(DestinationError::Table { table, reason });
        }
    }
    Ok(())
}

/// Appends rows, and has DuckDB say at once what is wrong with them.
pub(crate) fn append(mut appender: Appender<'_>, rows: &[RecordBatch]) -> duckdb::Result<()> {
    for batch in rows {
        appender.append_record_batch(batch.clone())?;
    }
    appender.flush()
}
