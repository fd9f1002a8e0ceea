//! The statements that move rows into the destination's table, and those that prove that it holds them.

use backfill_domain::{job::WriteMode, options::Verification, sql::identifier};
use duckdb::{Connection, arrow::record_batch::RecordBatch};

use super::schema::{self, Column, Name};
use crate::{
    columnar::{Digest, Digested, Kind},
    destination::{
        CopySpec, DestinationError,
        session::{Stage, append},
    },
};

/// A table of the file with the source's columns.
pub(super) struct Target {
    name: Name,
    columns: Vec<Column>,
    /// Positions of the key's columns; empty for a table without one.
    key: Vec<usize>,
    mode: WriteMode,
    /// Whether a constraint on exactly the key tells which row a new one meets.
    is_unique: bool,
    level: Verification,
    staged: Digested,
    held: Digested,
}

impl Target {
    /// The table `name` with `columns`, which hold `kinds`.
    ///
    /// # Errors
    /// [`DestinationError::Table`] if rows that are there already cannot be told by their keys, and must be.
    pub(super) fn open(
        connection: &Connection,
        name: Name,
        columns: Vec<Column>,
        spec: &CopySpec,
        kinds: &[Kind],
    ) -> Result<Self, DestinationError> {
        let table = &spec.table;
        let is_unique =
            !table.primary_key.is_empty() && schema::is_unique(connection, &name, &table.primary_key)?;
        let mode = match spec.write_mode {
            // What replaces a table is gathered beside it, where a row may come once more, changed meanwhile; so may
            // what comes after the table was replaced.
            WriteMode::Replace if is_unique => WriteMode::Upsert,
            WriteMode::Replace => WriteMode::Append,
            mode if mode.needs_key() && !is_unique && !table.primary_key.is_empty() => {
                let (mode, key) = (mode.as_ref(), table.primary_key.join(", "));
                return Err(name.error(format!(
                    "{mode} needs a PRIMARY KEY or UNIQUE constraint on ({key}): make one, or append"
                )));
            }
            mode => mode,
        };
        let position = |key: &String| table.columns.iter().position(|column| column.name == *key);
        let key = table.primary_key.iter().filter_map(position).collect();
        let level = spec.options.verification;
        let staged = columns.iter().enumerate().map(|(at, column)| column.staged(at));
        let staged = Digested::new(staged.zip(kinds)).at(level);
        let held = Digested::new(columns.iter().map(Column::held).zip(kinds)).at(level);
        Ok(Self { name, columns, key, mode, is_unique, level, staged, held })
    }

    /// Whether rows have a key by which they are found again.
    pub(super) fn is_keyed(&self) -> bool {
        !self.key.is_empty()
    }

    /// A staged row's columns as the table holds them.
    pub(super) fn staged(&self) -> &Digested {
        &self.staged
    }

    /// Whether what was written is compared with what was given.
    pub(super) fn reads_back(&self) -> bool {
        self.level != Verification::Off
    }

