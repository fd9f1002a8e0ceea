//! The only two ways in which outside text becomes part of an SQL statement.

/// Quotes `name` as an identifier, as PostgreSQL and DuckDB read it.
///
/// ```
/// assert_eq!(backfill_domain::sql::identifier(r#"odd " name"#), r#""odd "" name""#);
/// ```
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes `text` as a PostgreSQL string literal, whatever the server's `standard_conforming_strings` says.
///
/// ```
/// assert_eq!(backfill_domain::sql::literal("it's"), "'it''s'");
/// assert_eq!(backfill_domain::sql::literal(r"a\b"), r" E'a\\b'");
/// ```
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        // The blank keeps the E apart from a preceding word, as PQescapeLiteral does.
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// Quotes `text` as a DuckDB string literal; a backslash is an ordinary character there.
pub fn duckdb_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether `name` reads the same without quotes: lower-case letters, digits and underscores.
/// Keywords count as plain: this decides only how a name is shown and matched, never what a server receives.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
