//! Operand kinds: the bits of the word that hold an operand, its range, and its syntax.
//!
//! A field may consist of several pieces of the word (`sh64`, `va128`, `spr`); each kind lists its
//! pieces once, least significant first, and both directions use that list. [`crate::Instruction`]
//! has the same facts as plain shifts, for the engines; a test compares the two.

use crate::Instruction;
use std::ops::RangeInclusive;

/// The meaning of an operand, which determines its syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// General-purpose register, written `rN`.
    Gpr,
    /// General-purpose register, where register 0 means the number 0.
    GprOrZero,
    /// Floating-point register, written `fN`.
    Fpr,
    /// Vector register, written `vN`.
    Vector,
    /// Condition register field.
    CrField,
    /// Condition register bit.
    CrBit,
    /// Branch target, an address.
    Target,
    /// Displacement, written before a base register in parentheses.
    Displacement,
    /// Special-purpose register number.
    Spr,
    /// A plain number.
    Number,
}

/// Reason why a value does not fit a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The value is outside the field's range.
    #[error("value {value} is not in {min}..={max}")]
    Range {
        /// The rejected value.
        value: i64,
        /// Smallest value that fits.
        min: i64,
        /// Largest value that fits.
        max: i64,
    },
    /// The field holds multiples of a number only.
    #[error("value {value} is not a multiple of {multiple}")]
    Multiple {
        /// The rejected value.
        value: i64,
        /// The number that it must be a multiple of.
        multiple: i64,
    },
}

/// Layout of one operand kind.
#[derive(Clone, Copy)]
struct Layout {
    class: Class,
    signed: bool,
    /// log2 of the field's unit.
    scale: u32,
    /// `(lowest bit in the word, bits)`, least significant piece first.
    pieces: &'static [(u32, u32)],
}

