//! Edge values and a seeded generator.

use xenia_guest::split_mix::SplitMix;

/// A small deterministic generator.
pub(crate) struct CaseRandom(SplitMix);

impl CaseRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() % from.len() as u64) as usize]
    }

    pub(crate) fn gpr(&mut self) -> u64 {
        if self.next().is_multiple_of(4) { self.next() } else { self.pick(GPRS) }
    }

    /// Bits of a double; signalling NaNs are not more frequent than others.
    pub(crate) fn double(&mut self) -> u64 {
        match self.next() % 4 {
            0 => (self.next() % 2000) as f64 as i64 as u64 ^ 0x4059_0000_0000_0000,
            1 => f64::from_bits(self.next() & 0x800F_FFFF_FFFF_FFFF | (1000 + self.next() % 48) << 52)
                .to_bits(),
            _ => self.pick(DOUBLES),
        }
    }

    /// Bits of a double that is representable as a single.
    pub(crate) fn single(&mut self) -> u64 {
        match self.next() % 3 {
            0 => f64::from(f32::from_bits(
                self.next() as u32 & 0x807F_FFFF | (100 + self.next() as u32 % 55) << 23,
            ))
            .to_bits(),
            _ => self.pick(SINGLES),
        }
    }

    pub(crate) fn vector(&mut self) -> u128 {
        match self.next() % 3 {
            0 => u128::from(self.next()) << 64 | u128::from(self.next()),
            1 => (0..16).fold(0, |v, _| v << 8 | u128::from(self.pick(BYTES))),
            _ => (0..4).fold(0, |v, _| v << 32 | u128::from(self.pick(WORDS))),
        }
    }

    pub(crate) fn float_vector(&mut self) -> u128 {
        (0..4).fold(0, |v, _| {
            let word = if self.next().is_multiple_of(2) {
                self.next() as u32 & 0x807F_FFFF | (110 + self.next() as u32 % 40) << 23
            } else {
                self.pick(FLOATS)
            };
            v << 32 | u128::from(word)
        })
    }

    pub(crate) fn memory<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

pub(crate) static GPRS: &[u64] = &[
    0,
    1,
    2,
    u64::MAX,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0xFFFF_FFFF_8000_0000,
    0xFFFF_FFFF_7FFF_FFFF,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0x8000_0000_8000_0000,
    0x0123_4567_89AB_CDEF,
    0xDEAD_BEEF_0000_0000,
    0x0000_0000_DEAD_BEEF,
    31,
    32,
    33,
    63,
    64,
    127,
    0xFFFF,
    0x7FFF,
];

pub(crate) static DOUBLES: &[u64] = &[
    0,
    0x8000_0000_0000_0000,
    0x3FF0_0000_0000_0000,
    0xBFF0_0000_0000_0000,
    0x3FF8_0000_0000_0000,
    0x4000_0000_0000_0000,
    0x3FB9_9999_9999_999A,
    0x3FD5_5555_5555_5555,
    0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000,
    0x7FF8_0000_0000_0000,
    0xFFF8_0000_0000_0001,
    0x7FF0_0000_0000_0001,
    0x7FF4_0000_0000_0000,
    0x7FEF_FFFF_FFFF_FFFF,
    0xFFEF_FFFF_FFFF_FFFF,
    0x0010_0000_0000_0000,
    0x000F_FFFF_FFFF_FFFF,
    0x0000_0000_0000_0001,
    0x8000_0000_0000_0001,
    0x41DF_FFFF_FFC0_0000,
    0x41E0_0000_0000_0000,
    0xC1E0_0000_0000_0000,
    0x43E0_0000_0000_0000,
    0xC3E0_0000_0000_0000,
    0x3FE0_0000_0000_0000,
    0x4004_0000_0000_0000,
    0x47EF_FFFF_F000_0000,
    0x36A0_0000_0000_0000,
    0x380F_FFFF_E000_0000,
];

pub(crate) static SINGLES: &[u64] = &[
    0,
    0x8000_0000_0000_0000,
    0x3FF0_0000_0000_0000,
    0xBFF0_0000_0000_0000,
    0x3FF8_0000_0000_0000,
    0x4008_0000_0000_0000,
    0x3FB9_9999_A000_0000,
    0x3FD5_5555_6000_0000,
    0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000,
    0x7FF8_0000_0000_0000,
    0x7FF4_0000_0000_0000,
    0x47EF_FFFF_E000_0000,
    0xC7EF_FFFF_E000_0000,
    0x3810_0000_0000_0000,
    0x36A0_0000_0000_0000,
    0xB690_0000_0000_0000,
    0x4330_0000_0000_0000,
];

static BYTES: &[u8] = &[0, 1, 0x7F, 0x80, 0xFF, 0x55, 0x0F, 0x10];

static WORDS: &[u32] = &[
    0,
    1,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x7FFF_8000,
    0x8000_7FFF,
    0x0001_0002,
    0x00FF_FF00,
    0x1234_5678,
    0x0000_FFFF,
];

/// No signalling NaN: the generator's random lanes test which operand's payload is kept.
static FLOATS: &[u32] = &[
    0,
    0x8000_0000,
    0x3F80_0000,
    0xBF80_0000,
    0x3FC0_0000,
    0x4020_0000,
    0xC020_0000,
    0x7F80_0000,
    0xFF80_0000,
    0x7FC0_0000,
    0xFFC1_2345,
    0x7F7F_FFFF,
    0xFF7F_FFFF,
    0x0080_0000,
    0x4EFF_FFFF,
    0x4F00_0000,
    0xCF00_0000,
    0x4F80_0000,
    0x3EFF_FFFF,
    0x4B00_0001,
];
