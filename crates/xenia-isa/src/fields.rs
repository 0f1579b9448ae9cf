//! An instruction word and its fields.
//!
//! Field names follow PowerISA and the VMX128 notes; accessors return register numbers as `usize`
//! and immediates in the type they extend to.

/// An instruction word in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Instruction(pub u32);

/// Bits `lo..lo + count` of the word, counted from the least significant.
#[inline(always)]
const fn bits(word: u32, lo: u32, count: u32) -> u32 {
    (word >> lo) & ((1 << count) - 1)
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $lo:literal, $count:literal;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub const fn $name(self) -> usize {
            bits(self.0, $lo, $count) as usize
        }
    )* };
}

impl Instruction {
    fields! {
        /// Primary opcode, 6 bits.
        primary: 26, 6;
        /// RT/RD: target register.
        rd: 21, 5;
        /// RS: source register of stores and logical instructions.
        rs: 21, 5;
        /// RA: first source or base register.
        ra: 16, 5;
        /// RB: second source or index register.
        rb: 11, 5;
        /// FRT: target floating-point register.
        fd: 21, 5;
        /// FRS: source floating-point register.
        fs: 21, 5;
        /// FRA: first source floating-point register.
        fa: 16, 5;
        /// FRB: second source floating-point register.
        fb: 11, 5;
        /// FRC: third source floating-point register.
        fc: 6, 5;
        /// VRT: target vector register.
        vd: 21, 5;
        /// VRS: source vector register.
        vs: 21, 5;
        /// VRA: first source vector register.
        va: 16, 5;
        /// VRB: second source vector register.
        vb: 11, 5;
        /// VRC: third source vector register.
        vc: 6, 5;
        /// VC of `vperm128` (v0–v7).
        vc3: 6, 3;
        /// BO of conditional branches.
        bo: 21, 5;
        /// BI: CR bit of conditional branches.
        bi: 16, 5;
        /// BF: target CR field.
        crfd: 23, 3;
        /// BFA: source CR field.
        crfs: 18, 3;
        /// BT: target CR bit.
        crbd: 21, 5;
        /// BA: first source CR bit.
        crba: 16, 5;
        /// BB: second source CR bit.
        crbb: 11, 5;
        /// TO: condition mask of traps.
        to: 21, 5;
        /// LEV of `sc`.
        lev: 5, 7;
        /// L of `sync`: 0 sync, 1 lwsync, 2 ptesync.
        sync_l: 21, 2;
        /// NB of string instructions; 0 means 32.
        nb: 11, 5;
        /// SH: shift amount, 5 bits.
        sh: 11, 5;
        /// Mask begin of M-form rotates.
        mb: 6, 5;
        /// Mask end of M-form rotates.
        me: 1, 5;
        /// Immediate of `mtfsfi`.
        fpscr_imm: 12, 4;
        /// Field mask of `mtfsf`.
        fm: 17, 8;
        /// Field mask of `mtcrf`.
        crm: 12, 8;
        /// Unsigned 5-bit immediate of vector instructions.
        uimm5: 16, 5;
        /// Byte shift of `vsldoi` and `vsldoi128`.
        shb: 6, 4;
        /// Two-bit z of `vrlimi128` and `vpkd3d128`.
        z: 6, 2;
    }

    /// L of compares: whether 64 bits are compared.
    #[inline(always)]
    pub const fn l(self) -> bool {
        bits(self.0, 21, 1) != 0
    }

    /// L of `mtmsr`/`mtmsrd` (bit 15): only EE and RI are changed.
    #[inline(always)]
    pub const fn mtmsr_l(self) -> bool {
        bits(self.0, 16, 1) != 0
    }

    /// Whether the word, an `orx`, is a yield hint: `or rN,rN,rN` with N from 28 to 31.
    #[inline]
    pub const fn is_yield_hint(self) -> bool {
        self.rs() >= 28 && self.rs() == self.ra() && self.ra() == self.rb() && !self.rc()
    }

    /// Rc (bit 31): record to CR0, or CR1 for floating point.
    #[inline(always)]
    pub const fn rc(self) -> bool {
        self.0 & 1 != 0
    }

