//! A pseudo-random number generator with a fixed sequence for each seed.

use xenia_guest::split_mix::SplitMix;

/// State of the generator.
#[derive(Clone, Debug)]
pub(super) struct Dice(SplitMix);

impl Dice {
    /// Starts an independent stream for part `index` of `seed`.
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut dice = Self(SplitMix(seed ^ index.wrapping_mul(0xD6E8_FEB8_6659_FD93)));
        dice.next();
        dice
    }

    /// Draws the next number of the stream.
    pub(super) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        (((self.next() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// True with a probability of `percent`.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// A random item.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// Shuffles the items.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}
