//! Instruction syntax: every mnemonic, standard or simplified, as one template.
//!
//! A template defines the bits that a mnemonic fixes and the operands that follow it. The assembler
//! encodes the operands and the disassembler decodes them; neither has special mnemonics. Standard
//! templates come from the instruction table; simplified ones from [`crate::simplified`].

use crate::simplified;
use crate::{Flag, Instruction, Op, Operand, ROWS, Row, decode};
use std::collections::HashMap;
use std::sync::LazyLock;

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

/// The operands of a row, marking those that may be omitted.
fn standard_args(row: &Row) -> Vec<Arg> {
    row.operands
        .iter()
        .map(|&operand| match (row.op, operand) {
            (Op::cmp | Op::cmpi | Op::cmpl | Op::cmpli, Operand::crfd) => Arg::Leading(operand),
            (Op::vupkd3d128, Operand::d3d_pack)
            | (Op::vupkhsb128 | Op::vupklsb128, Operand::va128)
            | (_, Operand::sync_l | Operand::lev | Operand::mtmsr_l) => Arg::Optional(operand, 0),
            (_, Operand::tbr) => Arg::Optional(operand, 268),
            _ => Arg::Field(operand),
        })
        .collect()
}

/// All templates, indexed by mnemonic and by row.
pub(crate) struct Templates {
    pub(crate) all: Vec<Template>,
    by_name: HashMap<String, Vec<u32>>,
    by_op: Vec<Vec<u32>>,
}

impl Templates {
    fn build() -> Self {
        let mut all = Vec::new();
        // Bits that the decoder ignores and the syntax doesn't: `mfcr` and `mtcrf` have a one-field
        // form, selected by a separate bit; `sc` is written with bit 30 set.
        let own = |op| match op {
            Op::mfcr | Op::mtcrf => (0, simplified::ONE_FIELD),
            Op::sc => (2, 2),
            _ => (0, 0),
        };
        for row in ROWS {
            let (forms, mask) = suffixes(row);
            let (own_bits, own_mask) = own(row.op);
            for (suffix, bits) in forms {
                all.push(Template {
                    name: format!("{}{suffix}", row.mnemonic),
                    op: row.op,
                    bits: row.bits | bits | own_bits,
                    mask: row.mask | mask | own_mask,
                    args: standard_args(row),
                    computed: &[],
                    shown: Shown::Standard,
                });
            }
        }
        simplified::templates(&mut all);
        let mut by_name = HashMap::<String, Vec<u32>>::new();
        let mut by_op = vec![Vec::new(); ROWS.len()];
        for (index, template) in all.iter().enumerate() {
            by_name.entry(template.name.clone()).or_default().push(index as u32);
            by_op[template.op as usize].push(index as u32);
        }
        Self { all, by_name, by_op }
    }

    /// The templates with this mnemonic.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Template> {
        self.by_name.get(name).into_iter().flatten().map(|&index| &self.all[index as usize])
    }

    /// The templates of a row.
    pub(crate) fn of(&self, op: Op) -> impl Iterator<Item = &Template> {
        self.by_op[op as usize].iter().map(|&index| &self.all[index as usize])
    }
}

/// The one table of mnemonics.
pub(crate) static TEMPLATES: LazyLock<Templates> = LazyLock::new(Templates::build);

/// The mask of the bits of `word` that are not reserved; 0 if the word is not an instruction.
pub fn significant_bits(word: u32) -> u32 {
    let Some(op) = decode(word) else { return 0 };
    TEMPLATES
        .of(op)
        .filter(|template| template.shown == Shown::Standard && word & template.mask == template.bits)
        .flat_map(|template| template.args.iter().map(|arg| (arg, template.mask)))
        .fold(op.row().mask, |mask, (arg, fixed)| match arg {
            Arg::Field(field) | Arg::Optional(field, _) | Arg::Leading(field) => mask | fixed | field.mask(),
            _ => mask | fixed,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_templates_of_one_name_take_the_same_number_of_operands() {
        for (name, indices) in &TEMPLATES.by_name {
            for (position, &a) in indices.iter().enumerate() {
                for &b in &indices[position + 1..] {
                    let a = &TEMPLATES.all[a as usize];
                    let b = &TEMPLATES.all[b as usize];
                    let (a_min, a_max) = a.arity();
                    let (b_min, b_max) = b.arity();
                    assert!(a_max < b_min || b_max < a_min, "{name}");
                }
            }
        }
    }

    #[test]
    fn templates_stay_within_their_row() {
        for template in &TEMPLATES.all {
            let row = template.op.row();
            assert_eq!(template.bits & row.mask, row.bits, "{}", template.name);
            assert_eq!(template.mask & row.mask, row.mask, "{}", template.name);
            assert_eq!(template.bits & !template.mask, 0, "{}", template.name);
        }
    }
}
