//! What a source's catalogue says of its tables. Read by `backfill-pg`, shown by the API, planned with by compute.

use serde::Serialize;
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::table::TableName;

/// What kind of relation a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// The parent of partitions.
    PartitionedTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A table that lives on another server.
    ForeignTable,
}

/// A relation that can be copied from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Table {
    /// Schema, exactly as in the catalogue.
    pub schema: String,
    /// Name, exactly as in the catalogue.
    pub name: String,
    /// What kind of relation it is.
    pub kind: TableKind,
    /// Rows as the planner's statistics know them; `null` before the first ANALYZE.
    pub estimated_rows: Option<i64>,
    /// Bytes on disk, without indexes; partitions counted in. `null` where the relation has no storage of its own.
    pub bytes: Option<i64>,
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// Columns of the primary key in the key's order; empty without one.
    pub primary_key: Vec<String>,
    /// Indexes, the primary key's included.
    pub indexes: Vec<Index>,
}

impl Table {
    /// The table's exact name.
    pub fn table_name(&self) -> TableName {
        TableName { schema: self.schema.clone(), table: self.name.clone() }
    }

    /// The column of this exact name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of the primary key in the key's order; empty without one.
    pub fn key_columns(&self) -> Vec<&Column> {
        self.primary_key.iter().filter_map(|name| self.column(name)).collect()
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Column {
    /// Name, exactly as in the catalogue.
    pub name: String,
    /// Type as SQL writes it, such as `numeric(10,2)`.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    pub type_name: String,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// How the engine handles the type.
    #[serde(skip)]
    pub data_type: DataType,
}

/// A column's type once domains are unwrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataType {
    /// Object id of the type below all domains. Ids below 10000 are built in and the same on every server.
    pub oid: u32,
    /// That type as SQL writes it, schema-qualified where it is not built in, without length or precision.
    /// A value cast to it is compared as PostgreSQL would compare a parameter with the column.
    pub name: String,
    /// Length, precision or scale as `pg_attribute.atttypmod` encodes them; -1 without.
    pub modifier: i32,
    /// What kind of type it is.
    pub kind: TypeKind,
    /// For an array: the object id of its element's type.
    pub element_oid: Option<u32>,
}

impl DataType {
    /// The first object id that is given out anew by each server or each version: below it are the types that are
    /// written into PostgreSQL's sources (`FirstGenbkiObjectId` there).
    const FIRST_GIVEN_OID: u32 = 10_000;

    /// Whether the type comes with PostgreSQL, so that every server knows it by the same id.
    pub fn is_builtin(&self) -> bool {
        self.oid < Self::FIRST_GIVEN_OID
    }

    /// Precision and scale of a numeric; `None` where it has none. The scale may be negative, or above the precision.
    pub fn numeric_digits(&self) -> Option<(i32, i32)> {
        // As in PostgreSQL's `make_numeric_typmod`: precision above, an eleven-bit signed scale below, offset by 4.
        let bits = self.modifier.checked_sub(4).filter(|bits| *bits >= 0)?;
        Some((bits >> 16, ((bits & 0x7ff) ^ 0x400) - 0x400))
    }

    /// Where the type's operators are, quoted where it must be, if PostgreSQL does not find them by itself.
    ///
    /// The operators of an extension's type lie in the type's schema, which the search_path need not name: without
    /// their schema, citext would be compared as text, and ltree not at all. Enums, arrays and their like share
    /// PostgreSQL's own operators.
    pub fn operator_schema(&self) -> Option<&str> {
        let has_own = self.kind == TypeKind::Base && !self.is_builtin();
        let mut quoted = false;
        let dot = self.name.find(|character| {
            quoted ^= character == '"';
            character == '.' && !quoted
        });
        dot.filter(|_| has_own).map(|dot| &self.name[..dot])
    }
}

/// Kinds of types, domains unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// A scalar, or a type that an extension brought.
    Base,
    /// An array.
    Array,
    /// An enum.
    Enum,
    /// A row type.
    Composite,
    /// A range or a multirange.
    Range,
}

/// A type that a database has made for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnType {
    /// The schema that it is in.
    pub schema: String,
    /// Its name with the schema, quoted where it must be.
    pub name: String,
    /// The statement that makes it.
    pub definition: String,
}

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Index {
    /// Name of the index.
    pub name: String,
    /// Whether it forbids duplicates.
    pub unique: bool,
    /// Whether it is the primary key's.
    pub primary: bool,
    /// What it indexes, in its order: column names, or expressions as SQL.
    pub columns: Vec<String>,
}
