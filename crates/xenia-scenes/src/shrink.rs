//! Smaller cases that still fail: words are removed, then made zero or smaller.

/// Maximum number of runs of a case while it is shrunk.
const MAX_RUNS: u32 = 400;

/// Candidate search over the words of a failing case.
struct Search<'a> {
    words: Vec<u32>,
    left: u32,
    fails: &'a mut dyn FnMut(&[u32]) -> bool,
}

impl Search<'_> {
    /// Keeps a candidate if it fails, too.
    fn attempt(&mut self, candidate: Vec<u32>) -> bool {
        if self.left == 0 || candidate == self.words {
            return false;
        }
        self.left -= 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.words = candidate;
        }
        fails
    }

    /// Cuts the end off: missing words are zero.
    fn cut(&mut self) {
        let mut step = self.words.len() / 2;
        while step > 0 {
            let length = self.words.len().saturating_sub(step);
            if !self.attempt(self.words[..length].to_vec()) {
                step /= 2;
            }
        }
    }

    /// Makes runs of words zero; returns whether any became smaller.
    fn clear(&mut self, length: usize) -> bool {
        let mut is_smaller = false;
        for start in (0..self.words.len()).step_by(length) {
            let end = (start + length).min(self.words.len());
            if self.words.get(start..end).is_some_and(|run| run.iter().any(|word| *word != 0)) {
                let mut candidate = self.words.clone();
                candidate[start..end].fill(0);
                is_smaller |= self.attempt(candidate);
            }
        }
        is_smaller
    }

    /// Halves single words.
    fn halve(&mut self) {
        for at in 0..self.words.len() {
            while self.words.get(at).is_some_and(|word| *word != 0) {
                let mut candidate = self.words.clone();
                candidate[at] /= 2;
                if !self.attempt(candidate) {
                    break;
                }
            }
        }
    }
}

/// Returns words for which `fails` still holds, as few and as small as a limited number of runs
/// finds. `fails` must hold for `words`.
pub fn shrink(words: Vec<u32>, fails: &mut dyn FnMut(&[u32]) -> bool) -> Vec<u32> {
    let mut search = Search { words, left: MAX_RUNS, fails };
    search.cut();
    let mut length = (search.words.len() / 4).max(1);
    loop {
        let is_smaller = search.clear(length);
        if length > 1 {
            length /= 2;
        } else if !is_smaller || search.left == 0 {
            break;
        }
    }
    search.cut();
    search.halve();
    search.words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_that_matter_remain() {
        let words: Vec<u32> = (1..=60).map(|word| word * 1_000_000).collect();
        let small = shrink(words, &mut |words| {
            let word = |at: usize| words.get(at).copied().unwrap_or(0);
            word(7) > 1000 && word(20) != 0
        });
        assert_eq!(small.len(), 21);
        assert_eq!(small.iter().filter(|word| **word != 0).count(), 2);
        assert!((1001..=2002).contains(&small[7]) && small[20] == 1, "{small:?}");
    }
}
