//! Which column stands where in a row on the wire.

use backfill_domain::{
    catalog::{DataType, Table},
    sql::identifier,
};
use postgres::types::Type;
use uuid::Uuid;

use super::{Rendition, batch::Tuple};
use crate::key::Key;

/// The columns of a row on the wire, in their order.
///
/// The table's columns come first, in binary form, as far as any destination wants them so; then the texts that some
/// destination asks for, or the key where its binary form cannot be read here.
#[derive(Debug)]
pub(crate) struct Layout {
    columns: Vec<(usize, Rendition)>,
    key: Vec<(usize, KeyForm)>,
    select_list: String,
    key_names: Vec<String>,
}

/// Where each column that somebody is interested in stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Projection(Vec<usize>);

impl Layout {
    /// The rows of `table` for destinations that want each of its first columns, as far as they are copied, in one of
    /// `wanted` renditions each; the key comes in a form that can be read.
    pub(crate) fn new(table: &Table, wanted: &[&[Rendition]]) -> Self {
        let is_key = |at: usize| table.primary_key.contains(&table.columns[at].name);
        let mut columns: Vec<(usize, Rendition)> = Vec::new();
        for rendition in [Rendition::Binary, Rendition::Text] {
            for at in 0..table.columns.len() {
                let is_wanted = wanted.iter().any(|destination| destination.get(at) == Some(&rendition));
                if is_wanted || (is_key(at) && KeyForm::of(&table.columns[at].data_type).0 == rendition) {
                    columns.push((at, rendition));
                }
            }
        }
        let select_list: Vec<_> = columns.iter().map(|column| expression(table, *column)).collect();
        let key = table.primary_key.iter().filter_map(|name| {
            let at = table.columns.iter().position(|column| column.name == *name)?;
            let (rendition, form) = KeyForm::of(&table.columns[at].data_type);
            Some((columns.iter().position(|column| *column == (at, rendition))?, form))
        });
        Self {
            key: key.collect(),
            select_list: select_list.join(", "),
            key_names: table.primary_key.clone(),
            columns,
        }
    }

    /// The columns as the list of a SELECT.
    pub(crate) fn select_list(&self) -> &str {
        &self.select_list
    }

    /// How many columns a row has on the wire.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Where the columns of a destination with these `renditions` stand. Every rendition was passed to
    /// [`Layout::new`], so each has its place.
    pub(crate) fn projection(&self, renditions: &[Rendition]) -> Projection {
        let positions = renditions
            .iter()
            .enumerate()
            .filter_map(|(at, rendition)| self.columns.iter().position(|column| *column == (at, *rendition)));
        Projection(positions.collect())
    }

    /// Where the renditions of a column stand, each with the expression that it is selected by.
    pub(crate) fn renditions_of(&self, table: &Table, name: &str) -> Vec<(usize, String)> {
        let is_of = |(at, _): &(usize, Rendition)| table.columns[*at].name == name;
        let renditions = self.columns.iter().enumerate().filter(|(_, column)| is_of(column));
        renditions.map(|(place, column)| (place, expression(table, *column))).collect()
    }

    /// Where the columns of another layout of the same table stand, as far as this one has them.
    pub(crate) fn projection_of(&self, other: &Self) -> Projection {
        let position = |column| self.columns.iter().position(|own| own == column);
        Projection(other.columns.iter().filter_map(position).collect())
    }

    /// The row's key; without columns for a table without one.
    pub(crate) fn key_of(&self, tuple: &Tuple<'_>) -> Key {
        let fields: Vec<_> = tuple.fields().collect();
        let value = |at: usize| fields.get(at).copied().flatten().unwrap_or_default();
        let texts = self.key.iter().map(|(at, form)| form.text(value(*at)));
        Key::new(self.key_names.iter().cloned().zip(texts).collect())
    }

    /// The row's key for people to read, such as `id = 7`; without a key, what says so.
    pub(crate) fn describe_key(&self, tuple: &Tuple<'_>) -> String {
        if self.key_names.is_empty() { "no primary key".to_owned() } else { self.key_of(tuple).to_string() }
    }
}

/// How a value of the key is read off a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyForm {
    Text,
    SmallInt,
    Integer,
    BigInt,
    Uuid,
}

impl KeyForm {
    /// How a key of this type comes. What its binary form says at once spares the source a cast for each row.
    fn of(data_type: &DataType) -> (Rendition, Self) {
        let is = |known: Type| known.oid() == data_type.oid;
        match () {
            () if is(Type::INT8) => (Rendition::Binary, Self::BigInt),
            () if is(Type::INT4) => (Rendition::Binary, Self::Integer),
            () if is(Type::INT2) => (Rendition::Binary, Self::SmallInt),
            () if is(Type::UUID) => (Rendition::Binary, Self::Uuid),
            () if is(Type::TEXT) || is(Type::VARCHAR) => (Rendition::Binary, Self::Text),
            () => (Rendition::Text, Self::Text),
        }
    }

    fn text(self, value: &[u8]) -> String {
        let text = match self {
            Self::Text => None,
            Self::SmallInt => value.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).to_string()),
            Self::Integer => value.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).to_string()),
            Self::BigInt => value.try_into().ok().map(|bytes| i64::from_be_bytes(bytes).to_string()),
            Self::Uuid => Uuid::from_slice(value).ok().map(|uuid| uuid.to_string()),
        };
        text.unwrap_or_else(|| String::from_utf8_lossy(value).into_owned())
    }
}

fn expression(table: &Table, (at, rendition): (usize, Rendition)) -> String {
    let name = identifier(&table.columns[at].name);
    match rendition {
        Rendition::Binary => name,
        Rendition::Text => format!("{name}::text"),
    }
}

impl Projection {
    /// Positions on the wire, in the order of the table's columns.
    pub(crate) fn positions(&self) -> &[usize] {
        &self.0
    }

    /// Whether rows of `width` columns can be taken as they are.
    pub(crate) fn is_whole_row(&self, width: usize) -> bool {
        self.0.len() == width && self.0.iter().enumerate().all(|(at, position)| at == *position)
    }
}
