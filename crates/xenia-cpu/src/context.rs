//! The architected state of one guest thread.
//!
//! A guest thread is fully described by its context: at a call, an exit or a block boundary, host
//! frames hold no guest state. The layout is `repr(C)` because compiled code addresses the fields
//! by offset (`core::mem::offset_of!`).
//!
//! Vector registers hold the host-order integer of the big-endian 16 bytes
//! (`u128::from_be_bytes(memory)`): element 0, the one at the lowest address, is in the most
//! significant bits. `lvx` is therefore a load and one byte reversal, and every lane is in host
//! order.

mod state;

use crate::CrField;
use serde::{Deserialize, Serialize};
use std::mem::offset_of;
use xenia_guest::GuestAddr;

/// Bits of a CR field's nibble.
pub mod cr_bit {
    /// Less than, or negative.
    pub const LT: u8 = 8;
    /// Greater than, or positive.
    pub const GT: u8 = 4;
    /// Equal, or zero.
    pub const EQ: u8 = 2;
    /// Summary overflow, or unordered.
    pub const SO: u8 = 1;
}

/// Bits of the machine state register.
pub mod msr_bit {
    /// 64-bit computation mode. Clear for titles.
    pub const SF: u64 = 1 << 63;
    /// The processor is in hypervisor state.
    pub const HV: u64 = 1 << 60;
    /// Vector unit available.
    pub const VEC: u64 = 1 << 25;
    /// External interrupts enabled.
    pub const EE: u64 = 1 << 15;
    /// Problem state (user mode). Clear for titles.
    pub const PR: u64 = 1 << 14;
    /// Floating point available.
    pub const FP: u64 = 1 << 13;
    /// Machine checks enabled.
    pub const ME: u64 = 1 << 12;
    /// Floating-point exception mode 0.
    pub const FE0: u64 = 1 << 11;
    /// Floating-point exception mode 1.
    pub const FE1: u64 = 1 << 8;
    /// Translation of instruction addresses.
    pub const IR: u64 = 1 << 5;
    /// Translation of data addresses.
    pub const DR: u64 = 1 << 4;
    /// The interrupt is recoverable.
    pub const RI: u64 = 1 << 1;
    /// Accesses are little-endian.
    pub const LE: u64 = 1;
}

/// Bits of the vector status and control register; the others are reserved.
pub mod vscr_bit {
    /// Non-Java mode: denormal operands and results are zeros.
    pub const NJ: u32 = 1 << 16;
    /// Saturation: a result saturated since the bit was last cleared.
    pub const SAT: u32 = 1;
}

/// The reservation made by `lwarx`/`ldarx`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(C)]
pub struct Reservation {
    /// The value that was loaded (zero-extended).
    pub value: u64,
    /// The reserved address; its line is `addr & !127`.
    pub addr: u32,
    /// Generation from the reservation table, if one is in use.
    pub generation: u32,
    /// 1 while the reservation is valid.
    pub valid: u32,
    /// Size of the reserving load in bytes: 4 or 8.
    pub size: u32,
}

impl Reservation {
    /// Address and generation, for the machine's reservation table; `None` without a reservation.
    pub fn held(&mut self) -> Option<(GuestAddr, &mut u32)> {
        (self.valid != 0).then_some((GuestAddr(self.addr), &mut self.generation))
    }
}

/// The last floating-point operation whose FPRF, FR and FI an engine has not computed yet (lazy
/// flags).
///
/// `op` is 0 if no operation is pending; other values belong to the engine. Always 0 outside
/// [`crate::Execute::run`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct FpLazy {
    /// The operation, in the engine's numbering; 0: none.
    pub op: u64,
    /// Bits of the first operand.
    pub a: u64,
    /// Bits of the second operand.
    pub b: u64,
    /// Bits of the third operand.
    pub c: u64,
}

/// The value of PVR: the version of Xenon that retail consoles report (known: 0x710600, 0x710700,
/// 0x710800). Some system titles require at least this one.
pub const PROCESSOR_VERSION: u64 = 0x0071_0700;

/// Length of [`PpcContext::host`].
pub const HOST_WORDS: usize = 72;

