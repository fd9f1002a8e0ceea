//! The statements that a chunk executes at a PostgreSQL destination.

use backfill_domain::{catalog::Table, job::WriteMode, sql::identifier, table::TableName};

use super::types::HeldType;
use crate::{
    destination::CopySpec,
    key::{Key, KeyColumns},
    wire::Rendition,
};

/// The temporary table that takes a chunk's rows as they came.
pub(super) const STAGE: &str = "pg_temp._backfill_stage";

/// What a chunk executes.
pub(super) struct Statements {
    /// Takes rows into the staging table.
    pub(super) stage: String,
    /// Moves them to the table.
    pub(super) insert: String,
    /// Ends that statement so that it returns what the table holds of them.
    pub(super) returning: String,
    /// For a table whose columns are just the source's: the way without the staging table.
    pub(super) direct: Option<Direct>,
    /// Notes the chunk: $1 number, $2 rows in all, $3 job, $4 destination, $5 attempt.
    pub(super) note: String,
}

/// What a chunk executes where rows go straight into the table.
pub(super) struct Direct {
    /// Takes rows into the table.
    pub(super) copy: String,
    /// Returns what the table holds of the rows that this transaction has added. Its condition is still open: with a
    /// key, the range of keys that keeps it from reading the whole table goes behind it.
    pub(super) read_back: String,
    /// The key, for that range.
    pub(super) key: KeyColumns,
}

impl Direct {
    /// What returns the rows that this transaction has added, whose keys are in `range`.
    pub(super) fn read_back_sql(&self, range: Option<&(Key, Key)>) -> String {
        let Some((first, last)) = range else { return self.read_back.clone() };
        let (from, to) = (self.key.compare("held", ">=", first), self.key.compare("held", "<=", last));
        format!("{} AND {from} AND {to}", self.read_back)
    }
}

pub(super) fn direct(name: &TableName, source: &Table) -> Direct {
    let names: Vec<_> = source.columns.iter().map(|column| identifier(&column.name)).collect();
    let (to, columns) = (name.to_sql(), names.join(", "));
    Direct {
        copy: format!("COPY {to} ({columns}) FROM STDIN (FORMAT binary)"),
        read_back: format!(
            "SELECT {columns} FROM {to} AS held WHERE xmin = pg_catalog.pg_current_xact_id()::xid"
        ),
        key: KeyColumns::of(source),
    }
}

/// One statement moves the staged rows to the table and returns each row as the table holds it now, after its types,
/// defaults and triggers, in the form in which it was given: the INSERT, and its RETURNING.
pub(super) fn insert_sql(
    name: &TableName,
    table: &Table,
    spec: &CopySpec,
    renditions: &[Rendition],
    types: &[Option<HeldType>],
    generated: &[String],
) -> (String, String) {
    let mut targets = Vec::new();
    let mut values = Vec::new();
    let mut returned = Vec::new();
    for ((column, rendition), known) in spec.table.columns.iter().zip(renditions).zip(types) {
        let quoted = identifier(&column.name);
        let held_as = table.column(&column.name).map(|held| &held.data_type);
        returned.push(match rendition {
            Rendition::Text => format!("held.{quoted}::text"),
            Rendition::Binary if held_as == Some(&column.data_type) => format!("held.{quoted}"),
            Rendition::Binary => {
                format!("held.{quoted}::{}", known.as_ref().map_or("text", |known| known.full.as_str()))
            }
        });
        if generated.contains(&column.name) {
            continue;
        }
        values.push(match (rendition, held_as) {
            (Rendition::Text, Some(held_as)) => format!("{quoted}::{}", held_as.name),
            _ => quoted.clone(),
        });
        targets.push(column.name.clone());
    }
    let on_conflict = match spec.write_mode {
        WriteMode::Append | WriteMode::Replace => String::new(),
        WriteMode::InsertMissing => " ON CONFLICT DO NOTHING".to_owned(),
        WriteMode::Upsert => on_conflict(&spec.table.primary_key, &targets),
    };
    let insert = format!(
        "INSERT INTO {} AS held ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {STAGE}{on_conflict}",
        name.to_sql(),
        list(&targets),
        values.join(", "),
    );
    (insert, format!("RETURNING {}", returned.join(", ")))
}

/// An upsert sets every column. Where the key is all there is, a column of it is set to itself, so that the row is
/// returned.
fn on_conflict(key: &[String], targets: &[String]) -> String {
    let mut set: Vec<_> = targets.iter().filter(|name| !key.contains(name)).collect();
    if set.is_empty() {
        set.extend(key.first());
    }
    let set: Vec<_> =
        set.iter().map(|name| identifier(name)).map(|name| format!("{name} = excluded.{name}")).collect();
    format!(" ON CONFLICT ({}) DO UPDATE SET {}", list(key), set.join(", "))
}

pub(super) fn list(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| identifier(name)).collect();
    names.join(", ")
}
