//! Initial data of sequences: registers and memory with edge values, values near 1, and random
//! bits.

use super::{Make, pick};
use crate::fuzz::sequence::{SANDBOX, SANDBOX_SIZE};
use rand_chacha::rand_core::RngCore;
use xenia_cpu::{PpcContext, msr_bit};

impl Make<'_> {
    pub(super) fn gpr_value(&mut self) -> u64 {
        match self.below(4) {
            0 => self.rng.next_u64(),
            1 => u64::from(self.rng.next_u32()),
            _ => pick(&mut self.rng, GPR_VALUES),
        }
    }

    pub(super) fn double(&mut self) -> u64 {
        match self.below(4) {
            0 => self.rng.next_u64(),
            // Near 1, so that sums and products stay finite.
            1 => self.rng.next_u64() & 0x800F_FFFF_FFFF_FFFF | u64::from(1000 + self.below(48)) << 52,
            // Singles.
            2 => f64::from(f32::from_bits(self.rng.next_u32())).to_bits(),
            _ => pick(&mut self.rng, DOUBLE_VALUES),
        }
    }

    pub(super) fn vector(&mut self) -> u128 {
        match self.below(4) {
            0 => u128::from(self.rng.next_u64()) << 64 | u128::from(self.rng.next_u64()),
            1 => (0..16).fold(0, |v, _| v << 8 | u128::from(pick(&mut self.rng, BYTE_VALUES))),
            2 => (0..4).fold(0, |v, _| {
                let word = self.rng.next_u32() & 0x807F_FFFF | (110 + self.below(40)) << 23;
                v << 32 | u128::from(word)
            }),
            _ => (0..4).fold(0, |v, _| v << 32 | u128::from(pick(&mut self.rng, WORD_VALUES))),
        }
    }

    pub(super) fn state(&mut self) -> Box<PpcContext> {
        let mut ctx = Box::<PpcContext>::default();
        for n in 0..32 {
            ctx.gpr[n] = self.gpr_value();
            ctx.fpr[n] = self.double();
        }
        ctx.gpr[1] = 0;
        ctx.gpr[13] = u64::from(SANDBOX) + SANDBOX_SIZE as u64 / 2;
        ctx.gpr[14] = ctx.gpr[13] + u64::from(self.below(64));
        // Only the registers in use need distinct values.
        let seen: Vec<u32> = self.vectors.iter().chain(&self.vectors128).copied().collect();
        for n in seen {
            ctx.vr[n as usize] = self.vector();
        }
        ctx.set_cr_word(self.rng.next_u32());
        let xer = self.rng.next_u32();
        // A summary overflow is rare in real code, and the baseline tier does not support it: one
        // state in 8.
        let so = if xer & 0x700 == 0 { 0x8000_0000 } else { 0 };
        ctx.set_xer_word(xer & (so | 0x6000_007F));
        ctx.ctr = self.gpr_value();
        ctx.vrsave = self.rng.next_u32();
        ctx.vscr = [0x1_0000, 0x1_0000, 0x1_0001, 0][self.below(4) as usize];
        ctx.fpscr = match self.below(8) {
            // Any rounding mode.
            0..=2 => self.below(4),
            // Enabled exceptions change results even if none is taken.
            3 => self.below(256),
            _ => 0,
        };
        if self.below(16) == 0 {
            ctx.msr |= msr_bit::SF;
        }
        ctx
    }

    pub(super) fn memory(&mut self) -> Box<[u8; SANDBOX_SIZE]> {
        let mut memory = Box::new([0; SANDBOX_SIZE]);
        // Values that are meaningful as numbers, too.
        for chunk in memory.chunks_mut(256) {
            self.rng.fill_bytes(&mut chunk[..64]);
            let double = self.double().to_be_bytes();
            let vector = self.vector().to_be_bytes();
            for part in chunk[64..].chunks_exact_mut(32) {
                part[..8].copy_from_slice(&double);
                part[8..16].copy_from_slice(&double);
                part[16..].copy_from_slice(&vector);
            }
        }
        memory
    }
}

static GPR_VALUES: &[u64] = &[
    0,
    1,
    u64::MAX,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0xFFFF_FFFF_8000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    31,
    32,
    63,
    64,
    0xFFFF,
    0x8000,
];

static DOUBLE_VALUES: &[u64] = &[
    0,
    0x8000_0000_0000_0000,
    0x3FF0_0000_0000_0000,
    0xBFF0_0000_0000_0000,
    0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000,
    0x7FF8_0000_0000_0000,
    0x7FF0_0000_0000_0001,
    0xFFFC_0000_0000_1234,
    0x7FEF_FFFF_FFFF_FFFF,
    0x0010_0000_0000_0000,
    0x000F_FFFF_FFFF_FFFF,
    0x0000_0000_0000_0001,
    0x47EF_FFFF_E000_0000,
    0x47EF_FFFF_F000_0000,
    0x3690_0000_0000_0000,
    0x380F_FFFF_E000_0000,
    0x41DF_FFFF_FFC0_0000,
    0x43E0_0000_0000_0000,
    0xC3E0_0000_0000_0000,
    0x4340_0000_0000_0001,
];

static BYTE_VALUES: &[u8] = &[0, 1, 0x7F, 0x80, 0xFF, 0x0F, 0x55];

static WORD_VALUES: &[u32] = &[
    0,
    0x8000_0000,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
    0x3F80_0000,
    0xBF80_0000,
    0x7F80_0000,
    0xFF80_0000,
    0x7FC0_0000,
    0x7F80_0001,
    0xFFC1_2345,
    0x0080_0000,
    0x0000_0001,
    0x807F_FFFF,
    0x7F7F_FFFF,
    0x4F00_0000,
    0x4B00_0001,
    0x4040_0001,
    0x3F80_00FF,
];