    /// LK (bit 31): write the link register.
    #[inline(always)]
    pub const fn lk(self) -> bool {
        self.0 & 1 != 0
    }

    /// AA (bit 30): absolute branch target.
    #[inline(always)]
    pub const fn aa(self) -> bool {
        self.0 & 2 != 0
    }

    /// OE (bit 21): record overflow.
    #[inline(always)]
    pub const fn oe(self) -> bool {
        self.0 & 0x400 != 0
    }

    /// Rc of AltiVec compares (bit 21): record to CR6.
    #[inline(always)]
    pub const fn vrc(self) -> bool {
        self.0 & 0x400 != 0
    }

    /// Rc of VMX128 compares (bit 25): record to CR6.
    #[inline(always)]
    pub const fn vrc128(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// SI: sign-extended 16-bit immediate.
    #[inline(always)]
    pub const fn simm(self) -> i64 {
        self.0 as u16 as i16 as i64
    }

    /// UI: zero-extended 16-bit immediate.
    #[inline(always)]
    pub const fn uimm(self) -> u64 {
        self.0 as u16 as u64
    }

    /// D: sign-extended displacement of D-form storage accesses.
    #[inline(always)]
    pub const fn disp(self) -> i64 {
        self.simm()
    }

    /// DS: sign-extended displacement, a multiple of 4.
    #[inline(always)]
    pub const fn disp_ds(self) -> i64 {
        (self.0 as u16 & 0xFFFC) as i16 as i64
    }

    /// LI: sign-extended branch displacement, 26 bits.
    #[inline(always)]
    pub const fn li(self) -> i64 {
        (((self.0 & 0x03FF_FFFC) << 6) as i32 >> 6) as i64
    }

    /// BD: sign-extended conditional branch displacement, 16 bits.
    #[inline(always)]
    pub const fn bd(self) -> i64 {
        self.disp_ds()
    }

    /// SH of 64-bit shifts, 6 bits (its top bit is stored apart).
    #[inline(always)]
    pub const fn sh64(self) -> usize {
        (bits(self.0, 11, 5) | bits(self.0, 1, 1) << 5) as usize
    }

    /// MB or ME of 64-bit rotates, 6 bits (its top bit is stored last).
    #[inline(always)]
    pub const fn mb64(self) -> usize {
        (bits(self.0, 6, 5) | bits(self.0, 5, 1) << 5) as usize
    }

    /// SPR number (halves swapped in the word).
    #[inline(always)]
    pub const fn spr(self) -> usize {
        (bits(self.0, 16, 5) | bits(self.0, 11, 5) << 5) as usize
    }

    /// TBR number of `mftb`: 268 or 269.
    #[inline(always)]
    pub const fn tbr(self) -> usize {
        self.spr()
    }

    /// Whether `mfcr`/`mtcrf` is the one-field form (bit 11).
    #[inline(always)]
    pub const fn one_cr_field(self) -> bool {
        self.0 & 0x0010_0000 != 0
    }

    /// Signed 5-bit immediate of vector splats.
    #[inline(always)]
    pub const fn simm5(self) -> i32 {
        ((self.0 << 11) as i32) >> 27
    }

    /// VD of VMX128 forms.
    #[inline(always)]
    pub const fn vd128(self) -> usize {
        (bits(self.0, 21, 5) | bits(self.0, 2, 2) << 5) as usize
    }

    /// VS of VMX128 stores (same bits as VD).
    #[inline(always)]
    pub const fn vs128(self) -> usize {
        self.vd128()
    }

    /// VA of VMX128 forms. Its two upper bits are not adjacent.
    #[inline(always)]
    pub const fn va128(self) -> usize {
        (bits(self.0, 16, 5) | bits(self.0, 5, 1) << 5 | bits(self.0, 10, 1) << 6) as usize
    }

    /// VB of VMX128 forms.
    #[inline(always)]
    pub const fn vb128(self) -> usize {
        (bits(self.0, 11, 5) | bits(self.0, 0, 2) << 5) as usize
    }

    /// PERM of `vpermwi128`, 8 bits.
    #[inline(always)]
    pub const fn perm(self) -> usize {
        (bits(self.0, 16, 5) | bits(self.0, 6, 3) << 5) as usize
    }
}
