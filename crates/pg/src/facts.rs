//! What a source's catalogue knows that a plan can be made from.

use backfill_domain::{
    catalog::{Table, TableKind},
    plan::{Facts, RelationFacts},
    sql::{identifier, literal},
    table::TableName,
};
use postgres::Row;
use serde_json::Value;

use crate::{Client, error::PgError};

/// The table `$1`, or the leaves of a partitioned one, each with its pages, whether it may be read, its rows, and the
/// correlation of its pages' order with that of column `$2`.
const RELATIONS: &str = "
    WITH leaf AS (
        SELECT relid AS oid FROM pg_catalog.pg_partition_tree($1::text::regclass) WHERE isleaf
        UNION
        SELECT $1::text::regclass::oid
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree($1::text::regclass))
    )
    SELECT n.nspname, c.relname,
           pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint,
           pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
           c.reltuples::float8,
           (SELECT s.correlation::float8 FROM pg_catalog.pg_stats s
            WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = $2 AND NOT s.inherited)
    FROM leaf
    JOIN pg_catalog.pg_class c ON c.oid = leaf.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r'
    ORDER BY c.oid";

/// Keys that are looked at where there are no statistics, and pages whose rows are counted.
const PROBED_KEYS: i64 = 1000;
const PROBED_PAGES: i64 = 16;

/// What a plan for `table` with this `condition` can be made from. Reads statistics, and where there are none a thousand
/// keys of the index: its cost does not depend on the table's size.
///
/// # Errors
/// If the server refuses the queries or the connection breaks.
pub fn facts(client: &mut Client, table: &Table, condition: Option<&str>) -> Result<Facts, PgError> {
    let relations = relations(client, table)?;
    Ok(Facts { relations, ..expect(client, table, condition)? })
}

/// What the source's planner expects of the rows that pass.
fn expect(client: &mut Client, table: &Table, condition: Option<&str>) -> Result<Facts, PgError> {
    let from = table.table_name().to_sql();
    let condition = condition.unwrap_or("true");
    let row =
        client.query_one(&format!("EXPLAIN (FORMAT JSON) SELECT FROM {from} WHERE {condition}"), &[])?;
    let plan: Value = row.get(0);
    let Some(root) = plan.pointer("/0/Plan") else { return Ok(Facts::default()) };
    let rows = root.get("Plan Rows").and_then(Value::as_f64).unwrap_or_default();
    let index = scanned_index(root).filter(|_| table.kind == TableKind::Table);
    let is_primary = |name: &String| table.indexes.iter().any(|index| index.primary && index.name == *name);
    Ok(Facts {
        relations: Vec::new(),
        expected_rows: rows as i64,
        filter_index: index.filter(|name| !is_primary(name)),
        scans_all: scans_all(root),
    })
}

fn scans_all(node: &Value) -> bool {
    let is_scan =
        node.get("Node Type").and_then(Value::as_str).is_some_and(|name| name.ends_with("Seq Scan"));
    is_scan || node.get("Plans").and_then(Value::as_array).is_some_and(|below| below.iter().any(scans_all))
}

/// The index below a plan's node, unless anything is read in another way.
fn scanned_index(node: &Value) -> Option<String> {
    if let Some(name) = node.get("Index Name").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let mut below = node.get("Plans")?.as_array()?.iter();
    let first = scanned_index(below.next()?)?;
    below.all(|node| scanned_index(node).is_some()).then_some(first)
}

fn relations(client: &mut Client, table: &Table) -> Result<Vec<RelationFacts>, PgError> {
    let Some(first_column) = table.primary_key.first() else { return Ok(Vec::new()) };
    let rows = client.query(RELATIONS, &[&table.table_name().to_sql(), first_column])?;
    if !rows.iter().all(|row| row.get::<_, bool>(3)) {
        return Ok(Vec::new());
    }
    rows.iter().map(|row| relation(client, table, row)).collect()
}

fn relation(client: &mut Client, table: &Table, row: &Row) -> Result<RelationFacts, PgError> {
    let name = TableName { schema: row.get(0), table: row.get(1) };
    let pages: i64 = row.get(2);
    let (rows, correlation): (f64, Option<f64>) = (row.get(4), row.get(5));
    let reads_along_key = match correlation {
        Some(correlation) if rows > 0.0 && pages > 0 => {
            // PostgreSQL's own estimate of an index scan interpolates in the same way (cost_index in its sources).
            let ordered = correlation * correlation;
            Some((ordered * pages as f64 + (1.0 - ordered) * rows.max(pages as f64)) / pages as f64)
        }
        _ if pages > PROBED_PAGES => probe(client, &name, &table.primary_key)?,
        _ => Some(1.0),
    };
    Ok(RelationFacts { name, pages, reads_along_key })
}

/// Without statistics: how many pages the first keys lie on, compared with the pages that as many rows fill.
fn probe(client: &mut Client, name: &TableName, key: &[String]) -> Result<Option<f64>, PgError> {
    let key: Vec<_> = key.iter().map(|column| identifier(column)).collect();
    let from = name.to_sql();
    let row = client.query_one(
        &format!(
            "WITH walk AS (SELECT ctid FROM {from} ORDER BY {key} LIMIT {PROBED_KEYS}) \
             SELECT pg_catalog.count(*), \
                    pg_catalog.count(DISTINCT pg_catalog.split_part(ctid::text, ',', 1)), \
                    (SELECT pg_catalog.count(*) FROM {from} WHERE ctid < {end}::tid) \
             FROM walk",
            key = key.join(", "),
            end = literal(&format!("({PROBED_PAGES},0)")),
        ),
        &[],
    )?;
    let (keys, pages, dense): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    let filled = keys as f64 * PROBED_PAGES as f64 / dense as f64;
    Ok((dense > 0 && keys > 0).then(|| pages as f64 / filled.max(1.0)))
}
