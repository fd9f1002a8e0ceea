//! The statements that a chunk executes at a PostgreSQL destination.

use backfill_domain::{
    catalog::{Column, Table},
    job::WriteMode,
    sql::{identifier, literal},
    table::TableName,
};
use backfill_pg::held::HeldType;

use crate::{
    key::{Key, KeyColumns},
    wire::Rendition,
};

/// The temporary table that takes a chunk's rows as they came.
pub(super) const STAGE: &str = "pg_temp._backfill_stage";

/// The table that chunks are written to.
pub(super) struct Target {
    pub(super) name: TableName,
    pub(super) table: Table,
    /// Columns that the destination computes itself; what it computes is compared all the same.
    pub(super) generated: Vec<String>,
}

/// What a chunk executes.
pub(super) struct Statements {
    /// Takes rows into the staging table.
    pub(super) stage: String,
    /// Moves them to the table.
    pub(super) insert: String,
    /// Ends that statement so that it returns what the table holds of them.
    pub(super) returning: String,
    /// Where rows that are there already are kept: counts the staged rows whose keys the table has.
    pub(super) known: Option<String>,
    /// For a table whose columns are just the source's: the way without the staging table.
    pub(super) direct: Option<Direct>,
    /// Notes the chunk: $1 number, $2 rows in all, $3 job, $4 destination, $5 attempt.
    pub(super) note: String,
    /// For a chunk that is compared once more, where the table has a key by which its rows are found again.
    pub(super) check: Option<CheckStatements>,
}

/// What a chunk executes that is compared once more.
pub(super) struct CheckStatements {
    /// Returns what the table holds of the staged rows.
    pub(super) compare: String,
    /// Moves the staged rows over those that the table holds; `None` without a unique index on the key.
    pub(super) mend: Option<String>,
    /// Notes that the rows were written once more: $1 job, $2 destination, $3 attempt.
    pub(super) note: String,
}

/// What a chunk executes where rows go straight into the table.
pub(super) struct Direct {
    /// Takes rows into the table.
    pub(super) copy: String,
    /// How many pages the table has.
    pub(super) pages: String,
    /// Returns what the table holds of the rows that this transaction has added. Its condition is still open: what
    /// keeps it from reading the whole table goes behind it.
    read_back: String,
    /// The key, for that range.
    pub(super) key: KeyColumns,
}

impl Statements {
    /// The statement that moves staged rows on, and its end.
    pub(super) fn insert(&self) -> (&str, &str) {
        (&self.insert, &self.returning)
    }
}

impl Direct {
    /// What returns the rows that this transaction has added behind the first `pages` pages, or on the last of them.
    pub(super) fn read_back_by_page(&self, pages: i64) -> String {
        format!("{} AND held.ctid >= '({},0)'", self.read_back, (pages - 1).max(0))
    }

    /// What returns the rows that this transaction has added, whose keys are in `range`.
    pub(super) fn read_back_by_key(&self, range: Option<&(Key, Key)>) -> String {
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
        pages: format!(
            "SELECT pg_catalog.pg_relation_size({}) / pg_catalog.current_setting('block_size')::bigint",
            literal(&to)
        ),
        read_back: format!(
            "SELECT {columns} FROM {to} AS held WHERE xmin = pg_catalog.pg_current_xact_id()::xid"
        ),
        key: KeyColumns::of(source),
    }
}

/// One statement moves the staged rows to the table and returns each row as the table holds it now, after its types,
/// defaults and triggers, in the form in which it was given: the INSERT, and its RETURNING.
pub(super) fn insert_sql(
    target: &Target,
    mode: WriteMode,
    source: &Table,
    renditions: &[Rendition],
    types: &[Option<HeldType>],
) -> (String, String) {
    let mut targets = Vec::new();
    let mut values = Vec::new();
    let mut returned = Vec::new();
    for ((column, rendition), known) in source.columns.iter().zip(renditions).zip(types) {
        let quoted = identifier(&column.name);
        let held_as = target.table.column(&column.name).map(|held| &held.data_type);
        returned.push(match rendition {
            Rendition::Text => format!("held.{quoted}::text"),
            Rendition::Binary if held_as == Some(&column.data_type) => format!("held.{quoted}"),
            Rendition::Binary => {
                format!("held.{quoted}::{}", known.as_ref().map_or("text", |known| known.full.as_str()))
            }
        });
        if !target.generated.contains(&column.name) {
            values.push(staged(target, column, *rendition));
            targets.push(column.name.clone());
        }
    }
    let key = &source.primary_key;
    let on_conflict = match mode {
        WriteMode::Append | WriteMode::Replace => String::new(),
        // The key is named, so that what breaks another constraint still fails.
        WriteMode::InsertMissing => format!(" ON CONFLICT ({}) DO NOTHING", list(key)),
        WriteMode::Upsert => on_conflict(key, &targets),
    };
    let insert = format!(
        "INSERT INTO {} AS held ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {STAGE} AS staged{on_conflict}",
        target.name.to_sql(),
        list(&targets),
        values.join(", "),
    );
    (insert, format!("RETURNING {}", returned.join(", ")))
}

/// A staged value as the table's column takes it.
fn staged(target: &Target, column: &Column, rendition: Rendition) -> String {
    let quoted = identifier(&column.name);
    match (rendition, target.table.column(&column.name)) {
        (Rendition::Text, Some(held)) => format!("staged.{quoted}::{}", held.data_type.name),
        _ => format!("staged.{quoted}"),
    }
}

/// Counts the staged rows whose keys the table has. Each is looked up by itself: no plan may read the whole table.
pub(super) fn known_sql(target: &Target, source: &Table, renditions: &[Rendition]) -> String {
    format!(
        "SELECT count(*) FROM {STAGE} AS staged WHERE (SELECT true FROM {} AS held WHERE {} LIMIT 1)",
        target.name.to_sql(),
        is_same_key(target, source, renditions)
    )
}

/// Returns the rows of the table that have the staged rows' keys, in the form of `returning`. Each is looked up by itself:
/// OFFSET keeps the planner from joining.
pub(super) fn compare_sql(
    target: &Target,
    source: &Table,
    renditions: &[Rendition],
    returning: &str,
) -> String {
    format!(
        "SELECT found.* FROM {STAGE} AS staged CROSS JOIN LATERAL \
         (SELECT {} FROM {} AS held WHERE {} OFFSET 0) AS found",
        returning.trim_start_matches("RETURNING "),
        target.name.to_sql(),
        is_same_key(target, source, renditions)
    )
}

fn is_same_key(target: &Target, source: &Table, renditions: &[Rendition]) -> String {
    let is_key = |(column, _): &(&Column, &Rendition)| source.primary_key.contains(&column.name);
    let compare = |(column, rendition): (&Column, &Rendition)| {
        let equals = column
            .data_type
            .operator_schema()
            .map_or("=".to_owned(), |schema| format!("OPERATOR({schema}.=)"));
        format!("held.{} {equals} {}", identifier(&column.name), staged(target, column, *rendition))
    };
    let conditions: Vec<_> = source.columns.iter().zip(renditions).filter(is_key).map(compare).collect();
    conditions.join(" AND ")
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
