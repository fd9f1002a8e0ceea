//! Primary keys: their values, and comparisons with them as SQL.

use std::fmt;

use backfill_domain::{
    catalog::{DataType, Table},
    sql::{identifier, literal},
};
use serde_json::Map;

/// The values of a primary key, as text, each with its column's name, in the key's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(Vec<(String, String)>);

/// Why a stored key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table's primary key is another one than when the job began: start a new job")]
pub(crate) struct KeyChanged;

impl Key {
    /// The key with these names and values.
    pub(crate) fn new(values: Vec<(String, String)>) -> Self {
        Self(values)
    }

    /// The key as the metadata database stores it: an object of names and values.
    pub(crate) fn to_stored(&self) -> serde_json::Value {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect::<Map<_, _>>().into()
    }
}

/// For people: `id = 7`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        f.write_str(&parts.join(", "))
    }
}

/// The columns of a table's primary key; none for a table without one.
#[derive(Debug)]
pub(crate) struct KeyColumns {
    columns: Vec<(String, DataType)>,
}

impl KeyColumns {
    /// The key of `table`.
    pub(crate) fn of(table: &Table) -> Self {
        let columns = table.key_columns().into_iter();
        Self { columns: columns.map(|column| (column.name.clone(), column.data_type.clone())).collect() }
    }

    /// Whether the table has no primary key.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Reads a key as the metadata database stores it.
    ///
    /// # Errors
    /// If it is the key of other columns.
    pub(crate) fn read(&self, stored: &serde_json::Value) -> Result<Key, KeyChanged> {
        let stored =
            stored.as_object().filter(|stored| stored.len() == self.columns.len()).ok_or(KeyChanged)?;
        let value_of = |(name, _): &(String, DataType)| {
            let value = stored.get(name).and_then(serde_json::Value::as_str).ok_or(KeyChanged)?;
            Ok((name.clone(), value.to_owned()))
        };
        self.columns.iter().map(value_of).collect::<Result<_, _>>().map(Key)
    }

    /// The columns of `alias`, separated by commas. Bare, a name might mean a selected column instead.
    pub(crate) fn list(&self, alias: &str) -> String {
        let names: Vec<_> =
            self.columns.iter().map(|(name, _)| format!("{alias}.{}", identifier(name))).collect();
        names.join(", ")
    }

    /// The comparison of the key of `alias` with `key`: row by row where the key has several columns, which the
    /// key's index serves.
    pub(crate) fn compare(&self, alias: &str, operator: &str, key: &Key) -> String {
        let values = self.columns.iter().zip(&key.0);
        let values: Vec<_> = values
            .map(|((_, data_type), (_, value))| {
                format!("{}::{}", literal(value).trim_start(), data_type.name)
            })
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
