//! Documented differences between qemu 7.2 and the interpreter: one row per difference, as narrow
//! as possible.
//!
//! A row of the table explains bits of a deviation if it names the instruction and the register and
//! if its condition is true for this execution. A deviation is explained if no bits are left.
//! docs/src/decisions/0013-qemu-differences.md describes the same in words.

mod conditions;
mod table;

use super::steps::{Deviation, Place};
use crate::conformance::PpcRegister;
use crate::qemu::QemuState;
use conditions::target_register;
pub(super) use table::DIFFERENCES;
use xenia_cpu::PpcContext;
use xenia_isa::{Family, Op};

/// An instruction executed by both.
pub(super) struct View<'a> {
    pub(super) op: Op,
    pub(super) word: u32,
    pub(super) before: &'a PpcContext,
    /// Results in qemu's register numbering.
    pub(super) ours: &'a QemuState,
    pub(super) theirs: &'a QemuState,
}

/// The location that may differ.
#[derive(Clone, Copy)]
enum Field {
    /// The register of the first operand, in these bits.
    Target(u128),
    /// A register that is not an operand, in these bits.
    Bits(PpcRegister, u128),
    /// CR0 or CR1, as copied by a record form.
    Recorded,
    /// Bytes in the sandbox.
    Memory,
}

/// A documented difference.
pub(super) struct Difference {
    name: &'static str,
    /// Behaviour of each side.
    why: &'static str,
    /// The book's paragraph, or the decision.
    book: &'static str,
    rows: Rows,
    field: Field,
    /// Condition under which the difference applies.
    when: fn(&View<'_>, u128, u128) -> bool,
}

enum Rows {
    These(&'static [Op]),
    Where(fn(Op) -> bool),
}

impl Difference {
    /// The bits that may differ, by row and field alone.
    fn mask(&self, view: &View<'_>, place: Place) -> u128 {
        let row = match self.rows {
            Rows::These(rows) => rows.contains(&view.op),
            Rows::Where(is) => is(view.op),
        };
        let Place::Register(register) = place else {
            let memory = matches!((self.field, place), (Field::Memory, Place::Memory(_)));
            return if row && memory { 0xFF } else { 0 };
        };
        match self.field {
            _ if !row => 0,
            Field::Bits(named, bits) if named == register => bits,
            // Vector registers have other numbers in qemu's code; only the target changes.
            Field::Target(bits) if matches!(register, PpcRegister::Vector(_)) => bits,
            Field::Target(bits) if register == target_register(view) => bits,
            Field::Recorded if register == PpcRegister::Cr && view.word & 1 != 0 => {
                if view.op.row().family == Family::Float { 0xF << 24 } else { 0xF << 28 }
            }
            _ => 0,
        }
    }
}

/// The reason and the book's paragraph of a difference, by its name in reports.
pub(super) fn reason(name: &str) -> Option<(&'static str, &'static str)> {
    let found = DIFFERENCES.iter().find(|difference| difference.name == name);
    found.map(|difference| (difference.why, difference.book))
}

/// The documented differences that together explain this deviation; `None` if bits are left over.
pub(super) fn explain(
    differences: &[Difference],
    view: &View<'_>,
    &(place, ours, theirs): &Deviation,
) -> Option<Vec<&'static str>> {
    let mut left = ours ^ theirs;
    let mut names = Vec::new();
    for difference in differences {
        let mask = difference.mask(view, place);
        if left & mask != 0 && (difference.when)(view, ours, theirs) {
            left &= !mask;
            names.push(difference.name);
        }
    }
    (left == 0).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_decision_names_every_difference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/decisions/0013-qemu-differences.md");
        let text = std::fs::read_to_string(path).unwrap().replace(['`', '\\'], "");
        let mut names = BTreeSet::new();
        for difference in DIFFERENCES {
            assert!(names.insert(difference.name), "{} occurs twice", difference.name);
            let row = format!("| {} | {} | {} |", difference.name, difference.why, difference.book);
            assert!(text.contains(&row), "missing in the decision: {row}");
        }
    }

    #[test]
    fn an_estimate_may_be_rounded_to_a_denormal() {
        let mut before = PpcContext::default();
        let ours = QemuState::default();
        let theirs = QemuState::default();
        // From a fuzzing run: fres f1,f5, rounded towards minus infinity.
        before.fpr[5] = 0x4896_C272_51CC_B4A5;
        let view = View { op: Op::fresx, word: 0xEC20_2830, before: &before, ours: &ours, theirs: &theirs };
        let place = Place::Register(PpcRegister::Fpr(1));
        let explained = |ours| explain(DIFFERENCES, &view, &(place, ours, 0x3746_7C00_0000_0000));
        assert_eq!(explained(0x3746_6800_0000_0000), Some(vec!["fres: estimate"]));
        // Another unit of 2^-149 is too much.
        assert_eq!(explained(0x3746_6400_0000_0000), None);
    }

    #[test]
    fn an_explanation_covers_every_differing_bit() {
        let before = PpcContext::default();
        let mut ours = QemuState::default();
        let mut theirs = QemuState::default();
        // mulhw r3,r4,r5
        let word = 0x7C64_2896;
        ours.set(PpcRegister::Gpr(3), 0xFFFF_FFFF_8000_0001);
        theirs.set(PpcRegister::Gpr(3), 0x8000_0001);
        let place = Place::Register(PpcRegister::Gpr(3));
        let deviation = |theirs| (place, 0xFFFF_FFFF_8000_0001, theirs);
        let view = View { op: Op::mulhwx, word, before: &before, ours: &ours, theirs: &theirs };
        let names = explain(DIFFERENCES, &view, &deviation(0x8000_0001));
        assert_eq!(names, Some(vec!["mulhw: upper word"]));
        // Another low word, another register, another instruction.
        assert_eq!(explain(DIFFERENCES, &view, &deviation(0x8000_0000)), None);
        assert_eq!(explain(DIFFERENCES, &view, &(Place::Register(PpcRegister::Gpr(4)), 1 << 63, 0)), None);
        let view = View { op: Op::mulldx, ..view };
        assert_eq!(explain(DIFFERENCES, &view, &deviation(0x8000_0001)), None);
    }

    #[test]
    fn only_differing_counts_excuse_another_shift() {
        let mut before = PpcContext::default();
        let ours = QemuState::default();
        let theirs = QemuState::default();
        let place = Place::Register(PpcRegister::Vector(3));
        before.vr[1] = 0x1234_5678;
        // vsl v3,v1,v2
        let word = Op::vsl.row().bits | 3 << 21 | 1 << 16 | 2 << 11;
        let equal = u128::from_be_bytes([2; 16]);
        let row = Some("vsl, vsr: unequal counts");
        for (counts, name) in [(equal ^ 1_u128 << 120, row), (equal, None)] {
            before.vr[2] = counts;
            let view = View { op: Op::vsl, word, before: &before, ours: &ours, theirs: &theirs };
            let explained = |theirs| explain(DIFFERENCES, &view, &(place, 1, theirs));
            assert_eq!(explained(0x48D1_59E0), name.map(|name| vec![name]), "{counts:032x}");
            assert_eq!(explained(0x48D1_59E1), None, "{counts:032x}");
        }
    }
}
