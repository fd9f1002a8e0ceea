//! Which columns of a table a job copies, and what they are called where they arrive.

use std::collections::HashMap;

use crate::{
    catalog::{Column, Table},
    options::ColumnChoice,
    validation::FieldError,
};

/// Longest name that a column can have in PostgreSQL, in bytes.
const MAX_NAME_BYTES: usize = 63;

/// A table of the source as a job copies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Copied {
    /// As it is read: the columns to copy in their order, and then those of its primary key that are not copied.
    pub read: Table,
    /// As it is written: the columns to copy under the names that they have at the destinations, with the primary
    /// key if all of it is copied.
    pub written: Table,
}

impl Copied {
    /// The columns of the primary key that are read, to walk along, and not copied.
    pub fn key_left_out(&self) -> impl Iterator<Item = &str> {
        self.read.columns.iter().skip(self.written.columns.len()).map(|column| column.name.as_str())
    }
}

/// Holds `choices` against `table`; without any, all of it is copied as it is.
///
/// # Errors
/// Every choice that names no column of the table, one that is chosen already, or a new name that cannot be.
pub fn choose(table: &Table, choices: Option<&[ColumnChoice]>) -> Result<Copied, Vec<FieldError>> {
    let Some(choices) = choices else {
        return Ok(Copied { read: table.clone(), written: table.clone() });
    };
    if choices.is_empty() {
        return Err(vec![FieldError::new("columns", "names no column; leave it out to copy all of them")]);
    }
    let errors = check(table, choices);
    if errors.is_empty() { Ok(apply(table, choices)) } else { Err(errors) }
}

fn check(table: &Table, choices: &[ColumnChoice]) -> Vec<FieldError> {
    let (mut errors, mut chosen, mut named) = (Vec::new(), HashMap::new(), HashMap::new());
    for (at, choice) in choices.iter().enumerate() {
        let mut refuse = |field: &str, message: String| {
            errors.push(FieldError::new(format!("columns[{at}].{field}"), message));
        };
        if table.column(&choice.name).is_none() {
            refuse("name", unknown_column(table, &choice.name));
        } else if let Some(other) = chosen.insert(&choice.name, at) {
            refuse("name", format!("column {} is chosen already, by columns[{other}]", choice.name));
        } else if let Some(reason) = choice.rename.as_deref().and_then(unfit_name) {
            refuse("as", reason);
        } else if let Some(other) = named.insert(name_of(choice), at) {
            let field = if choice.rename.is_some() { "as" } else { "name" };
            refuse(field, format!("columns[{other}] has the name {} at the destinations", name_of(choice)));
        }
    }
    errors
}

/// Says that the table has no such column, and which one may have been meant.
fn unknown_column(table: &Table, name: &str) -> String {
    let folded = name.to_lowercase();
    let is_similar = |other: &&str| {
        let other = other.to_lowercase();
        !folded.is_empty() && (other.contains(&folded) || folded.contains(&other))
    };
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let similar: Vec<_> = names.iter().copied().filter(is_similar).collect();
    let (hint, names) = if similar.is_empty() { ("it has", names) } else { ("similar are", similar) };
    format!("{} has no column {name:?}; {hint} {}", table.table_name(), names.join(", "))
}

fn unfit_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("must not be empty; leave it out to keep the name".to_owned());
    }
    if name.contains('\0') {
        return Some("must not contain the NUL character".to_owned());
    }
    (name.len() > MAX_NAME_BYTES).then(|| format!("must have at most {MAX_NAME_BYTES} bytes"))
}

fn name_of(choice: &ColumnChoice) -> &str {
    choice.rename.as_deref().unwrap_or(&choice.name)
}

