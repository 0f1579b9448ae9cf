//! Random choices of a case, recorded so that they can be repeated and changed.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Maximum number of random words in a case; further ones are zero. Families draw a few hundred.
const MAX_WORDS: usize = 1 << 16;

/// Source of random words: recorded ones first, then those of a seed, then zeros.
#[derive(Clone, Debug)]
pub struct Choices {
    words: Vec<u32>,
    at: usize,
    seed: Option<ChaCha8Rng>,
}

impl Choices {
    /// Choices of a seed.
    pub fn of_seed(seed: u64) -> Self {
        Self { words: Vec::new(), at: 0, seed: Some(ChaCha8Rng::seed_from_u64(seed)) }
    }

    /// Repeats recorded words; further ones are zero.
    pub fn of_words(mut words: Vec<u32>) -> Self {
        words.truncate(MAX_WORDS);
        Self { words, at: 0, seed: None }
    }

    /// Words drawn so far.
    pub fn drawn(&self) -> &[u32] {
        &self.words[..self.at.min(self.words.len())]
    }

    /// Number of the next word.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Repeats the words from a position on.
    pub(crate) fn rewind(&mut self, position: usize) {
        self.at = position.min(self.at);
    }

    /// A number below `end`; 0 for the word 0.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(end.max(1))) >> 32) as u32
    }

    /// A number from `low` to `high`; `low` for the word 0.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as u32) as i32
    }

    /// True in `times` of `of` cases; false for the word 0.
    pub(crate) fn chance(&mut self, times: u32, of: u32) -> bool {
        self.below(of) + times >= of
    }

    /// One of the values; the first for the word 0.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// A number from `low` to `high` in `times` of `of` cases, else `simple`. Always draws two
    /// words, so that a smaller case keeps the rest.
    pub(crate) fn maybe(&mut self, times: u32, of: u32, simple: i32, low: i32, high: i32) -> i32 {
        let is_chosen = self.chance(times, of);
        let value = self.between(low, high);
        if is_chosen { value } else { simple }
    }
}

impl RngCore for Choices {
    fn next_u32(&mut self) -> u32 {
        let word = match (self.words.get(self.at), &mut self.seed) {
            (Some(word), _) => *word,
            (None, Some(seed)) if self.words.len() < MAX_WORDS => {
                let word = seed.next_u32();
                self.words.push(word);
                word
            }
            (None, _) => 0,
        };
        self.at += 1;
        word
    }

    fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        low | u64::from(self.next_u32()) << 32
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.next_u32().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_words_repeat_and_zeros_choose_the_simple_value() {
        let mut first = Choices::of_seed(7);
        let values: Vec<i32> = (0..9).map(|_| first.maybe(1, 2, 5, -9, 9)).collect();
        let mut again = Choices::of_words(first.drawn().to_vec());
        assert_eq!((0..9).map(|_| again.maybe(1, 2, 5, -9, 9)).collect::<Vec<_>>(), values);
        again.rewind(0);
        assert_eq!(again.maybe(1, 2, 5, -9, 9), values[0]);
        let mut none = Choices::of_words(Vec::new());
        assert_eq!((none.maybe(1, 2, 5, -9, 9), none.pick(&[3, 4]), none.between(-2, 2)), (5, 3, -2));
        assert_eq!(none.drawn(), [0_u32; 0]);
    }
}
