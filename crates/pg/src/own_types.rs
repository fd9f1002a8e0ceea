//! The types that a database has made for itself, as the statements that make them elsewhere.

use backfill_domain::catalog::{OwnType, Table};

use crate::{Client, error::PgError};

/// The types that a table's columns are made of, those that others need first. Not an extension's, which its extension
/// makes, nor a table's row, nor a range with a function of its own.
const OWN_TYPES: &str = "
    WITH RECURSIVE needed (oid, depth) AS (
        SELECT a.atttypid, 0 FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
        UNION
        SELECT part.oid, n.depth + 1
        FROM needed n JOIN pg_catalog.pg_type t ON t.oid = n.oid CROSS JOIN LATERAL (
            SELECT t.typelem WHERE t.typcategory = 'A'
            UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
            UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
                      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
            UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid
        ) AS part (oid)
        WHERE part.oid <> 0 AND n.depth < 50
    ), own AS (
        SELECT t.*, n.nspname, pg_catalog.format('%I.%I', n.nspname, t.typname) AS name, needed.depth
        FROM (SELECT oid, pg_catalog.max(depth) AS depth FROM needed GROUP BY oid) needed
        JOIN pg_catalog.pg_type t ON t.oid = needed.oid
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE t.oid >= 16384 AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend
            WHERE classid = 'pg_catalog.pg_type'::regclass AND objid = t.oid AND deptype = 'e'
        )
    )
    SELECT nspname, name, CASE typtype
        WHEN 'e' THEN pg_catalog.format('CREATE TYPE %s AS ENUM (%s)', name, (
            SELECT pg_catalog.string_agg(pg_catalog.quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
            FROM pg_catalog.pg_enum WHERE enumtypid = own.oid))
        WHEN 'c' THEN pg_catalog.format('CREATE TYPE %s AS (%s)', name, (
            SELECT pg_catalog.string_agg(pg_catalog.concat(
                pg_catalog.format('%I %s', attname, pg_catalog.format_type(atttypid, atttypmod)),
                CASE WHEN attcollation <> t.typcollation
                    THEN ' COLLATE ' || attcollation::regcollation END), ', ' ORDER BY attnum)
            FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_type t ON t.oid = atttypid
            WHERE attrelid = own.typrelid AND attnum > 0 AND NOT attisdropped))
        WHEN 'd' THEN pg_catalog.concat('CREATE DOMAIN ', name, ' AS ', pg_catalog.format_type(typbasetype, typtypmod),
            CASE WHEN typcollation <> (SELECT typcollation FROM pg_catalog.pg_type WHERE oid = own.typbasetype)
                THEN ' COLLATE ' || typcollation::regcollation END,
            CASE WHEN typnotnull THEN ' NOT NULL' END,
            (SELECT pg_catalog.string_agg(
                pg_catalog.format(' CONSTRAINT %I %s', conname, pg_catalog.pg_get_constraintdef(oid)), '' ORDER BY conname)
             FROM pg_catalog.pg_constraint WHERE contypid = own.oid AND contype = 'c'))
        WHEN 'r' THEN (
            SELECT pg_catalog.concat('CREATE TYPE ', name, ' AS RANGE (subtype = ',
                pg_catalog.format_type(rngsubtype, NULL),
                CASE WHEN rngcollation <> 0 THEN ', collation = ' || rngcollation::regcollation END,
                ', multirange_type_name = ', pg_catalog.format_type(rngmultitypid, NULL), ')')
            FROM pg_catalog.pg_range
            WHERE rngtypid = own.oid AND rngcanonical = 0 AND rngsubdiff = 0)
        END
    FROM own
    WHERE typtype IN ('e', 'd', 'r')
       OR typtype = 'c' AND (SELECT relkind FROM pg_catalog.pg_class WHERE oid = own.typrelid) = 'c'
    ORDER BY depth DESC, name";

/// The types of the database's own that `table` is made of, in an order in which they can be made.
///
/// # Errors
/// If the server refuses the query or the connection breaks.
pub fn own_types(client: &mut Client, table: &Table) -> Result<Vec<OwnType>, PgError> {
    let rows = client.query(OWN_TYPES, &[&table.table_name().to_sql()])?;
    let own_type = |row: &postgres::Row| {
        let definition: Option<String> = row.get(2);
        Some(OwnType { schema: row.get(0), name: row.get(1), definition: definition? })
    };
    Ok(rows.iter().filter_map(own_type).collect())
}
