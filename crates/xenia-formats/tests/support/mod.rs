//! Builders of the files that the tests read. They share no code with the readers and writers under test.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of it")]

pub mod elf_builder;
pub mod lzx_encoder;
pub mod xex_builder;

/// A small generator of bytes that depend on the seed alone (SplitMix64).
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
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
