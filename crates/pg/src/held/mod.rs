//! What destinations hold the source's types as, and the tables that are made for them. The daemon makes those, and the
//! API shows them before.

mod fit;
mod kind;
mod table;
mod types;

pub use fit::{has_unique_index, misfits};
pub use kind::{Kind, columnar};
pub use table::{
    add_columns_sql, create_duckdb_table_sql, create_schema_sql, create_table_sql, missing_columns,
};
pub use types::{HeldType, column_types, is_portable, rendition};

/// How a column's value travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rendition {
    /// In the type's binary form, which loses nothing and costs the source least.
    Binary,
    /// As the text that the source casts it to, for types that a destination knows as text alone.
    Text,
}
