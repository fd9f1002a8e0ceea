//! The source's types as a PostgreSQL destination knows them.

use backfill_domain::catalog::{Column, DataType, Table};
use postgres::{Client, Row, types::Type};

use crate::{destination::DestinationError, wire::Rendition};

/// Types that come with PostgreSQL have the same binary form on every server; others may not even exist there.
pub(super) fn rendition(column: &Column) -> Rendition {
    if is_portable(&column.data_type) { Rendition::Binary } else { Rendition::Text }
}

/// Whether a value's binary form means the same on another server. It does not where it holds the number of an object
/// of its own server, and access rights have no binary form.
fn is_portable(data_type: &DataType) -> bool {
    let refers_to_objects = [
        Type::REGPROC,
        Type::REGPROCEDURE,
        Type::REGOPER,
        Type::REGOPERATOR,
        Type::REGCLASS,
        Type::REGTYPE,
        Type::REGROLE,
        Type::REGNAMESPACE,
        Type::REGCONFIG,
        Type::REGDICTIONARY,
        Type::REGCOLLATION,
        Type::ACLITEM,
    ];
    let value = data_type.element_oid.unwrap_or(data_type.oid);
    data_type.is_builtin() && !refers_to_objects.iter().any(|of| of.oid() == value)
}

/// A type of the source's in this server's words; the source's own are never part of a statement here.
pub(super) struct HeldType {
    /// With length or precision.
    pub(super) full: String,
    /// Without.
    pub(super) bare: String,
}

/// The types of the source's columns; `None` for a type that this server has not, or whose values mean nothing to it.
pub(super) fn column_types(
    client: &mut Client,
    source: &Table,
) -> Result<Vec<Option<HeldType>>, DestinationError> {
    let query = "SELECT known.type IS NOT NULL, pg_catalog.format_type(known.type, wanted.modifier), \
                        pg_catalog.format_type(known.type, -1) \
                 FROM unnest($1::oid[], $2::text[], $3::int[]) \
                      WITH ORDINALITY AS wanted (oid, name, modifier, place) \
                 CROSS JOIN LATERAL (SELECT COALESCE(wanted.oid, pg_catalog.to_regtype(wanted.name)::oid) AS type) known \
                 ORDER BY wanted.place";
    let types = source.columns.iter().map(|column| &column.data_type);
    let oids: Vec<_> =
        types.clone().map(|data_type| is_portable(data_type).then_some(data_type.oid)).collect();
    let names: Vec<_> =
        types.clone().map(|data_type| (!data_type.is_builtin()).then_some(data_type.name.as_str())).collect();
    let modifiers: Vec<_> = types.map(|data_type| data_type.modifier).collect();
    let rows = client.query(query, &[&oids, &names, &modifiers])?;
    let held = |row: &Row| row.get::<_, bool>(0).then(|| HeldType { full: row.get(1), bare: row.get(2) });
    Ok(rows.iter().map(held).collect())
}
