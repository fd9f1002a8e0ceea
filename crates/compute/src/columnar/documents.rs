//! Documents that PostgreSQL takes as JSON and DuckDB does not. Only DuckDB knows which.

use std::sync::Arc;

use duckdb::{
    Connection,
    arrow::{
        datatypes::{Schema, SchemaRef},
        record_batch::RecordBatch,
    },
};

use super::{
    column::array_of,
    fault::Fault,
    types::{Carried as _, Kind},
};
use crate::{destination::DestinationError, wire::Field};

/// Why DuckDB does not hold such a document.
pub(crate) const REASON: &str = "DuckDB does not take it as a JSON document";

/// Those of the documents that DuckDB does not take. What is no text at all is a matter of the text's column.
pub(super) fn refused(
    connection: &Connection,
    documents: &[Field<'_>],
) -> Result<Vec<Fault>, DestinationError> {
    let Ok(documents) = array_of(&Kind::Varchar, documents) else { return Ok(Vec::new()) };
    let schema: SchemaRef = Arc::new(Schema::new(vec![Kind::Varchar.field("document")]));
    connection.execute_batch("CREATE OR REPLACE TEMPORARY TABLE documents (document VARCHAR)")?;
    let mut appender = connection.appender_to_catalog_and_db("documents", "temp", "main")?;
    let batch = RecordBatch::try_new(schema, vec![documents]).map_err(|error| DestinationError::Table {
        table: "documents".to_owned(),
        reason: error.to_string(),
    })?;
    appender.append_record_batch(batch)?;
    appender.flush()?;
    let mut refused = connection
        .prepare("SELECT rowid FROM temp.main.documents WHERE NOT json_valid(document) ORDER BY rowid")?;
    let rows = refused.query_map([], |row| row.get::<_, i64>(0))?;
    let fault = |row| Fault { row: usize::try_from(row).unwrap_or_default(), reason: REASON.to_owned() };
    Ok(rows.map(|row| row.map(fault)).collect::<Result<_, _>>()?)
}
