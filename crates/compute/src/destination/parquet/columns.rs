//! The statements that write rows to a Parquet file and those that read it back.

use std::path::{Path, PathBuf};

use backfill_domain::{
    catalog::Table,
    options::Verification,
    sql::{duckdb_literal, identifier},
};

use super::folder::at;
use crate::{
    columnar::{Digest, Digested, Kind},
    destination::{DestinationError, session::Stage},
};

/// How many files one statement names.
const FILES: usize = 1000;

/// The source's columns as the files have them.
#[derive(Clone)]
pub(super) struct Columns {
    select_list: String,
    staged: Digested,
    held: Digested,
}

impl Columns {
    pub(super) fn new(table: &Table, kinds: &[Kind], level: Verification) -> Self {
        let staged = || kinds.iter().enumerate().map(|(at, kind)| Stage::staged(at, &kind.sql()));
        let names = || table.columns.iter().map(|column| identifier(&column.name));
        let select_list: Vec<_> =
            staged().zip(names()).map(|(value, name)| format!("{value} AS {name}")).collect();
        Self {
            select_list: select_list.join(", "),
            staged: Digested::new(staged().zip(kinds)).at(level),
            held: Digested::new(names().map(|name| format!("held.{name}")).zip(kinds)).at(level),
        }
    }

    /// A staged row's columns as a file holds them.
    pub(super) fn staged(&self) -> &Digested {
        &self.staged
    }

    /// Writes the staged rows to a file.
    pub(super) fn write(&self, stage: &Stage, file: &Path) -> Result<(), DestinationError> {
        let sql = format!(
            "COPY (SELECT {list} FROM {stage} AS staged) TO {file} \
             (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, USE_TMP_FILE false)",
            list = self.select_list,
            stage = stage.table(),
            file = duckdb_literal(text(file)?),
        );
        stage.connection().execute_batch(&sql).map_err(|error| stage.explain(error))
    }

    /// The digest of the rows that a file holds.
    pub(super) fn digest(&self, stage: &Stage, file: &Path) -> Result<Digest, DestinationError> {
        let pattern = duckdb_literal(&literal_pattern(text(file)?));
        let from = format!("read_parquet({pattern}, hive_partitioning = false) AS held");
        Ok(Digest::of(stage.connection(), &self.held, &from)?)
    }
}

/// How many rows files hold by what they say of themselves: only their ends are read.
pub(super) fn count(stage: &Stage, files: &[PathBuf]) -> Result<i64, DestinationError> {
    let counts = files.chunks(FILES).map(|files| {
        let patterns = files.iter().map(|file| Ok(duckdb_literal(&literal_pattern(text(file)?))));
        let patterns = patterns.collect::<Result<Vec<_>, DestinationError>>()?.join(", ");
        let sql = format!("SELECT count(*) FROM read_parquet([{patterns}], hive_partitioning = false)");
        Ok(stage.connection().query_row(&sql, [], |row| row.get::<_, i64>(0))?)
    });
    counts.sum()
}

fn text(path: &Path) -> Result<&str, DestinationError> {
    path.to_str().ok_or_else(|| at(path)(std::io::ErrorKind::InvalidFilename.into()))
}

/// The pattern that this path alone matches.
fn literal_pattern(path: &str) -> String {
    let characters = path.chars().map(|character| match character {
        '*' | '?' | '[' => format!("[{character}]"),
        other => other.to_string(),
    });
    characters.collect()
}
