//! The table of all templates. Standard ones come from the instruction table, simplified ones from
//! [`crate::simplified`].

use crate::simplified;
use crate::syntax::{Arg, Shown, Template, suffixes};
use crate::{Op, Operand, ROWS, Row, decode};
use std::collections::HashMap;
use std::sync::LazyLock;

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