/// One hardware thread's registers, and per-thread data of engines.
#[derive(Clone, Debug)]
#[repr(C, align(16))]
pub struct PpcContext {
    pub gpr: [u64; 32],
    /// Condition register; `cr[0]` is CR0.
    pub cr: [CrField; 8],
    pub lr: u64,
    pub ctr: u64,
    /// Instructions left in this visit. Engines count down to exactly 0.
    pub budget: i64,
    /// XER summary overflow, 0 or 1.
    pub xer_so: u8,
    /// XER overflow, 0 or 1.
    pub xer_ov: u8,
    /// XER carry, 0 or 1.
    pub xer_ca: u8,
    /// XER byte count of `lswx`/`stswx`, 0–127.
    pub xer_count: u8,
    /// Floating-point registers: the bits of a double.
    pub fpr: [u64; 32],
    /// Scratch words of the engine that runs this context: host addresses, exit codes. Not guest
    /// state: they are not saved, compared or hashed.
    pub host: [u64; HOST_WORDS],
    /// Vector registers v0–v127, as integers whose most significant bits are element 0.
    pub vr: [u128; 128],
    /// Value of [`Self::budget`] at the start of the visit.
    pub visit_budget: i64,
    /// Time base at the start of the visit, in ticks of 49.875 MHz.
    pub time_base: u64,
    /// log2 of the instructions per time-base tick.
    pub tick_shift: u32,
    /// Time-base reads left before a read ends the visit (that read still completes).
    pub time_reads_left: u32,
    /// Machine state register.
    pub msr: u64,
    /// Address of the next instruction.
    pub pc: u32,
    /// Floating-point status and control. Exact outside `run`.
    pub fpscr: u32,
    /// Vector status and control: [`vscr_bit`].
    pub vscr: u32,
    pub vrsave: u32,
    /// SPRG0–SPRG3: storage for an operating system; titles do not use it.
    pub sprg: [u64; 4],
    /// Number of the hardware thread that runs this context, 0–5.
    pub hw_id: u8,
    /// Guest thread id; never interpreted by engines.
    pub thread_id: u32,
    pub reservation: Reservation,
    /// Lazy floating-point flags.
    pub fp_lazy: FpLazy,
}

// Compiled code reaches r20 to r31, CR, LR, CTR, the budget, XER and f0 to f7 with one-byte
// displacements from one base.
const _: () = {
    assert!(offset_of!(PpcContext, gpr) == 0);
    assert!(offset_of!(PpcContext, cr) == 256);
    assert!(offset_of!(PpcContext, lr) == 320);
    assert!(offset_of!(PpcContext, ctr) == 328);
    assert!(offset_of!(PpcContext, budget) == 336);
    assert!(offset_of!(PpcContext, xer_ca) == 346);
    assert!(offset_of!(PpcContext, fpr) == 352);
};

impl Default for PpcContext {
    fn default() -> Self {
        Self {
            gpr: [0; 32],
            fpr: [0; 32],
            vr: [0; 128],
            budget: 0,
            visit_budget: 0,
            time_base: 0,
            tick_shift: 4,
            time_reads_left: u32::MAX,
            lr: 0,
            ctr: 0,
            msr: msr_bit::FP | msr_bit::VEC | msr_bit::EE | msr_bit::RI,
            pc: 0,
            fpscr: 0,
            vscr: vscr_bit::NJ,
            vrsave: 0,
            cr: [CrField::default(); 8],
            xer_so: 0,
            xer_ov: 0,
            xer_ca: 0,
            xer_count: 0,
            sprg: [0; 4],
            hw_id: 0,
            thread_id: 0,
            reservation: Reservation::default(),
            fp_lazy: FpLazy::default(),
            host: [0; HOST_WORDS],
        }
    }
}

/// A register in which two contexts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterDifference {
    /// Name of the register.
    pub name: String,
    /// Its value in the context that is compared.
    pub own: u128,
    /// Its value in the other context.
    pub other: u128,
}

impl PpcContext {
    /// The condition register as one word, CR0 in the top nibble.
    pub fn cr_word(&self) -> u32 {
        self.cr.iter().fold(0, |word, field| word << 4 | u32::from(field.nibble()))
    }

    /// Replaces the condition register.
    pub fn set_cr_word(&mut self, word: u32) {
        for (index, field) in self.cr.iter_mut().enumerate() {
            // `from_nibble` ignores the fields above this one.
            *field = CrField::from_nibble((word >> (28 - 4 * index)) as u8);
        }
    }

    /// The fixed-point exception register as one word.
    pub fn xer_word(&self) -> u32 {
        // SO, OV and CA are bits 32 to 34 of XER, the count 57 to 63 (PowerISA 2.02 book I, 3.2.2).
        u32::from(self.xer_so) << 31
            | u32::from(self.xer_ov) << 30
            | u32::from(self.xer_ca) << 29
            | u32::from(self.xer_count & 0x7F)
    }

    /// Replaces the fixed-point exception register.
    pub fn set_xer_word(&mut self, word: u32) {
        self.xer_so = (word >> 31) as u8;
        self.xer_ov = (word >> 30 & 1) as u8;
        self.xer_ca = (word >> 29 & 1) as u8;
        self.xer_count = (word & 0x7F) as u8;
    }

    /// Whether 64-bit computation mode is on (MSR\[SF\]).
    #[inline(always)]
    pub fn sf(&self) -> bool {
        self.msr >> 63 != 0
    }

    /// Instructions completed in this visit.
    #[inline(always)]
    pub fn executed(&self) -> u64 {
        (self.visit_budget - self.budget) as u64
    }

    /// Guest time now, in ticks of the time base.
    #[inline(always)]
    pub fn now(&self) -> u64 {
        self.time_base + (self.executed() >> self.tick_shift)
    }

