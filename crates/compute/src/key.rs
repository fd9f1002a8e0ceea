//! Primary keys: their values, and comparisons with them as SQL.

use backfill_domain::{
    catalog::{DataType, Table},
    sql::{identifier, literal},
};

/// The values of a primary key, as text, in the key's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(Vec<String>);

impl Key {
    /// The key with these values.
    pub(crate) fn new(values: Vec<String>) -> Self {
        Self(values)
    }

    /// Reads a key as the metadata database stores it.
    pub(crate) fn from_stored(stored: serde_json::Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(stored).map(Self)
    }

    /// The values in the key's order.
    pub(crate) fn values(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// The columns of a table's primary key; none for a table without one.
#[derive(Debug)]
pub(crate) struct KeyColumns {
    /// Quoted names and the types that values are cast to.
    columns: Vec<(String, DataType)>,
}

impl KeyColumns {
    /// The key of `table`.
    pub(crate) fn of(table: &Table) -> Self {
        let columns = table.key_columns().into_iter();
        Self { columns: columns.map(|column| (identifier(&column.name), column.data_type.clone())).collect() }
    }

    /// Whether the table has no primary key.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The columns of `alias`, separated by commas. Bare, a name might mean a selected column instead.
    pub(crate) fn list(&self, alias: &str) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| format!("{alias}.{name}")).collect();
        names.join(", ")
    }

    /// The comparison of the key of `alias` with `key`: row by row where the key has several columns, which the
    /// key's index serves.
    pub(crate) fn compare(&self, alias: &str, operator: &str, key: &Key) -> String {
        let values = self.columns.iter().zip(&key.0);
        let values: Vec<_> = values
            .map(|((_, data_type), value)| format!("{}::{}", literal(value).trim_start(), data_type.name))
            .collect();
        format!("({}) {operator} ({})", self.list(alias), values.join(", "))
    }

    /// The search_path under which comparisons mean what the key's index means: one that finds the operators of
    /// extensions' types. A comparison of several columns has no other way to name them.
    pub(crate) fn search_path(&self) -> Option<String> {
        let schemas: Vec<_> =
            self.columns.iter().filter_map(|(_, data_type)| data_type.operator_schema()).collect();
        (!schemas.is_empty()).then(|| schemas.join(", "))
    }
}
