//! Replacing the rows of a table as a whole.
//!
//! The new rows are gathered in a table of their own beside it, chunk by chunk, each proven. Then one transaction
//! deletes the old rows and inserts the new ones. Whatever depends on the table stays, because the table does; whoever
//! reads it meanwhile, or holds a snapshot from before, reads the old rows to the end.

use backfill_domain::{
    catalog::Table,
    id::DestinationId,
    options::Verification,
    sql::{identifier, literal},
    table::TableName,
};
use backfill_pg::Client;

use super::{
    ledger, move_on,
    prepare::{find, generated_columns},
    read_back,
    statements::list,
};
use crate::{
    destination::{CopySpec, DestinationError, Watermark},
    wire::Checksum,
};

/// What the name of a table begins with that gathers rows.
const SIDE: &str = "_backfill_replace_";

/// A table whose rows are to be replaced, and the one that gathers the new ones.
pub(super) struct Replacement {
    target: TableName,
    side: TableName,
    columns: Vec<String>,
    id: DestinationId,
}

impl Replacement {
    /// Makes the table that gathers the rows, unless an earlier attempt has. One from which no rows count holds at most
    /// rows of chunks that were given up: it is made anew.
    pub(super) fn open(
        client: &mut Client,
        target: &TableName,
        id: DestinationId,
        spec: &CopySpec,
        watermark: Watermark,
    ) -> Result<Self, DestinationError> {
        let side =
            TableName { schema: target.schema.clone(), table: format!("{SIDE}{}", spec.job_uid.as_simple()) };
        if watermark.rows == 0 {
            client.batch_execute(&create_sql(target, &side, spec))?;
        }
        let columns = spec.table.columns.iter().map(|column| column.name.clone()).collect();
        Ok(Self { target: target.clone(), side, columns, id })
    }

    /// The table that gathers the rows.
    pub(super) fn side(&self) -> &TableName {
        &self.side
    }

    /// That table as it is.
    pub(super) fn find_side(
        &self,
        client: &mut Client,
        watermark: Watermark,
    ) -> Result<Table, DestinationError> {
        find(client, &self.side)?.ok_or_else(|| DestinationError::removed(self.side.to_string(), watermark))
    }

    /// Puts the gathered rows in the place of the table's, notes it in the ledger, and removes what gathered them.
    pub(super) fn swap(&self, client: &mut Client, spec: &CopySpec) -> Result<(), DestinationError> {
        // A policy that hides rows is an error, not a reason to keep them.
        client.batch_execute("BEGIN; SET LOCAL enable_seqscan = on; SET LOCAL row_security = off")?;
        let note = ledger::note_replaced_sql(&self.target.schema);
        if client.execute(&note, &[&spec.job_uid, &self.id.0, &spec.attempt])? == 0 {
            return Err(DestinationError::Fenced);
        }
        // Readers go on. Writers wait, and so do those who look a key up for a reference to it: they would find it gone.
        let (target, side) = (self.target.to_sql(), self.side.to_sql());
        client.batch_execute(&format!("LOCK TABLE {target} IN EXCLUSIVE MODE"))?;
        refuse_references(client, &self.target)?;
        let columns = list(&self.columns);
        let (insert, returning) = self.insert_sql(&generated_columns(client, &self.target)?);
        let (given, held) = if spec.options.verification == Verification::Checksum {
            let given = read_back(client, &format!("SELECT {columns} FROM {side}"), self.columns.len())?;
            let mut held = Checksum::default();
            move_on(client, (&insert, &returning), self.columns.len(), |row| held.add(row))?;
            (given, held)
        } else {
            let given: i64 = client.query_one(&format!("SELECT count(*) FROM {side}"), &[])?.get(0);
            let held = client.execute(&insert, &[])?;
            (Checksum::of_count(given.cast_unsigned()), Checksum::of_count(held))
        };
        let rows: i64 = client.query_one(&format!("SELECT count(*) FROM {target}"), &[])?.get(0);
        if held != given || rows.cast_unsigned() != given.rows {
            return Err(DestinationError::NotReplaced { given: given.rows, held: rows.cast_unsigned() });
        }
        Ok(client.batch_execute(&format!("DROP TABLE {side}; COMMIT"))?)
    }

    /// Old rows and new ones change places in one statement: a reference to a key that comes again is whole at its end.
    fn insert_sql(&self, generated: &[String]) -> (String, String) {
        let names: Vec<_> = self.columns.iter().filter(|name| !generated.contains(name)).cloned().collect();
        let returned: Vec<_> = self.columns.iter().map(|name| format!("held.{}", identifier(name))).collect();
        let (target, side, columns) = (self.target.to_sql(), self.side.to_sql(), list(&names));
        let insert = format!(
            "WITH gone AS (DELETE FROM {target} RETURNING 1) \
             INSERT INTO {target} AS held ({columns}) OVERRIDING SYSTEM VALUE \
             SELECT {columns} FROM {side} WHERE (SELECT count(*) FROM gone) >= 0"
        );
        (insert, format!("RETURNING {}", returned.join(", ")))
    }
}

fn create_sql(target: &TableName, side: &TableName, spec: &CopySpec) -> String {
    let key = &spec.table.primary_key;
    let primary_key = if key.is_empty() { String::new() } else { format!(", PRIMARY KEY ({})", list(key)) };
    let comment = format!(
        "The rows that backfill job {} gathers to replace those of {target}. If that job has ended, drop this table.",
        spec.job_id
    );
    format!(
        "BEGIN; DROP TABLE IF EXISTS {side}; \
         CREATE TABLE {side} (LIKE {target} INCLUDING ALL \
             EXCLUDING INDEXES EXCLUDING STATISTICS EXCLUDING COMMENTS{primary_key}); \
         COMMENT ON TABLE {side} IS {comment}; COMMIT",
        side = side.to_sql(),
        target = target.to_sql(),
        comment = literal(&comment),
    )
}

/// Refuses a table to which foreign keys refer that do more at a DELETE than look whether the key comes again: they
/// would delete or change rows of other tables, or forbid what is no removal at all.
pub(super) fn refuse_references(client: &mut Client, name: &TableName) -> Result<(), DestinationError> {
    let query = "SELECT conname::text, conrelid::regclass::text, pg_catalog.pg_get_constraintdef(oid) \
                 FROM pg_catalog.pg_constraint \
                 WHERE confrelid = pg_catalog.to_regclass($1) AND contype = 'f' AND confdeltype <> 'a' \
                 ORDER BY conname LIMIT 1";
    let Some(row) = client.query_opt(query, &[&name.to_sql()])? else { return Ok(()) };
    let [constraint, table, definition]: [String; 3] = [row.get(0), row.get(1), row.get(2)];
    Err(DestinationError::Table {
        table: name.to_string(),
        reason: format!(
            "its rows cannot be replaced while {constraint} of {table} refers to it, {definition}, which would reach \
             the rows there: upsert instead, or make it NO ACTION"
        ),
    })
}
