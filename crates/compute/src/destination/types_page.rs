//! `docs/types.md`, whose tables are made of the code. `BACKFILL_WRITE_DOCS=1 cargo test` writes it anew.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use backfill_domain::{
    catalog::{Column, DataType, TypeKind},
    options::ValuePolicy,
};
use backfill_pg::held::{is_portable, rendition};
use duckdb::Connection;
use postgres::types::{Kind as PgKind, Type};

use super::session::testing::Folder;
use crate::{
    columnar::{Held, Kind},
    wire::Rendition,
};

/// The page around its tables.
const PAGE: &str = include_str!("types_page.md");

const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/types.md");

fn column(data_type: DataType, name: &str) -> Column {
    Column { name: "c".to_owned(), type_name: name.to_owned(), nullable: true, data_type }
}

fn modified(of: &Type, name: &str, modifier: i32) -> Column {
    let (kind, element_oid) = match of.kind() {
        PgKind::Range(_) | PgKind::Multirange(_) => (TypeKind::Range, None),
        PgKind::Array(element) => (TypeKind::Array, Some(element.oid())),
        _ => (TypeKind::Base, None),
    };
    column(DataType { oid: of.oid(), name: of.name().to_owned(), modifier, kind, element_oid }, name)
}

/// `atttypmod` of a numeric.
fn digits(precision: i32, scale: i32) -> i32 {
    ((precision << 16) | (scale & 0x7ff)) + 4
}

/// An array by its form, and a type of its own by its name.
fn is_vector(of: &Type) -> bool {
    [Type::INT2_VECTOR, Type::OID_VECTOR].contains(of)
}

/// Every type of PostgreSQL's own that a column can have, by its name, without arrays.
fn built_in() -> Vec<Column> {
    let all = (1..10_000).filter_map(Type::from_oid);
    let is_column = |of: &Type| {
        let is_array = matches!(of.kind(), PgKind::Array(_)) && !is_vector(of);
        !is_array && *of.kind() != PgKind::Pseudo && ![Type::NUMERIC, Type::UNKNOWN].contains(of)
    };
    let name = |of: &Type| if *of == Type::CHAR { "\"char\"".to_owned() } else { of.name().to_owned() };
    let mut columns: Vec<_> = all.filter(is_column).map(|of| modified(&of, &name(&of), -1)).collect();
    let numerics = [("numeric(10,2)", digits(10, 2)), ("numeric(39,0)", digits(39, 0)), ("numeric", -1)];
    columns.extend(numerics.map(|(name, modifier)| modified(&Type::NUMERIC, name, modifier)));
    columns.sort_by(|one, other| one.type_name.cmp(&other.type_name));
    columns
}

/// The array of a column's type.
fn array_of(column: &Column) -> Option<Column> {
    let of = (1..10_000).filter_map(Type::from_oid).find(|of| {
        matches!(of.kind(), PgKind::Array(element) if element.oid() == column.data_type.oid) && !is_vector(of)
    })?;
    Some(modified(&of, &format!("{}[]", column.type_name), column.data_type.modifier))
}

fn held(column: &Column) -> Kind {
    Held::new(&column.data_type, ValuePolicy::Fail).kind
}

fn in_postgres(column: &Column) -> &'static str {
    match (is_portable(&column.data_type), rendition(column)) {
        (true, Rendition::Binary) => "the same, in binary form",
        (true, Rendition::Text) => "the same, as text",
        (false, _) => "`text`",
    }
}

/// What a kind cannot hold of the values that PostgreSQL has.
fn refused(kind: &Kind) -> String {
    match kind {
        Kind::Boolean
        | Kind::SmallInt
        | Kind::Integer
        | Kind::BigInt
        | Kind::UInteger
        | Kind::Float
        | Kind::Double
        | Kind::Varchar
        | Kind::Blob
        | Kind::Uuid
        | Kind::Date
        | Kind::Time => String::new(),
        Kind::Decimal { .. } => "NaN, Infinity, -Infinity".to_owned(),
        Kind::Json => "documents with half a surrogate pair, as `\"\\ud800\"`".to_owned(),
        Kind::Timestamp | Kind::TimestampTz => "moments after 294247-01-10 04:00:54.775806".to_owned(),
        Kind::List(element) => {
            let own = "arrays of several dimensions, arrays that do not count from 1";
            let elements = refused(element);
            if elements.is_empty() { own.to_owned() } else { format!("{own}; as elements: {elements}") }
        }
    }
}

/// A kind's column in a Parquet file, as the file itself says.
fn in_parquet(connection: &Connection, folder: &Folder, kind: &Kind) -> String {
    let file = folder.join("kind.parquet");
    let sql = kind.sql();
    connection
        .execute_batch(&format!("COPY (SELECT CAST(NULL AS {sql}) AS c) TO '{file}' (FORMAT parquet)"))
        .unwrap();
    let sql = format!(
        "SELECT concat(type, '(' || type_length || ')', ', ' || COALESCE(logical_type, converted_type)) \
         FROM parquet_schema('{file}') WHERE type IS NOT NULL"
    );
    let said: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    let said = said.replace("unit=TimeUnit(MILLIS=<null>, MICROS=MicroSeconds(), NANOS=<null>)", "MICROS");
    if matches!(kind, Kind::List(_)) { format!("list of {said}") } else { said }
}

/// A table row for each type, and one for each kind that any of them is held as.
fn tables() -> (String, String) {
    let (mut types, mut kinds) = (String::new(), BTreeMap::new());
    let (connection, folder) = (Connection::open_in_memory().unwrap(), Folder::new());
    for column in built_in() {
        let array = array_of(&column);
        let name = &column.type_name;
        let list = array.as_ref().map_or_else(String::new, |array| format!("`{}`", held(array).sql()));
        writeln!(types, "| `{name}` | {} | `{}` | {list} |", in_postgres(&column), held(&column).sql())
            .unwrap();
        let kind = held(&column);
        kinds.entry(kind.sql()).or_insert(kind);
    }
    let list = Kind::List(Kind::Integer.into());
    kinds.insert(list.sql(), list);
    let mut rows = String::new();
    for (sql, kind) in kinds {
        writeln!(rows, "| `{sql}` | {} | {} |", in_parquet(&connection, &folder, &kind), refused(&kind))
            .unwrap();
    }
    (types, rows)
}

#[test]
fn the_page_of_types_says_what_the_code_does() {
    let (types, kinds) = tables();
    let page = PAGE.replace("{types}\n", &types).replace("{kinds}\n", &kinds);
    if env::var_os("BACKFILL_WRITE_DOCS").is_some() {
        fs::write(PLACE, &page).unwrap();
    }
    let held = fs::read_to_string(Path::new(PLACE)).unwrap_or_default();
    assert!(held == page, "docs/types.md is not up to date: run the test with BACKFILL_WRITE_DOCS=1");
}
