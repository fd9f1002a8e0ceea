//! What a job would make at its destinations, in the words of the code by which the daemon makes it.

use backfill_domain::{
    catalog::{OwnType, Table},
    destination::{Destination, DestinationSettings, DuckDbSettings, ParquetSettings, PostgresSettings},
    id::DestinationId,
    job::WriteMode,
    options::{CopyOptions, NewColumns},
    parquet::{job_folder, part_name, table_folder},
    sql::identifier,
    table::{TableName, TableReference},
};
use backfill_pg::{
    Client, PgError, find_table,
    held::{
        HeldType, add_columns_sql, column_types, columnar, create_duckdb_table_sql, create_schema_sql,
        create_table_sql, misfits, missing_columns,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::ApiError, services::remote::connect};

/// What a job would find and make at a destination.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TargetPreview {
    /// The destination.
    destination_id: DestinationId,
    /// What people call it.
    name: String,
    /// The table that rows would be written to, `schema.table`, or the files.
    target: String,
    /// Whether it is there already; `null` for a file of DuckDB, which is not opened for it.
    exists: Option<bool>,
    /// What the job would execute to make what is absent: schema, types, table with its key, columns. Its ledger is
    /// not among it.
    statements: Vec<String>,
    /// The source's columns as a new table or file has them.
    columns: Vec<TargetColumn>,
    /// Why the table that is there would stop the job, and what to do.
    differences: Vec<String>,
}

/// A column at a destination.
#[derive(Debug, Serialize, ToSchema)]
struct TargetColumn {
    /// Its name.
    name: String,
    /// Its type, as the destination writes it.
    #[serde(rename = "type")]
    type_name: String,
}

/// What a job would bring to each of its destinations.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The table as destinations are to have it.
    pub(super) table: Table,
    /// The same columns in the source, under their names there.
    pub(super) source: Table,
    /// The types of the source's own that it is made of.
    pub(super) own_types: Vec<OwnType>,
    /// What happens to keys that exist already.
    pub(super) write_mode: WriteMode,
    /// What the job would be told beyond that.
    pub(super) options: CopyOptions,
}

/// What `wanted` would find and make at a destination. Of PostgreSQL, the catalogue is read; nothing is written anywhere.
pub(super) fn look(destination: &Destination, wanted: &Wanted) -> Result<TargetPreview, ApiError> {
    let mut target = TargetPreview {
        destination_id: destination.id,
        name: destination.name.clone(),
        target: String::new(),
        exists: None,
        statements: Vec::new(),
        columns: columns(wanted),
        differences: Vec::new(),
    };
    match destination.settings()? {
        DestinationSettings::Postgres(settings) => target.of_postgres(&settings, wanted)?,
        DestinationSettings::DuckDb(settings) => target.of_duckdb(&settings, wanted),
        DestinationSettings::Parquet(settings) => target.of_parquet(&settings, wanted),
    }
    Ok(target)
}

impl TargetPreview {
    fn of_postgres(&mut self, settings: &PostgresSettings, wanted: &Wanted) -> Result<(), ApiError> {
        let mut client = connect(&settings.connection())?;
        let name = TableName { schema: settings.schema.clone(), table: wanted.table.name.clone() };
        let found = find_table(&mut client, &TableReference::from(&name))?;
        let made = match &found {
            Some(_) => Vec::new(),
            None => absent_types(&mut client, &wanted.own_types)?,
        };
        let known = column_types(&mut client, &wanted.table)?.into_iter().zip(&wanted.table.columns);
        let types: Vec<_> = known.map(|(known, column)| HeldType::once_made(known, column, &made)).collect();
        for (column, known) in self.columns.iter_mut().zip(&types) {
            column.type_name = known.as_ref().map_or("text", HeldType::of_new_column).to_owned();
        }
        (self.target, self.exists) = (name.to_string(), Some(found.is_some()));
        match &found {
            Some(held) => self.compare(&name, held, wanted, &types),
            None => {
                let schemas = made.iter().map(|own| &own.schema).chain([&name.schema]);
                self.statements = absent_schemas(&mut client, schemas)?;
                self.statements.extend(made.iter().map(|own| own.definition.clone()));
                self.statements.push(create_table_sql(&name, &wanted.table, &types));
            }
        }
        Ok(())
    }