macro_rules! operands {
    ($($(#[$doc:meta])* $name:ident: $class:ident $sign:ident $scale:literal [$(($lo:literal, $count:literal)),+];)*) => {
        /// An operand kind, named after its field in [`Instruction`].
        #[allow(non_camel_case_types)] // names of fields
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operand { $($(#[$doc])* $name,)* }

        impl Operand {
            /// Every operand kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            const fn layout(self) -> Layout {
                match self { $(Self::$name => Layout {
                    class: Class::$class,
                    signed: operands!(@$sign),
                    scale: $scale,
                    pieces: &[$(($lo, $count)),+],
                },)* }
            }
        }
    };
    (@s) => { true };
    (@u) => { false };
}

operands! {
    /// RT: target general-purpose register.
    rd: Gpr u 0 [(21, 5)];
    /// RS: source general-purpose register.
    rs: Gpr u 0 [(21, 5)];
    /// RA: first source or base register.
    ra: Gpr u 0 [(16, 5)];
    /// RA where 0 means the number 0 instead of r0.
    ra0: GprOrZero u 0 [(16, 5)];
    /// RB: second source or index register.
    rb: Gpr u 0 [(11, 5)];
    /// FRT: target floating-point register.
    fd: Fpr u 0 [(21, 5)];
    /// FRS: source floating-point register.
    fs: Fpr u 0 [(21, 5)];
    /// FRA: first source floating-point register.
    fa: Fpr u 0 [(16, 5)];
    /// FRB: second source floating-point register.
    fb: Fpr u 0 [(11, 5)];
    /// FRC: third source floating-point register.
    fc: Fpr u 0 [(6, 5)];
    /// VRT: target vector register.
    vd: Vector u 0 [(21, 5)];
    /// VRS: source vector register.
    vs: Vector u 0 [(21, 5)];
    /// VRA: first source vector register.
    va: Vector u 0 [(16, 5)];
    /// VRB: second source vector register.
    vb: Vector u 0 [(11, 5)];
    /// VRC: third source vector register.
    vc: Vector u 0 [(6, 5)];
    /// VD of VMX128 forms, v0–v127.
    vd128: Vector u 0 [(21, 5), (2, 2)];
    /// VS of VMX128 stores.
    vs128: Vector u 0 [(21, 5), (2, 2)];
    /// VA of VMX128 forms; its upper bits are not adjacent.
    va128: Vector u 0 [(16, 5), (5, 1), (10, 1)];
    /// VB of VMX128 forms.
    vb128: Vector u 0 [(11, 5), (0, 2)];
    /// VC of `vperm128`: v0–v7.
    vc3: Vector u 0 [(6, 3)];
    /// Signed 16-bit immediate.
    simm: Number s 0 [(0, 16)];
    /// Unsigned 16-bit immediate.
    uimm: Number u 0 [(0, 16)];
    /// Signed 16-bit displacement, written `d(ra)` together with the register that follows.
    disp: Displacement s 0 [(0, 16)];
    /// Signed 14-bit displacement times 4.
    disp_ds: Displacement s 2 [(2, 14)];
    /// Branch displacement, 26 bits.
    li: Target s 2 [(2, 24)];
    /// Conditional branch displacement, 16 bits.
    bd: Target s 2 [(2, 14)];
    /// BO: branch condition.
    bo: Number u 0 [(21, 5)];
    /// BI: CR bit that a branch tests.
    bi: CrBit u 0 [(16, 5)];
    /// CR field that a simplified branch tests: upper three bits of BI.
    bi_field: CrField u 0 [(18, 3)];
    /// The bit within that field: lower two bits of BI.
    bi_bit: Number u 0 [(16, 2)];
    /// Target CR field.
    crfd: CrField u 0 [(23, 3)];
    /// Source CR field.
    crfs: CrField u 0 [(18, 3)];
    /// Target CR bit.
    crbd: CrBit u 0 [(21, 5)];
    /// First source CR bit.
    crba: CrBit u 0 [(16, 5)];
    /// Second source CR bit.
    crbb: CrBit u 0 [(11, 5)];
    /// Target FPSCR bit of `mtfsb0`, `mtfsb1`.
    fpscr_bit: Number u 0 [(21, 5)];
    /// Field mask of `mtcrf`.
    crm: Number u 0 [(12, 8)];
    /// L of compares.
    l: Number u 0 [(21, 1)];
    /// TO: condition mask of traps.
    to: Number u 0 [(21, 5)];
    /// LEV of `sc`.
    lev: Number u 0 [(5, 7)];
    /// L of `sync`.
    sync_l: Number u 0 [(21, 2)];
    /// L of `mtmsr`, `mtmsrd`.
    mtmsr_l: Number u 0 [(16, 1)];
    /// SPR number, its halves swapped in the word.
    spr: Spr u 0 [(16, 5), (11, 5)];
    /// Time base register of `mftb`.
    tbr: Spr u 0 [(16, 5), (11, 5)];
    /// Field mask of `mtfsf`.
    fm: Number u 0 [(17, 8)];
    /// Immediate of `mtfsfi`.
    fpscr_imm: Number u 0 [(12, 4)];
    /// Byte count of string instructions; 32 is stored as 0.
    nb: Number u 0 [(11, 5)];
    /// SH: shift amount, 5 bits.
    sh: Number u 0 [(11, 5)];
    /// SH: shift amount, 6 bits.
    sh64: Number u 0 [(11, 5), (1, 1)];
    /// MB: mask begin, 5 bits.
    mb: Number u 0 [(6, 5)];
    /// ME: mask end, 5 bits.
    me: Number u 0 [(1, 5)];
    /// MB: mask begin, 6 bits.
    mb64: Number u 0 [(6, 5), (5, 1)];
    /// ME: mask end, 6 bits, in the same place as `mb64`.
    me64: Number u 0 [(6, 5), (5, 1)];
    /// SHB: byte shift of `vsldoi`.
    shb: Number u 0 [(6, 4)];
    /// Unsigned 5-bit immediate.
    uimm5: Number u 0 [(16, 5)];
    /// Signed 5-bit immediate.
    simm5: Number s 0 [(16, 5)];
    /// Rotation of `vrlimi128`, placement of `vpkd3d128`, in words.
    z: Number u 0 [(6, 2)];
    /// Packed type of `vpkd3d128`, `vupkd3d128`.
    d3d_type: Number u 0 [(18, 3)];
    /// Pack width selector of `vpkd3d128`.
    d3d_pack: Number u 0 [(16, 2)];
    /// Selector of `vpermwi128`.
    perm: Number u 0 [(16, 5), (6, 3)];
}

impl Operand {
    /// The class of the operand, which determines its syntax.
    pub const fn class(self) -> Class {
        self.layout().class
    }

    /// Width of the field in bits.
    pub fn width(self) -> u32 {
        self.layout().pieces.iter().map(|&(_, count)| count).sum()
    }

    /// The mask of the field's bits in the word.
    pub fn mask(self) -> u32 {
        self.layout().pieces.iter().fold(0, |mask, &(lo, count)| mask | ((1 << count) - 1) << lo)
    }

    /// The range of the values that fit. In a scaled field, only multiples of its scale do.
    pub fn range(self) -> RangeInclusive<i64> {
        let layout = self.layout();
        let span = 1_i64 << self.width();
        match self {
            Self::nb => 0..=32,
            _ if layout.signed => -(span / 2) << layout.scale..=(span / 2 - 1) << layout.scale,
            _ => 0..=(span - 1) << layout.scale,
        }
    }

    /// The field's value in `word`.
    pub fn extract(self, word: Instruction) -> i64 {
        let layout = self.layout();
        let mut value = 0_i64;
        let mut width = 0;
        for &(lo, count) in layout.pieces {
            value |= i64::from(word.0 >> lo & ((1 << count) - 1)) << width;
            width += count;
        }
        if layout.signed && value >> (width - 1) != 0 {
            value -= 1 << width;
        }
        match self {
            Self::nb if value == 0 => 32,
            _ => value << layout.scale,
        }
    }

    /// Encodes `value` into the word's bits; an error if it doesn't fit.
    pub fn insert(self, value: i64) -> Result<u32, FieldError> {
        let layout = self.layout();
        let range = self.range();
        let multiple = 1 << layout.scale;
        if value % multiple != 0 {
            return Err(FieldError::Multiple { value, multiple });
        }
        if !range.contains(&value) {
            return Err(FieldError::Range { value, min: *range.start(), max: *range.end() });
        }
        let mut rest = value >> layout.scale;
        let mut bits = 0;
        for &(lo, count) in layout.pieces {
            bits |= (rest as u32 & ((1 << count) - 1)) << lo;
            rest >>= count;
        }
        Ok(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insert_undoes_extract_for_every_kind() {
        let mut dice = xenia_testing::Dice(1);
        for _ in 0..2_000 {
            let word = dice.next() as u32;
            for &kind in Operand::ALL {
                let value = kind.extract(Instruction(word));
                assert_eq!(kind.insert(value), Ok(word & kind.mask()), "{kind:?} {word:#010x}");
            }
        }
    }

    #[test]
    fn pieces_agree_with_the_accessors() {
        use Operand::*;
        let mut dice = xenia_testing::Dice(1);
        for _ in 0..2_000 {
            let word = dice.next() as u32;
            let i = Instruction(word);
            for (kind, expected) in [
                (rd, i.rd() as i64),
                (ra0, i.ra() as i64),
                (rb, i.rb() as i64),
                (fc, i.fc() as i64),
                (vd128, i.vd128() as i64),
                (vs128, i.vs128() as i64),
                (va128, i.va128() as i64),
                (vb128, i.vb128() as i64),
                (vc3, i.vc3() as i64),
                (simm, i.simm()),
                (uimm, i.uimm() as i64),
                (disp_ds, i.disp_ds()),
                (li, i.li()),
                (bd, i.bd()),
                (bo, i.bo() as i64),
                (bi, i.bi() as i64),
                (crfd, i.crfd() as i64),
                (crfs, i.crfs() as i64),
                (crm, i.crm() as i64),
                (fm, i.fm() as i64),
                (fpscr_imm, i.fpscr_imm() as i64),
                (l, i64::from(i.l())),
                (mtmsr_l, i64::from(i.mtmsr_l())),
                (to, i.to() as i64),
                (lev, i.lev() as i64),
                (sync_l, i.sync_l() as i64),
                (spr, i.spr() as i64),
                (sh, i.sh() as i64),
                (sh64, i.sh64() as i64),
                (mb, i.mb() as i64),
                (me, i.me() as i64),
                (mb64, i.mb64() as i64),
                (shb, i.shb() as i64),
                (uimm5, i.uimm5() as i64),
                (simm5, i64::from(i.simm5())),
                (z, i.z() as i64),
                (perm, i.perm() as i64),
            ] {
                assert_eq!(kind.extract(i), expected, "{kind:?} {word:#010x}");
            }
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        assert_eq!(
            Operand::simm.insert(32_768),
            Err(FieldError::Range { value: 32_768, min: -32_768, max: 32_767 })
        );
        assert_eq!(Operand::disp_ds.insert(6), Err(FieldError::Multiple { value: 6, multiple: 4 }));
        assert_eq!(Operand::nb.insert(32), Ok(0));
        assert_eq!(Operand::vc3.insert(8), Err(FieldError::Range { value: 8, min: 0, max: 7 }));
    }
}
