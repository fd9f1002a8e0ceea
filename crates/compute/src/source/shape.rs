//! What must stay as it is while a job copies a table.
//!
//! Rows travel in the binary form of their columns' types, and chunks follow the order of the key: another type, another
//! key or another collation between two chunks would have values misread or rows missed.

use backfill_domain::sql::literal;
use backfill_pg::Client;
use postgres::SimpleQueryMessage;

use super::SourceError;

/// A table's primary key and columns: types, lengths, collations, operator classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape(String);

impl Shape {
    /// The shape of `table`, a quoted name, as it is now; as far as it concerns the key and these columns, if any are
    /// named.
    pub(crate) fn of(
        client: &mut Client,
        table: &str,
        columns: Option<&[&str]>,
    ) -> Result<Self, SourceError> {
        let relation = literal(table);
        let is_meant = columns.map_or_else(String::new, |names| {
            let names: Vec<_> = names.iter().map(|name| literal(name)).collect();
            format!(" AND attname IN ({})", names.join(", "))
        });
        // One message, no statement to prepare: this runs for each chunk.
        let messages = client.simple_query(&format!(
            "SELECT pg_catalog.concat(
                (SELECT pg_catalog.concat_ws(' ', 'key', indkey, indcollation, indclass, ',')
                 FROM pg_catalog.pg_index WHERE indrelid = {relation}::regclass AND indisprimary),
                pg_catalog.string_agg(
                    pg_catalog.concat_ws(' ', attnum, pg_catalog.md5(attname), atttypid, atttypmod, attcollation),
                    ',' ORDER BY attnum))
             FROM pg_catalog.pg_attribute
             WHERE attrelid = {relation}::regclass AND attnum > 0 AND NOT attisdropped{is_meant}"
        ))?;
        let shape = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        shape.map(Self).ok_or_else(|| SourceError::NoTable(table.to_owned()))
    }

    /// Whether `now` has the same key and all of these columns; others may have come since.
    pub(crate) fn is_kept_by(&self, now: &Self) -> bool {
        let now: Vec<_> = now.0.split(',').collect();
        self.0.split(',').all(|part| now.contains(&part))
    }

    /// Reads a shape as the metadata database stores it.
    pub(crate) fn from_stored(stored: String) -> Self {
        Self(stored)
    }

    /// The shape as the metadata database stores it.
    pub(crate) fn as_stored(&self) -> &str {
        &self.0
    }
}
