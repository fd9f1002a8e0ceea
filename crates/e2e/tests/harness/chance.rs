//! Chance that can be had once more.

use std::env;

use uuid::Uuid;

/// A row of numbers that follows from its seed (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    /// From `BACKFILL_TEST_SEED`, or else another one each time; it is printed, to be seen where the test fails.
    pub(crate) fn new() -> Self {
        let seed = match env::var("BACKFILL_TEST_SEED") {
            Ok(seed) => seed.parse().expect("BACKFILL_TEST_SEED is no number"),
            Err(_) => Uuid::new_v4().as_u64_pair().0,
        };
        eprintln!("BACKFILL_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// One of `items`.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
