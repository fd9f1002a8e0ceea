//! A count and an order-independent checksum of rows, which DuckDB computes where the rows are.

use backfill_domain::options::Verification;
use duckdb::Connection;

use super::types::Kind;

/// Rows counted and summed up. The rows' hashes are 64 bits wide, their sum is wider: it cannot overflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    /// How many rows.
    pub(crate) rows: u64,
    sum: i128,
}

impl Digest {
    /// The rows that `from`, the rest of a SELECT from its FROM on, gives.
    pub(crate) fn of(connection: &Connection, columns: &Digested, from: &str) -> duckdb::Result<Self> {
        let sql = format!("SELECT count(*), coalesce(sum({}), 0) FROM {from}", columns.hash());
        connection.query_row(&sql, [], |row| Ok(Self { rows: row.get(0)?, sum: row.get(1)? }))
    }

    /// These rows and others.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, sum: self.sum + other.sum }
    }

    /// These rows without others that are among them.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self { rows: self.rows.saturating_sub(other.rows), sum: self.sum - other.sum }
    }
}

/// What goes into a digest: SQL expressions, in the columns' order.
#[derive(Debug, Clone)]
pub(crate) struct Digested(Vec<String>);

impl Digested {
    /// Expressions with their kinds.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (String, &'a Kind)>) -> Self {
        let expressions = columns.into_iter().flat_map(|(expression, kind)| {
            // DuckDB gives an empty list and a list of one NULL the same hash.
            let length = matches!(kind, Kind::List(_)).then(|| format!("len({expression})"));
            std::iter::once(expression).chain(length)
        });
        Self(expressions.collect())
    }

    /// The same at this level: the rows are only counted, unless it wants their checksum.
    pub(crate) fn at(self, level: Verification) -> Self {
        if level == Verification::Checksum { self } else { Self(Vec::new()) }
    }

    /// A row's hash. All columns go into one, so that values which change places change it.
    fn hash(&self) -> String {
        if self.0.is_empty() {
            return "0::HUGEINT".to_owned();
        }
        format!("hash({})::HUGEINT", self.0.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of rows of an integer, a text and a list.
    fn digest(rows: &str) -> Digest {
        let kinds = [Kind::Integer, Kind::Varchar, Kind::List(Kind::Integer.into())];
        let columns = Digested::new(["a", "b", "c"].map(str::to_owned).into_iter().zip(&kinds));
        let connection = Connection::open_in_memory().unwrap();
        Digest::of(&connection, &columns, &format!("(VALUES {rows}) t (a, b, c)")).unwrap()
    }

    #[test]
    fn order_does_not_matter() {
        assert_eq!(digest("(1, 'x', [1]), (2, 'y', [2])"), digest("(2, 'y', [2]), (1, 'x', [1])"));
    }

    #[test]
    fn changed_swapped_doubled_and_missing_values_are_noticed() {
        let whole = digest("(1, 'x', [1, 2]), (2, 'y', [3])");
        for other in [
            "(1, 'x', [1, 2]), (2, 'z', [3])",
            "(1, 'y', [1, 2]), (2, 'x', [3])",
            "(1, 'x', [2, 1]), (2, 'y', [3])",
            "(1, 'x', [1, 2]), (2, 'y', NULL)",
            "(1, 'x', [1, 2]), (NULL, 'y', [3])",
            "(1, 'x', [1, 2])",
            "(1, 'x', [1, 2]), (1, 'x', [1, 2])",
        ] {
            assert_ne!(digest(other), whole, "{other}");
        }
    }

    #[test]
    fn nothing_is_not_null_and_null_is_not_empty() {
        let row = |b: &str, c: &str| digest(&format!("(1, {b}::VARCHAR, {c}::INTEGER[])"));
        assert_ne!(row("''", "[]"), row("NULL", "[]"));
        assert_ne!(row("''", "[]"), row("''", "NULL"));
        assert_ne!(row("''", "[]"), row("''", "[NULL]"));
    }

    #[test]
    fn digests_add_up() {
        let (one, two) = (digest("(1, 'x', [1])"), digest("(2, 'y', [2])"));
        let both = digest("(1, 'x', [1]), (2, 'y', [2])");
        assert_eq!(one.plus(two), both);
        assert_eq!(both.minus(one), two);
    }
}