    /// Starts a visit of `budget` instructions at `time_base`, which ends at the `time_reads`th
    /// time-base read. The scheduler handles the reservation.
    pub fn begin_visit(&mut self, budget: i64, time_base: u64, time_reads: u32) {
        self.budget = budget;
        self.visit_budget = budget;
        self.time_base = time_base;
        self.time_reads_left = time_reads;
    }

    /// Calls `f` with the budget reduced by `held` instructions, and restores it afterwards. The
    /// budget of the visit changes by the same amount, so that the time base stays exact.
    #[inline]
    pub fn with_budget_held<R>(&mut self, held: i64, f: impl FnOnce(&mut Self) -> R) -> R {
        self.budget -= held;
        self.visit_budget -= held;
        let result = f(self);
        self.budget += held;
        self.visit_budget += held;
        result
    }

    /// The first register in which two contexts differ. Budget, reservation, time and engine
    /// scratch are not compared.
    pub fn first_difference(&self, other: &Self) -> Option<RegisterDifference> {
        (!self.same_state(other)).then(|| self.name_difference(other)).flatten()
    }

    /// Whether all registers are equal. A cross-check calls this after every unit, so it builds no
    /// names.
    fn same_state(&self, other: &Self) -> bool {
        let words = |ctx: &Self| {
            let cr = ctx.cr_word();
            let xer = ctx.xer_word();
            ([ctx.pc, cr, xer, ctx.fpscr, ctx.vscr, ctx.vrsave], [ctx.lr, ctx.ctr, ctx.msr])
        };
        words(self) == words(other)
            && self.gpr == other.gpr
            && self.fpr == other.fpr
            && self.vr == other.vr
            && self.sprg == other.sprg
    }

    #[cold]
    fn name_difference(&self, other: &Self) -> Option<RegisterDifference> {
        let arrays = (0..32)
            .map(|n| (format!("r{n}"), self.gpr[n] as u128, other.gpr[n] as u128))
            .chain((0..32).map(|n| (format!("f{n}"), self.fpr[n] as u128, other.fpr[n] as u128)))
            .chain((0..128).map(|n| (format!("v{n}"), self.vr[n], other.vr[n])))
            .chain((0..4).map(|n| (format!("sprg{n}"), self.sprg[n] as u128, other.sprg[n] as u128)));
        let scalars = [
            ("pc", self.pc as u128, other.pc as u128),
            ("lr", self.lr as u128, other.lr as u128),
            ("ctr", self.ctr as u128, other.ctr as u128),
            ("msr", self.msr as u128, other.msr as u128),
            ("cr", self.cr_word() as u128, other.cr_word() as u128),
            ("xer", self.xer_word() as u128, other.xer_word() as u128),
            ("fpscr", self.fpscr as u128, other.fpscr as u128),
            ("vscr", self.vscr as u128, other.vscr as u128),
            ("vrsave", self.vrsave as u128, other.vrsave as u128),
        ];
        let mut all = scalars.into_iter().map(|(name, a, b)| (name.to_owned(), a, b)).chain(arrays);
        all.find(|(_, a, b)| a != b).map(|(name, own, other)| RegisterDifference { name, own, other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cr_and_xer_words_round_trip() {
        let mut ctx = PpcContext::default();
        ctx.set_cr_word(0x1234_5678);
        assert_eq!(ctx.cr.map(CrField::nibble), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(ctx.cr_word(), 0x1234_5678);
        ctx.set_xer_word(0xE000_007F);
        assert_eq!(ctx.xer_word(), 0xE000_007F);
    }

    #[test]
    fn a_difference_in_any_register_is_named() {
        type Change = fn(&mut PpcContext);
        let changes: [(&str, Change); 13] = [
            ("r31", |c| c.gpr[31] = 1),
            ("f0", |c| c.fpr[0] = 1),
            ("v127", |c| c.vr[127] = 1),
            ("pc", |c| c.pc = 4),
            ("lr", |c| c.lr = 1),
            ("ctr", |c| c.ctr = 1 << 40),
            ("msr", |c| c.msr ^= msr_bit::SF),
            ("cr", |c| c.cr[7] = CrField::from_nibble(1)),
            ("xer", |c| c.xer_ca = 1),
            ("fpscr", |c| c.fpscr = 1),
            ("vscr", |c| c.vscr ^= 1),
            ("vrsave", |c| c.vrsave = 1),
            ("sprg3", |c| c.sprg[3] = 1 << 40),
        ];
        let ctx = PpcContext::default();
        assert_eq!(ctx.first_difference(&ctx.clone()), None);
        for (name, change) in changes {
            let mut other = ctx.clone();
            change(&mut other);
            assert_eq!(ctx.first_difference(&other).map(|register| register.name).as_deref(), Some(name));
        }
        let other = PpcContext { budget: 5, time_base: 7, ..ctx.clone() };
        assert_eq!(ctx.first_difference(&other), None, "budget and time are not state");
    }
}