    /// Adds what a table that is there lacks, and what of it would stop the job.
    fn compare(&mut self, name: &TableName, held: &Table, wanted: &Wanted, types: &[Option<HeldType>]) {
        let missing = missing_columns(held, &wanted.table, types);
        if !missing.is_empty() {
            let add = add_columns_sql(name, &missing);
            let names: Vec<_> = missing.iter().map(|(column, _)| column.name.as_str()).collect();
            match wanted.options.new_columns {
                NewColumns::Add => self.statements.push(add),
                NewColumns::Report => self.differences.push(format!(
                    "it has no column {}: add what is missing ({add}), or set new_columns to add",
                    names.join(", ")
                )),
            }
        }
        self.differences.extend(misfits(held, &wanted.table, wanted.write_mode));
    }

    /// The file is not opened: it belongs to one process at a time.
    fn of_duckdb(&mut self, settings: &DuckDbSettings, wanted: &Wanted) {
        let name = format!("{}.{}", identifier(&settings.schema), identifier(&wanted.table.name));
        let columns = self.columns.iter().map(|column| (column.name.as_str(), column.type_name.as_str()));
        self.statements = vec![
            create_schema_sql(&settings.schema),
            create_duckdb_table_sql(&name, columns, &wanted.table.primary_key),
        ];
        self.target = format!("{}.{} in {}", settings.schema, wanted.table.name, settings.path);
    }

    /// Each job has a folder of its own, with a file for each chunk.
    fn of_parquet(&mut self, settings: &ParquetSettings, wanted: &Wanted) {
        let folder = table_folder(&settings.path, &wanted.source.table_name()).join(job_folder("ID"));
        let piece = wanted.source.primary_key.is_empty().then_some(1);
        self.target = folder.join(part_name(1, piece)).display().to_string();
        self.exists = Some(false);
    }
}

/// Those of the types that the server has not.
fn absent_types(client: &mut Client, types: &[OwnType]) -> Result<Vec<OwnType>, PgError> {
    let names: Vec<_> = types.iter().map(|own| own.name.as_str()).collect();
    let query = "SELECT pg_catalog.to_regtype(name) IS NULL \
                 FROM unnest($1::text[]) WITH ORDINALITY AS own (name, place) ORDER BY place";
    let absent = client.query(query, &[&names])?;
    let is_absent = types.iter().zip(absent).filter(|(_, row)| row.get(0));
    Ok(is_absent.map(|(own, _)| own.clone()).collect())
}

/// What makes those of the schemas that the server has not, each once.
fn absent_schemas<'a>(
    client: &mut Client,
    schemas: impl Iterator<Item = &'a String>,
) -> Result<Vec<String>, PgError> {
    let schemas: Vec<_> = schemas.collect();
    let query = "SELECT wanted.name FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place) \
                 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = wanted.name) \
                 GROUP BY wanted.name ORDER BY min(wanted.place)";
    let absent = client.query(query, &[&schemas])?;
    Ok(absent.iter().map(|row| create_schema_sql(row.get(0))).collect())
}

/// The columns as columnar destinations hold them.
fn columns(wanted: &Wanted) -> Vec<TargetColumn> {
    let pairs = wanted.table.columns.iter().zip(&wanted.source.columns);
    let held = pairs.map(|(column, source)| {
        let policy = wanted.options.value_policy(&source.name);
        let (kind, _) = columnar(&source.data_type, policy);
        TargetColumn { name: column.name.clone(), type_name: kind.sql() }
    });
    held.collect()
}
