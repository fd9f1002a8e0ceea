//! Replacing the rows of a table as a whole.
//!
//! The new rows are gathered in a table of their own beside it, chunk by chunk, each proven. Then one transaction puts
//! them in the place of the old ones: where the table has nothing that its new one lacks, the new one takes its name,
//! which costs the same at any size; else the old rows are deleted and the new ones inserted.

use backfill_domain::sql::identifier;
use duckdb::{Connection, params};

use super::{
    ledger::Ledger,
    schema::{self, Column, Name},
    target::Target,
};
use crate::destination::{CopySpec, DestinationError, Watermark};

/// What the name of a table begins with that gathers rows.
const SIDE: &str = "_backfill_replace_";

/// A table whose rows are to be replaced, and the one that gathers the new ones.
pub(super) struct Replacement {
    target: Name,
    side: Name,
    columns: Vec<String>,
}

impl Replacement {
    /// Makes the table that gathers the rows, unless an earlier attempt has. One from which no rows count holds at most
    /// rows of chunks that were given up: it is made anew.
    pub(super) fn open(
        connection: &Connection,
        target: &Name,
        columns: &[Column],
        spec: &CopySpec,
        watermark: Watermark,
    ) -> Result<Self, DestinationError> {
        let side = Name { table: format!("{SIDE}{}", spec.job_uid.as_simple()), ..target.clone() };
        if watermark.rows == 0 {
            connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", side.sql()))?;
            schema::create_table(connection, &side, columns, &spec.table.primary_key)?;
        } else if definition(connection, &side)?.is_none() {
            return Err(DestinationError::removed(side.shown(), watermark));
        }
        let columns = columns.iter().map(|column| column.name.clone()).collect();
        Ok(Self { target: target.clone(), side, columns })
    }

    /// The table that gathers the rows.
    pub(super) fn side(&self) -> &Name {
        &self.side
    }

    /// Puts the gathered rows in the place of the table's, notes it in the ledger, and removes what gathered them.
    pub(super) fn swap(
        &self,
        connection: &Connection,
        gathered: &Target,
        ledger: &Ledger,
    ) -> Result<(), DestinationError> {
        connection.execute_batch("BEGIN")?;
        if !ledger.note_replaced(connection)? {
            return Err(DestinationError::Fenced);
        }
        let (target, side) = (self.target.sql(), self.side.sql());
        if self.can_take_the_name(connection)? {
            let name = identifier(&self.target.table);
            connection.execute_batch(&format!("DROP TABLE {target}; ALTER TABLE {side} RENAME TO {name}"))?;
        } else {
            let columns: Vec<_> = self.columns.iter().map(|name| identifier(name)).collect();
            let columns = columns.join(", ");
            connection.execute_batch(&format!(
                "DELETE FROM {target}; INSERT INTO {target} ({columns}) SELECT {columns} FROM {side}"
            ))?;
            let given = gathered.digest_of(connection, &self.side)?;
            let held = gathered.digest_of(connection, &self.target)?;
            if held != given {
                return Err(DestinationError::NotReplaced { given: given.rows, held: held.rows });
            }
            connection.execute_batch(&format!("DROP TABLE {side}"))?;
        }
        Ok(connection.execute_batch("COMMIT")?)
    }

    /// Whether the table is just what the new one is: the same columns, defaults and constraints, no index, no comment,
    /// nothing that refers to it.
    fn can_take_the_name(&self, connection: &Connection) -> Result<bool, DestinationError> {
        let plain = "SELECT NOT EXISTS (FROM duckdb_indexes() WHERE database_name = $1 \
                         AND lower(schema_name) = lower($2) AND table_name = $3) \
                     AND NOT EXISTS (FROM duckdb_tables() WHERE database_name = $1 \
                         AND lower(schema_name) = lower($2) AND table_name = $3 AND comment IS NOT NULL) \
                     AND NOT EXISTS (FROM duckdb_columns() WHERE database_name = $1 \
                         AND lower(schema_name) = lower($2) AND table_name = $3 AND comment IS NOT NULL) \
                     AND NOT EXISTS (FROM duckdb_constraints() WHERE database_name = $1 \
                         AND constraint_type = 'FOREIGN KEY' AND referenced_table = $3)";
        let Name { catalog, schema, table } = &self.target;
        if !connection.query_row(plain, params![catalog, schema, table], |row| row.get(0))? {
            return Ok(false);
        }
        let definitions = (definition(connection, &self.target)?, definition(connection, &self.side)?);
        let (Some(target), Some(side)) = definitions else { return Ok(false) };
        // Behind the name, which DuckDB writes before it.
        let columns = side.split_once(&self.side.table).map(|(_, columns)| columns);
        Ok(columns.is_some_and(|columns| target.ends_with(columns)))
    }
}

/// The statement that would make the table, as DuckDB writes it; `None` without the table.
fn definition(connection: &Connection, name: &Name) -> duckdb::Result<Option<String>> {
    let sql = "SELECT max(sql) FROM duckdb_tables() \
               WHERE database_name = ? AND lower(schema_name) = lower(?) AND table_name = ?";
    connection.query_row(sql, params![name.catalog, name.schema, name.table], |row| row.get(0))
}
