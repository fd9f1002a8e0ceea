//! How large chunks are, and how many a plan has.

use super::{Facts, Plan, Strategy};
use crate::destination::DestinationSettings;

/// How many rows chunks have, as long as these are not too wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRows {
    /// In the first one.
    pub first: u64,
    /// At most, to which the following ones grow.
    pub most: u64,
}

impl ChunkRows {
    /// A small first chunk shows soon that all is well; larger ones cost fewer transactions. The largest are as large as
    /// DuckDB's row groups.
    pub const GROWING: Self = Self { first: 10_000, most: 122_880 };

    /// By how much a chunk may be larger than the one before.
    pub const GROWTH: u64 = 4;

    /// As many in each.
    pub fn fixed(rows: u32) -> Self {
        Self { first: rows.into(), most: rows.into() }
    }

    /// As many in each as the destinations want that say so, unless the daemon was told fewer.
    #[must_use]
    pub fn for_destinations(self, destinations: &[DestinationSettings]) -> Self {
        let told = (self != Self::GROWING).then_some(self.most);
        let wanted = destinations.iter().filter_map(|settings| settings.batch_rows()).map(u64::from);
        let smallest = wanted.chain(told).min();
        smallest.map_or(self, |rows| Self { first: rows, most: rows })
    }

    /// In how many chunks so many rows come, of which none has more than `most`.
    fn count(self, rows: u64, most: u64) -> u64 {
        let most = self.most.min(most).max(1);
        let (mut left, mut chunks, mut size) = (rows, 0, self.first.clamp(1, most));
        while size < most && left > 0 {
            left = left.saturating_sub(size);
            size = (size * Self::GROWTH).min(most);
            chunks += 1;
        }
        chunks + left.div_ceil(most)
    }
}

impl Plan {
    /// About how many chunks of `rows` each it has, if no more than `bytes` are to be in one and the expected rows take
    /// `expected_bytes`. Each section has one at least; rows that change meanwhile make one more, of which nobody knows.
    pub fn estimated_chunks(
        &self,
        facts: &Facts,
        rows: ChunkRows,
        bytes: u64,
        expected_bytes: Option<u64>,
    ) -> u64 {
        let expected = facts.expected_rows.unsigned_abs();
        let fit = |all: u64| u128::from(bytes) * u128::from(expected) / u128::from(all);
        let most = expected_bytes
            .filter(|all| *all > 0)
            .map_or(rows.most, |all| u64::try_from(fit(all)).unwrap_or(rows.most));
        let pages: i64 = facts.relations.iter().map(|relation| relation.pages).sum();
        let of_section = |(at, strategy): (usize, Strategy)| match strategy {
            Strategy::Stream => 1,
            Strategy::CatchUp => 0,
            Strategy::KeyRanges | Strategy::PageRanges => {
                let share = match facts.relations.get(at) {
                    Some(relation) if pages > 0 => relation.pages as f64 / pages as f64,
                    _ => 1.0,
                };
                rows.count((expected as f64 * share).round() as u64, most).max(1)
            }
        };
        self.sections.iter().map(|section| section.strategy).enumerate().map(of_section).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_grow_until_they_have_the_most_rows_or_bytes() {
        let count = |rows, most| ChunkRows::GROWING.count(rows, most);
        assert_eq!(count(0, u64::MAX), 0);
        assert_eq!(count(9_999, u64::MAX), 1);
        // 10,000, 40,000, and then 122,880 each.
        assert_eq!(count(50_000, u64::MAX), 2);
        assert_eq!(count(50_000 + 2 * 122_880 + 1, u64::MAX), 5);
        assert_eq!(count(1_000, 100), 10);
        assert_eq!(ChunkRows::fixed(500).count(1_001, u64::MAX), 3);
    }
}
