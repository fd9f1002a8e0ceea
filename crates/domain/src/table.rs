//! Names of tables: as a user writes them, and as the catalogue knows them.

use std::{fmt, str::FromStr};

use crate::sql::{identifier, is_plain};

/// A table of the source by its exact name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// Schema, exactly as in the catalogue.
    pub schema: String,
    /// Table, exactly as in the catalogue.
    pub table: String,
}

impl TableName {
    /// The name as part of an SQL statement, always quoted.
    pub fn to_sql(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.table))
    }
}

/// Shown as people write it: quoted only where it must be. Parsing it gives the same name back.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |name: &str| {
            if is_plain(name) { name.to_owned() } else { identifier(name) }
        };
        write!(f, "{}.{}", part(&self.schema), part(&self.table))
    }
}

/// A table as a user names it: `table` (then in schema `public`) or `schema.table`, either part double-quoted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReference {
    schema: Part,
    table: Part,
}

/// One part of a reference. Without quotes it may stand for the exact name or, as in SQL, for its lower-case form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    text: String,
    quoted: bool,
}

impl Part {
    fn candidates(&self) -> Vec<String> {
        // ASCII only, as PostgreSQL folds names in UTF-8.
        let folded = self.text.to_ascii_lowercase();
        if self.quoted || folded == self.text {
            vec![self.text.clone()]
        } else {
            vec![self.text.clone(), folded]
        }
    }
}

impl TableReference {
    /// The exact names that this reference may stand for, the likeliest first.
    pub fn candidates(&self) -> Vec<TableName> {
        let tables = self.table.candidates();
        let pairs = self.schema.candidates().into_iter().flat_map(|schema| {
            tables.iter().map(move |table| TableName { schema: schema.clone(), table: table.clone() })
        });
        pairs.collect()
    }
}

/// A name that is known refers to exactly itself.
impl From<&TableName> for TableReference {
    fn from(name: &TableName) -> Self {
        let exactly = |text: &str| Part { text: text.to_owned(), quoted: true };
        Self { schema: exactly(&name.schema), table: exactly(&name.table) }
    }
}

/// Why a text names no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableReferenceError {
    /// A part is missing, as in `public.`.
    #[error("a part of the name is empty: write table or schema.table")]
    Empty,
    /// A double quote is opened and not closed, or stands inside an unquoted part.
    #[error("the double quotes do not match: write \"Odd Name\", and \"\" for a quote inside")]
    Quotes,
    /// More than two parts.
    #[error("too many parts: write table or schema.table, and double-quote a name that holds a dot")]
    TooManyParts,
    /// PostgreSQL's names cannot hold NUL.
    #[error("a name cannot hold the NUL character")]
    Nul,
}

impl FromStr for TableReference {
    type Err = TableReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('\0') {
            return Err(TableReferenceError::Nul);
        }
        let (first, rest) = parse_part(text.trim())?;
        let Some(rest) = rest else {
            return Ok(Self { schema: Part { text: "public".to_owned(), quoted: true }, table: first });
        };
        match parse_part(rest)? {
            (table, None) => Ok(Self { schema: first, table }),
            (_, Some(_)) => Err(TableReferenceError::TooManyParts),
        }
    }
}

/// Takes one part off the front; what follows its dot is the rest.
fn parse_part(text: &str) -> Result<(Part, Option<&str>), TableReferenceError> {
    let (part, rest) = match text.strip_prefix('"') {
        Some(quoted) => parse_quoted(quoted)?,
        None => {
            let end = text.find('.').unwrap_or(text.len());
            (Part { text: text[..end].to_owned(), quoted: false }, &text[end..])
        }
    };
    if part.text.is_empty() {
        return Err(TableReferenceError::Empty);
    }
    if !part.quoted && part.text.contains('"') {
        return Err(TableReferenceError::Quotes);
    }
    match rest.strip_prefix('.') {
        Some(rest) => Ok((part, Some(rest))),
        None if rest.is_empty() => Ok((part, None)),
        None => Err(TableReferenceError::Quotes),
    }
}

fn parse_quoted(text: &str) -> Result<(Part, &str), TableReferenceError> {
    let mut name = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != '"' {
            name.push(character);
        } else if characters.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return Ok((Part { text: name, quoted: true }, &text[at + 1..]));
        }
    }
    Err(TableReferenceError::Quotes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(text: &str) -> TableName {
        text.parse::<TableReference>().unwrap().candidates().remove(0)
    }

    fn name(schema: &str, table: &str) -> TableName {
        TableName { schema: schema.to_owned(), table: table.to_owned() }
    }

    #[test]
    fn a_bare_name_is_in_public() {
        assert_eq!(first("orders"), name("public", "orders"));
    }

    #[test]
    fn quotes_protect_dots_quotes_and_blanks() {
        assert_eq!(first(r#""my schema"."a.b""c""#), name("my schema", "a.b\"c"));
    }

    #[test]
    fn unquoted_upper_case_stands_for_itself_first_and_then_for_lower_case() {
        let names = "shop.Orders".parse::<TableReference>().unwrap().candidates();
        assert_eq!(names, [name("shop", "Orders"), name("shop", "orders")]);
    }

    #[test]
    fn what_names_no_table_is_refused() {
        for text in ["", " ", ".", "a.", ".a", "a.b.c", "\"a", "a\"b", "\"a\"b", "\"\"", "a\0b"] {
            assert!(text.parse::<TableReference>().is_err(), "{text:?} was taken");
        }
    }

    proptest! {
        #[test]
        fn a_shown_name_parses_to_itself(schema in "[^\0]{1,12}", table in "[^\0]{1,12}") {
            let name = name(&schema, &table);
            let parsed: TableReference = name.to_string().parse().unwrap();
            prop_assert_eq!(parsed.candidates(), vec![name]);
        }
    }
}
