//! Deterministic random bytes: SHA-256 of a counter and a seed of the machine.
//!
//! The only host input is the start of guest time, so in lockstep every run has the same bytes. Not
//! suitable for secrets.

use super::hash::{Algorithm, Hash};
use serde::{Deserialize, Serialize};

/// Generator of the machine's random bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Random {
    seed: u64,
    count: u64,
    left: Vec<u8>,
}

impl Random {
    /// A generator with the given seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, count: 0, left: Vec::new() }
    }

    /// Fills `bytes` with the next random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left.is_empty() {
                let mut hash = Hash::new(Algorithm::Sha256);
                hash.update(&self.seed.to_be_bytes());
                hash.update(&self.count.to_be_bytes());
                self.count = self.count.wrapping_add(1);
                self.left = hash.finish();
            }
            *byte = self.left.pop().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_continues_the_sequence() {
        let mut random = Random::new(7);
        random.fill(&mut [0; 45]);
        let mut copy = random.clone();
        let [mut one, mut other] = [[0; 100]; 2];
        random.fill(&mut one);
        copy.fill(&mut other);
        assert_eq!(one, other);
        assert_eq!(random, copy);
    }

    #[test]
    fn they_repeat_from_the_start_and_not_before() {
        let taken = |seed, parts: &[usize]| {
            let mut random = Random::new(seed);
            let mut all = Vec::new();
            for &part in parts {
                let mut bytes = vec![0; part];
                random.fill(&mut bytes);
                all.extend(bytes);
            }
            all
        };
        let all = taken(1, &[4096]);
        assert_eq!(taken(1, &[1, 31, 33, 4031]), all);
        assert_ne!(taken(2, &[4096]), all);
        let mut counts = [0; 256];
        for byte in &all {
            counts[usize::from(*byte)] += 1;
        }
        assert!(counts.iter().all(|count| (1..60).contains(count)), "{counts:?}");
    }
}
