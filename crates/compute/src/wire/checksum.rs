//! A count and an order-independent checksum of rows.

use xxhash_rust::xxh3::xxh3_128;

/// Rows counted and summed up: equal for the same rows in any order, and different, but for a chance of 2^-128,
/// for others. The sum of hashes, unlike their XOR, does not cancel out rows that come twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Checksum {
    /// How many rows.
    pub(crate) rows: u64,
    sum: u128,
}

impl Checksum {
    /// So many rows that are not summed up.
    pub(crate) fn of_count(rows: u64) -> Self {
        Self { rows, sum: 0 }
    }

    /// Takes a row in, by its bytes on the wire.
    pub(crate) fn add(&mut self, row: &[u8]) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(Self::hash(row));
    }

    /// What a row adds to the sum.
    pub(crate) fn hash(row: &[u8]) -> u128 {
        xxh3_128(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[u8]]) -> Checksum {
        let mut checksum = Checksum::default();
        rows.iter().for_each(|row| checksum.add(row));
        checksum
    }

    #[test]
    fn order_does_not_matter() {
        assert_eq!(of(&[b"a", b"b", b"c"]), of(&[b"c", b"a", b"b"]));
    }

    #[test]
    fn a_missing_a_changed_and_a_doubled_row_are_noticed() {
        let whole = of(&[b"a", b"b", b"b"]);
        for other in
            [of(&[b"a", b"b"]), of(&[b"a", b"b", b"c"]), of(&[b"a", b"a", b"b"]), of(&[b"a", b"c", b"c"])]
        {
            assert_ne!(whole, other);
        }
    }
}
