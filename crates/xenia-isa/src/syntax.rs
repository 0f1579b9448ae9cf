//! Instruction syntax: a mnemonic, standard or simplified, as one template.
//!
//! A template defines the bits that a mnemonic fixes and the operands that follow it. The assembler
//! encodes the operands and the disassembler decodes them; neither has special mnemonics.

use crate::{Flag, Instruction, Op, Operand, Row};

/// One operand of a template.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg {
    /// A field of the instruction.
    Field(Operand),
    /// A last operand that may be omitted; the number is its default.
    Optional(Operand, i64),
    /// A first operand that may be omitted; its default is 0.
    Leading(Operand),
    /// The field holds the negated operand.
    Negated(Operand),
    /// One operand for several fields.
    All(&'static [Operand]),
    /// Repeats an earlier operand.
    Again(Operand),
    /// First parameter of the computed fields.
    N,
    /// Second parameter of the computed fields.
    B,
    /// A 32-bit mask of consecutive ones instead of `mb` and `me`.
    Mask,
}

/// A field whose value is `base + n * N + b * B`; the value's width is the field's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Computed {
    pub(crate) field: Operand,
    pub(crate) base: i64,
    pub(crate) n: i64,
    pub(crate) b: i64,
}

/// The syntax in which the disassembler uses a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Standard,
    Simplified,
    Never,
}

/// One mnemonic with its operands.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) name: String,
    pub(crate) op: Op,
    /// The bits that the mnemonic fixes, and their mask.
    pub(crate) bits: u32,
    pub(crate) mask: u32,
    pub(crate) args: Vec<Arg>,
    pub(crate) computed: &'static [Computed],
    pub(crate) shown: Shown,
}

impl Template {
    /// Minimum and maximum number of operands.
    pub(crate) fn arity(&self) -> (usize, usize) {
        let mut most = 0;
        let mut optional = 0;
        let mut previous_was_displacement = false;
        for arg in &self.args {
            // `d(ra)` counts as one written operand.
            most += usize::from(!previous_was_displacement);
            optional += usize::from(matches!(arg, Arg::Optional(..) | Arg::Leading(_)));
            previous_was_displacement = matches!(arg, Arg::Field(Operand::disp | Operand::disp_ds));
        }
        (most - optional, most)
    }

    /// The bits of the computed fields for the parameters; `None` if they are out of range.
    pub(crate) fn compute(&self, n: i64, b: i64) -> Option<u32> {
        let mut bits = 0;
        for computed in self.computed {
            let width = 1 << computed.field.width();
            let sum = computed.base.checked_add(computed.n.checked_mul(n)?)?;
            let value = sum.checked_add(computed.b.checked_mul(b)?)?;
            if !(0..=width).contains(&value) {
                return None;
            }
            // A rotation by the whole width, which is that of `srwi` by 0, is encoded as 0.
            bits |= computed.field.insert(value % width).ok()?;
        }
        Some(bits)
    }

    /// The parameter N that yields the computed fields of `word`; only for templates without B.
    pub(crate) fn solve(&self, word: Instruction) -> Option<i64> {
        let Some(first) = self.computed.first() else { return Some(0) };
        let mask = self.computed.iter().fold(0, |mask, computed| mask | computed.field.mask());
        (1..1 << first.field.width()).find(|&n| self.compute(n, 0) == Some(word.0 & mask))
    }
}

/// Suffixes of a row's mnemonic with the bits that they fix, and the mask of these bits.
pub(crate) fn suffixes(row: &Row) -> (Vec<(String, u32)>, u32) {
    let mut forms = vec![(String::new(), 0)];
    let mut mask = 0;
    let mut add = |text: &str, bit: u32| {
        mask |= bit;
        let with: Vec<_> = forms.iter().map(|(name, bits)| (format!("{name}{text}"), bits | bit)).collect();
        forms.extend(with);
    };
    if row.has(Flag::oe) {
        add("o", 0x400);
    }
    if row.has(Flag::rc) {
        add(".", 1);
    }
    if row.has(Flag::vrc) {
        add(".", 0x400);
    }
    if row.has(Flag::vrc128) {
        add(".", 0x40);
    }
    if row.has(Flag::lk) {
        add("l", 1);
    }
    if matches!(row.op, Op::bx | Op::bcx) {
        add("a", 2);
    }
    (forms, mask)
}