fn apply(table: &Table, choices: &[ColumnChoice]) -> Copied {
    let chosen: Vec<_> =
        choices.iter().filter_map(|choice| Some((choice, table.column(&choice.name)?.clone()))).collect();
    let renamed = |(choice, column): &(&ColumnChoice, Column)| Column {
        name: name_of(choice).to_owned(),
        ..column.clone()
    };
    let written = chosen.iter().map(renamed).collect();
    let new_name = |key: &String| {
        choices.iter().find(|choice| choice.name == *key).map(|choice| name_of(choice).to_owned())
    };
    let key: Option<Vec<_>> = table.primary_key.iter().map(new_name).collect();
    let mut read: Vec<_> = chosen.into_iter().map(|(_, column)| column).collect();
    let is_chosen = |column: &&Column| choices.iter().any(|choice| choice.name == column.name);
    read.extend(table.key_columns().into_iter().filter(|column| !is_chosen(column)).cloned());
    Copied {
        read: Table { columns: read, ..table.clone() },
        written: Table { columns: written, primary_key: key.unwrap_or_default(), ..table.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{DataType, TableKind, TypeKind};

    fn table() -> Table {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            type_name: "integer".to_owned(),
            nullable: false,
            data_type: DataType {
                oid: 23,
                name: "integer".to_owned(),
                modifier: -1,
                kind: TypeKind::Base,
                element_oid: None,
            },
        };
        Table {
            schema: "shop".to_owned(),
            name: "lines".to_owned(),
            kind: TableKind::Table,
            estimated_rows: None,
            bytes: None,
            columns: ["order_id", "line", "total", "Note"].iter().map(column).collect(),
            primary_key: ["line", "order_id"].map(str::to_owned).to_vec(),
            indexes: Vec::new(),
        }
    }

    fn choices(names: &[(&str, Option<&str>)]) -> Vec<ColumnChoice> {
        let choice = |(name, rename): &(&str, Option<&str>)| ColumnChoice {
            name: (*name).to_owned(),
            rename: rename.map(str::to_owned),
        };
        names.iter().map(choice).collect()
    }

    fn names(table: &Table) -> Vec<&str> {
        table.columns.iter().map(|column| column.name.as_str()).collect()
    }

    fn refusals(names: &[(&str, Option<&str>)]) -> Vec<String> {
        let errors = choose(&table(), Some(&choices(names))).unwrap_err();
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
    }

    #[test]
    fn without_a_choice_all_is_copied() {
        let copied = choose(&table(), None).unwrap();
        assert_eq!((copied.read, copied.written), (table(), table()));
    }

    #[test]
    fn chosen_columns_come_in_their_order_under_their_new_names() {
        let chosen =
            choices(&[("total", Some("amount")), ("order_id", Some("line")), ("line", Some("order_id"))]);
        let copied = choose(&table(), Some(&chosen)).unwrap();
        assert_eq!(names(&copied.read), ["total", "order_id", "line"]);
        assert_eq!(copied.read.primary_key, ["line", "order_id"]);
        assert_eq!(names(&copied.written), ["amount", "line", "order_id"]);
        assert_eq!(copied.written.primary_key, ["order_id", "line"], "the key's order, in its new names");
    }

    #[test]
    fn a_key_that_is_not_copied_whole_is_read_and_no_key_at_the_destinations() {
        let copied = choose(&table(), Some(&choices(&[("total", None), ("line", None)]))).unwrap();
        assert_eq!(names(&copied.read), ["total", "line", "order_id"]);
        assert_eq!(names(&copied.written), ["total", "line"]);
        assert!(copied.written.primary_key.is_empty());
        assert_eq!(copied.key_left_out().collect::<Vec<_>>(), ["order_id"]);
    }

    #[test]
    fn what_cannot_be_chosen_is_named() {
        assert_eq!(refusals(&[]), ["columns: names no column; leave it out to copy all of them"]);
        let long = "x".repeat(64);
        assert_eq!(
            refusals(&[
                ("note", None),
                ("price", None),
                ("line", None),
                ("line", Some("other")),
                ("total", Some("line")),
                ("Note", Some("")),
                ("order_id", Some(&long)),
            ]),
            [
                "columns[0].name: shop.lines has no column \"note\"; similar are Note",
                "columns[1].name: shop.lines has no column \"price\"; it has order_id, line, total, Note",
                "columns[3].name: column line is chosen already, by columns[2]",
                "columns[4].as: columns[2] has the name line at the destinations",
                "columns[5].as: must not be empty; leave it out to keep the name",
                "columns[6].as: must have at most 63 bytes",
            ]
        );
        let names = [("line", Some("total")), ("total", None)];
        assert_eq!(refusals(&names), ["columns[1].name: columns[0] has the name total at the destinations"]);
    }
}
