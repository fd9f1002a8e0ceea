//! The source's types as a PostgreSQL destination knows them.

use backfill_domain::catalog::{Column, DataType, OwnType, Table, TypeKind};
use postgres::{Row, types::Type};

use super::Rendition;
use crate::{Client, PgError};

/// Types that come with PostgreSQL have the same binary form on every server; others may not even exist there. Of some
/// types, no server takes the binary form of an empty value back.
pub fn rendition(column: &Column) -> Rendition {
    let data_type = &column.data_type;
    let one_way = [Type::INT2_VECTOR, Type::OID_VECTOR, Type::TSQUERY];
    let returns = !one_way.iter().any(|of| of.oid() == value_oid(data_type));
    if is_portable(data_type) && returns { Rendition::Binary } else { Rendition::Text }
}

/// The type of the values: an array's elements', but a vector's own.
fn value_oid(data_type: &DataType) -> u32 {
    match (Type::from_oid(data_type.oid), data_type.element_oid) {
        (Some(Type::INT2_VECTOR | Type::OID_VECTOR), _) | (_, None) => data_type.oid,
        (_, Some(element)) => element,
    }
}

/// Whether a value's binary form means the same on another server. It does not where it holds the number of an object
/// of its own server, as in the rows of its catalogue; access rights have no binary form, and what only the server
/// itself makes is not taken back.
pub fn is_portable(data_type: &DataType) -> bool {
    let means_nothing_elsewhere = [
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
        Type::GTS_VECTOR,
        Type::PG_NODE_TREE,
        Type::PG_NDISTINCT,
        Type::PG_DEPENDENCIES,
        Type::PG_MCV_LIST,
        Type::PG_BRIN_BLOOM_SUMMARY,
        Type::PG_BRIN_MINMAX_MULTI_SUMMARY,
    ];
    let value = value_oid(data_type);
    let is_row = data_type.kind == TypeKind::Composite;
    data_type.is_builtin() && !is_row && !means_nothing_elsewhere.iter().any(|of| of.oid() == value)
}

/// A type of the source's in this server's words; the source's own are never part of a statement here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldType {
    /// With length or precision.
    pub full: String,
    /// Without.
    pub bare: String,
    /// The domain that the source's column is of, if this server has it, too.
    domain: Option<String>,
}

impl HeldType {
    /// The type of a column that is made for the source's.
    pub fn of_new_column(&self) -> &str {
        self.domain.as_deref().unwrap_or(&self.full)
    }

    /// The type of a column as a server knows it once it has `made` types that it lacks.
    pub fn once_made(known: Option<Self>, column: &Column, made: &[OwnType]) -> Option<Self> {
        let declared = &column.type_name;
        if !made.iter().any(|own| own.name == declared.trim_end_matches("[]")) {
            return known;
        }
        Some(match known {
            Some(below) => Self { domain: Some(declared.clone()), ..below },
            None => Self { full: declared.clone(), bare: declared.clone(), domain: None },
        })
    }
}

/// The types of the source's columns; `None` for a type that this server has not, or whose values mean nothing to it.
///
/// # Errors
/// If the server refuses the query or the connection breaks.
pub fn column_types(client: &mut Client, source: &Table) -> Result<Vec<Option<HeldType>>, PgError> {
    let query = "SELECT known.type IS NOT NULL, pg_catalog.format_type(known.type, wanted.modifier), \
                        pg_catalog.format_type(known.type, -1), \
                        (SELECT pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type \
                         WHERE typtype = 'd' AND oid = pg_catalog.to_regtype(wanted.declared)) \
                 FROM unnest($1::oid[], $2::text[], $3::int[], $4::text[]) \
                      WITH ORDINALITY AS wanted (oid, name, modifier, declared, place) \
                 CROSS JOIN LATERAL (SELECT COALESCE(wanted.oid, pg_catalog.to_regtype(wanted.name)::oid) AS type) known \
                 ORDER BY wanted.place";
    let types = source.columns.iter().map(|column| &column.data_type);
    let oids: Vec<_> =
        types.clone().map(|data_type| is_portable(data_type).then_some(data_type.oid)).collect();
    let names: Vec<_> =
        types.clone().map(|data_type| (!data_type.is_builtin()).then_some(data_type.name.as_str())).collect();
    let modifiers: Vec<_> = types.map(|data_type| data_type.modifier).collect();
    let declared: Vec<_> = source.columns.iter().map(|column| column.type_name.as_str()).collect();
    let rows = client.query(query, &[&oids, &names, &modifiers, &declared])?;
    let held = |row: &Row| {
        row.get::<_, bool>(0).then(|| HeldType { full: row.get(1), bare: row.get(2), domain: row.get(3) })
    };
    Ok(rows.iter().map(held).collect())
}
