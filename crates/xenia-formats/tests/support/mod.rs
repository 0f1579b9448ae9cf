//! Builders of the files that the tests read. They share no code with the readers and writers under test.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of it")]

pub mod elf_builder;
pub mod gdfx_builder;
pub mod lzx_encoder;
pub mod stfs_builder;
pub mod xex_builder;

use xenia_testing::Dice;

/// Bytes that depend on the seed alone.
pub struct Noise(Dice);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(Dice(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    /// Bytes with repetitions at all distances, so that a compressor finds matches.
    pub fn compressible(&mut self, size: usize) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::with_capacity(size);
        while out.len() < size {
            if out.len() > 16 && self.below(3) != 0 {
                let distance = 1 + self.below(out.len());
                for _ in 0..2 + self.below(300) {
                    out.push(out[out.len() - distance]);
                }
            } else {
                for _ in 0..=self.below(40) {
                    let byte = self.next() as u8;
                    // Call opcodes are frequent, for the translation of their targets.
                    out.push(if byte < 8 { 0xE8 } else { byte & 0x7F });
                }
            }
        }
        out.truncate(size);
        out
    }
}