    /// Takes the staged rows over; the digest of what the table then holds of them, where that is read back, and
    /// how many of their keys it had before. A row whose key's row is kept counts as it was given.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        stage: &Stage,
    ) -> duckdb::Result<(Option<Digest>, u64)> {
        // Most chunks bring new keys alone, and a plain INSERT is faster by a third.
        let before = match self.mode {
            WriteMode::Upsert | WriteMode::InsertMissing => self.digest_of_staged_keys(connection, stage)?,
            WriteMode::Append | WriteMode::Replace => Digest::default(),
        };
        let meets_rows = before.rows > 0;
        let keeps = meets_rows && self.mode == WriteMode::InsertMissing;
        let kept = if keeps { self.digest_of_known(connection, stage)? } else { Digest::default() };
        let on_conflict = self.on_conflict();
        self.insert_staged(connection, stage, if meets_rows { &on_conflict } else { "" })?;
        if !self.reads_back() {
            return Ok((None, before.rows));
        }
        let held = self.digest_of_staged_keys(connection, stage)?;
        Ok((Some(if keeps { held.minus(before).plus(kept) } else { held }), before.rows))
    }

    /// Writes the staged rows over those that the table holds; the digest of what it then holds of them.
    ///
    /// # Errors
    /// [`DestinationError::Table`] if rows that are there already cannot be told by their keys.
    pub(super) fn mend(&self, connection: &Connection, stage: &Stage) -> Result<Digest, DestinationError> {
        if !self.is_unique {
            let key = list(self.key.iter().map(|at| &self.columns[*at].name));
            let reason = format!("repair needs a PRIMARY KEY or UNIQUE constraint on ({key}): make one");
            return Err(self.name.error(reason));
        }
        self.insert_staged(connection, stage, &self.on_conflict()).map_err(|error| stage.explain(error))?;
        Ok(self.digest_of_staged_keys(connection, stage)?)
    }

    /// What is wrong with the table.
    pub(super) fn error(&self, reason: &str) -> DestinationError {
        self.name.error(reason.to_owned())
    }

    fn insert_staged(&self, connection: &Connection, stage: &Stage, on_conflict: &str) -> duckdb::Result<()> {
        let values: Vec<_> = self.columns.iter().enumerate().map(|(at, column)| column.staged(at)).collect();
        connection.execute_batch(&format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {stage} AS staged{on_conflict}",
            table = self.name.sql(),
            columns = list(self.columns.iter().map(|column| &column.name)),
            values = values.join(", "),
            stage = stage.table(),
        ))
    }

    fn on_conflict(&self) -> String {
        let is_key = |at: &usize| self.key.contains(at);
        let assignments: Vec<_> = (0..self.columns.len())
            .filter(|at| !is_key(at))
            .map(|at| format!("{name} = excluded.{name}", name = identifier(&self.columns[at].name)))
            .collect();
        let key = list(self.key.iter().map(|at| &self.columns[*at].name));
        if assignments.is_empty() || self.mode == WriteMode::InsertMissing {
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

    /// Behind which of DuckDB's row ids those of rows lie that are added from now on.
    pub(super) fn last_row(&self, connection: &Connection) -> duckdb::Result<i64> {
        let sql = format!("SELECT coalesce(max(rowid), -1) FROM {}", self.name.sql());
        connection.query_row(&sql, [], |row| row.get(0))
    }

    /// The digest of the rows behind `last`. DuckDB skips the parts of the table before it.
    pub(super) fn digest_behind(&self, connection: &Connection, last: i64) -> duckdb::Result<Digest> {
        let from = format!("{} AS held WHERE held.rowid > {last}", self.name.sql());
        Digest::of(connection, &self.held, &from)
    }

    /// The digest of the rows whose keys are staged. DuckDB skips the parts of the table that hold none of them.
    pub(super) fn digest_of_staged_keys(
        &self,
        connection: &Connection,
        stage: &Stage,
    ) -> duckdb::Result<Digest> {
        let (table, stage) = (self.name.sql(), stage.table());
        let from = format!("{table} AS held SEMI JOIN {stage} AS staged ON ({})", self.is_same_key());
        Digest::of(connection, &self.held, &from)
    }

    /// The digest of the staged rows whose keys the table has.
    fn digest_of_known(&self, connection: &Connection, stage: &Stage) -> duckdb::Result<Digest> {
        let (table, stage) = (self.name.sql(), stage.table());
        let from = format!("{stage} AS staged SEMI JOIN {table} AS held ON ({})", self.is_same_key());
        Digest::of(connection, &self.staged, &from)
    }

    fn is_same_key(&self) -> String {
        let conditions = self.key.iter().map(|at| {
            let column = &self.columns[*at];
            format!("{} = {}", column.held(), column.staged(*at))
        });
        conditions.collect::<Vec<_>>().join(" AND ")
    }

    /// The digest of a whole table, this one or another with its columns.
    pub(super) fn digest_of(&self, connection: &Connection, other: &Name) -> duckdb::Result<Digest> {
        Digest::of(connection, &self.held, &format!("{} AS held", other.sql()))
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| identifier(name)).collect::<Vec<_>>().join(", ")
}
