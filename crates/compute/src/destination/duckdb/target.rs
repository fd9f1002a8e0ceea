//! The statements that move rows into the destination's table, and those that prove that it holds them.

use backfill_domain::{job::WriteMode, sql::identifier};
use duckdb::{Connection, arrow::record_batch::RecordBatch};

use super::schema::{self, Column, Name};
use crate::{
    columnar::{Digest, Digested, Kind},
    destination::{
        CopySpec, DestinationError, Watermark,
        session::{Stage, append},
    },
};

/// A table of the file with the source's columns.
pub(super) struct Target {
    name: Name,
    columns: Vec<Column>,
    /// Positions of the key's columns; empty for a table without one.
    key: Vec<usize>,
    upsert: bool,
    staged: Digested,
    held: Digested,
}

impl Target {
    /// Makes the table, or checks that the one that is there holds the source's rows.
    ///
    /// # Errors
    /// [`DestinationError::Table`] if the table does not fit, or is gone with the rows up to `watermark`.
    pub(super) fn open(
        connection: &Connection,
        name: Name,
        spec: &CopySpec,
        kinds: &[Kind],
        watermark: Watermark,
    ) -> Result<Self, DestinationError> {
        let columns = schema::prepare(connection, &name, spec, kinds, watermark)?;
        let table = &spec.table;
        let upsert = spec.write_mode == WriteMode::Upsert && !table.primary_key.is_empty();
        if upsert {
            schema::check_unique(connection, &name, &table.primary_key)?;
        }
        let position = |key: &String| table.columns.iter().position(|column| column.name == *key);
        let key = table.primary_key.iter().filter_map(position).collect();
        let staged =
            Digested::new(columns.iter().enumerate().map(|(at, column)| column.staged(at)).zip(kinds));
        let held = Digested::new(columns.iter().map(Column::held).zip(kinds));
        Ok(Self { name, columns, key, upsert, staged, held })
    }

    /// Whether rows have a key by which they are found again.
    pub(super) fn is_keyed(&self) -> bool {
        !self.key.is_empty()
    }

    /// A staged row's columns as the table holds them.
    pub(super) fn staged(&self) -> &Digested {
        &self.staged
    }

    /// Takes the staged rows over.
    pub(super) fn insert(&self, connection: &Connection, stage: &Stage) -> duckdb::Result<()> {
        // Most chunks bring new keys alone, and a plain INSERT is faster by a third.
        let replaces = self.upsert && self.digest_of_staged_keys(connection, stage)?.rows > 0;
        let values: Vec<_> = self.columns.iter().enumerate().map(|(at, column)| column.staged(at)).collect();
        connection.execute_batch(&format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {stage} AS staged{on_conflict}",
            table = self.name.sql(),
            columns = list(self.columns.iter().map(|column| &column.name)),
            values = values.join(", "),
            stage = stage.table(),
            on_conflict = if replaces { self.on_conflict() } else { String::new() },
        ))
    }

    fn on_conflict(&self) -> String {
        let is_key = |at: &usize| self.key.contains(at);
        let assignments: Vec<_> = (0..self.columns.len())
            .filter(|at| !is_key(at))
            .map(|at| format!("{name} = excluded.{name}", name = identifier(&self.columns[at].name)))
            .collect();
        let key = list(self.key.iter().map(|at| &self.columns[*at].name));
        if assignments.is_empty() {
            format!(" ON CONFLICT ({key}) DO NOTHING")
        } else {
            format!(" ON CONFLICT ({key}) DO UPDATE SET {}", assignments.join(", "))
        }
    }

    /// Appends rows, DuckDB casting them to the table's types.
    pub(super) fn append(&self, connection: &Connection, rows: &[RecordBatch]) -> duckdb::Result<()> {
        let columns: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let Name { catalog, schema, table } = &self.name;
        append(connection.appender_with_columns_to_catalog_and_db(table, catalog, schema, &columns)?, rows)
    }

    /// The digest of the whole table.
    pub(super) fn digest(&self, connection: &Connection) -> duckdb::Result<Digest> {
        Digest::of(connection, &self.held, &format!("{} AS held", self.name.sql()))
    }

    /// The digest of the rows whose keys are staged. DuckDB skips the parts of the table that hold none of them.
    pub(super) fn digest_of_staged_keys(
        &self,
        connection: &Connection,
        stage: &Stage,
    ) -> duckdb::Result<Digest> {
        let conditions = self.key.iter().map(|at| {
            let column = &self.columns[*at];
            format!("{} = {}", column.held(), column.staged(*at))
        });
        let conditions: Vec<_> = conditions.collect();
        let (table, stage) = (self.name.sql(), stage.table());
        let from = format!("{table} AS held SEMI JOIN {stage} AS staged ON ({})", conditions.join(" AND "));
        Digest::of(connection, &self.held, &from)
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| identifier(name)).collect::<Vec<_>>().join(", ")
}
