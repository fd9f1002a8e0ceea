//! Reads tables, columns, keys and indexes from a source's catalogue.

use std::collections::HashMap;

use backfill_domain::{
    catalog::{Column, DataType, Index, Table, TableKind, TypeKind},
    table::TableReference,
};
use postgres::Row;

use crate::{Client, error::PgError};

/// Every relation with rows outside the system's schemas; `$1` narrows it to some, NULL to none. What a SELECT from it
/// reads counts: partitions and inheritance children at every depth, each once. Autovacuum analyzes partitions and
/// never their parent, so the parent's own statistics are the last resort.
const RELATIONS: &str = "
    WITH RECURSIVE relation AS (
        SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
          AND ($1::oid[] IS NULL OR c.oid = ANY ($1))
    ), family (root, member) AS (
        SELECT oid, oid FROM relation
        UNION
        SELECT f.root, i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.member
    ), size AS (
        SELECT f.root,
               pg_catalog.sum(pg_catalog.pg_table_size(m.oid)) FILTER (WHERE m.relkind IN ('r', 'm')) AS bytes,
               pg_catalog.sum(m.reltuples::float8)
                   FILTER (WHERE m.relkind IN ('r', 'm', 'f') AND m.reltuples >= 0) AS rows
        FROM family f JOIN pg_catalog.pg_class m ON m.oid = f.member
        GROUP BY f.root
    )
    SELECT r.oid, r.nspname, r.relname, r.relkind::text, s.bytes::bigint,
           COALESCE(s.rows, CASE WHEN r.relkind = 'p' AND r.reltuples >= 0 THEN r.reltuples END)::bigint
    FROM relation r JOIN size s ON s.root = r.oid
    ORDER BY r.nspname, r.relname";

/// Columns in their order, each type with its domains unwrapped. A domain's length or precision applies where the
/// column has none of its own.
const COLUMNS: &str = "
    WITH RECURSIVE unwrapped AS (
        SELECT oid AS domain, oid AS base, -1 AS modifier FROM pg_catalog.pg_type WHERE typtype <> 'd'
        UNION ALL
        SELECT d.oid, u.base, CASE WHEN d.typtypmod >= 0 THEN d.typtypmod ELSE u.modifier END
        FROM pg_catalog.pg_type d JOIN unwrapped u ON u.domain = d.typbasetype
        WHERE d.typtype = 'd'
    )
    SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           t.oid, pg_catalog.format_type(t.oid, -1),
           CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE u.modifier END,
           t.typtype::text, CASE WHEN t.typcategory = 'A' THEN NULLIF(t.typelem, 0) END
    FROM pg_catalog.pg_attribute a
    JOIN unwrapped u ON u.domain = a.atttypid
    JOIN pg_catalog.pg_type t ON t.oid = u.base
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY ($1)
    ORDER BY a.attrelid, a.attnum";

/// Valid indexes. Those of a table with inheritance children are no keys and forbid no duplicates: they do so in the
/// table itself, but a SELECT from it reads the children too. Partial indexes forbid duplicates only in part.
const INDEXES: &str = "
    SELECT i.indrelid, c.relname, i.indisunique AND i.indimmediate AND i.indpred IS NULL AND NOT inherited.by_others,
           i.indisprimary AND NOT inherited.by_others,
           ARRAY(SELECT COALESCE(a.attname::text, pg_catalog.pg_get_indexdef(i.indexrelid, k.place::int, false))
                 FROM pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
                 LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                 WHERE k.place <= i.indnkeyatts
                 ORDER BY k.place)
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    CROSS JOIN LATERAL (
        SELECT t.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = t.oid) AS by_others
    ) inherited
    WHERE i.indisvalid AND i.indrelid = ANY ($1)
    ORDER BY i.indrelid, i.indisprimary DESC, c.relname";

/// The relation with the first of some exact names that exists, by its place in the list.
const FIND: &str = "
    SELECT c.oid
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]))
         WITH ORDINALITY AS wanted (schema, name, place)
    JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY wanted.place LIMIT 1";

/// Every table, view and foreign table outside the system's schemas, by schema and name.
///
/// # Errors
/// If the server refuses the queries or the connection breaks.
pub fn tables(client: &mut Client) -> Result<Vec<Table>, PgError> {
    read(client, None)
}

/// The table that `reference` names, if there is one.
///
/// # Errors
/// If the server refuses the queries or the connection breaks.
pub fn find_table(client: &mut Client, reference: &TableReference) -> Result<Option<Table>, PgError> {
    let candidates = reference.candidates();
    let schemas: Vec<_> = candidates.iter().map(|name| name.schema.as_str()).collect();
    let names: Vec<_> = candidates.iter().map(|name| name.table.as_str()).collect();
    match client.query_opt(FIND, &[&schemas, &names])? {
        Some(row) => Ok(read(client, Some(vec![row.get(0)]))?.pop()),
        None => Ok(None),
    }
}

fn read(client: &mut Client, only: Option<Vec<u32>>) -> Result<Vec<Table>, PgError> {
    let relations = client.query(RELATIONS, &[&only])?;
    let oids: Vec<u32> = relations.iter().map(|row| row.get(0)).collect();
    let mut columns = by_relation(client.query(COLUMNS, &[&oids])?, column);
    let mut indexes = by_relation(client.query(INDEXES, &[&oids])?, index);
    let tables = relations.iter().map(|row| {
        let oid: u32 = row.get(0);
        table(row, columns.remove(&oid).unwrap_or_default(), indexes.remove(&oid).unwrap_or_default())
    });
    Ok(tables.collect())
}

/// Groups rows by the relation that their first column names.
fn by_relation<T>(rows: Vec<Row>, read: fn(&Row) -> T) -> HashMap<u32, Vec<T>> {
    let mut groups: HashMap<u32, Vec<T>> = HashMap::new();
    for row in &rows {
        groups.entry(row.get(0)).or_default().push(read(row));
    }
    groups
}

fn table(row: &Row, columns: Vec<Column>, indexes: Vec<Index>) -> Table {
    let primary_key = indexes.iter().find(|index| index.primary).map(|index| index.columns.clone());
    Table {
        schema: row.get(1),
        name: row.get(2),
        kind: match row.get(3) {
            "p" => TableKind::PartitionedTable,
            "v" => TableKind::View,
            "m" => TableKind::MaterializedView,
            "f" => TableKind::ForeignTable,
            _ => TableKind::Table,
        },
        bytes: row.get(4),
        estimated_rows: row.get(5),
        columns,
        primary_key: primary_key.unwrap_or_default(),
        indexes,
    }
}

fn column(row: &Row) -> Column {
    let element_oid = row.get(8);
    let kind = match row.get(7) {
        "e" => TypeKind::Enum,
        "c" => TypeKind::Composite,
        "r" | "m" => TypeKind::Range,
        _ if Option::is_some(&element_oid) => TypeKind::Array,
        _ => TypeKind::Base,
    };
    Column {
        name: row.get(1),
        type_name: row.get(2),
        nullable: row.get(3),
        data_type: DataType { oid: row.get(4), name: row.get(5), modifier: row.get(6), kind, element_oid },
    }
}

fn index(row: &Row) -> Index {
    Index { name: row.get(1), unique: row.get(2), primary: row.get(3), columns: row.get(4) }
}
