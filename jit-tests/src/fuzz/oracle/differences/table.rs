//! The table of documented differences: docs/src/decisions/0013-qemu-differences.md has the same
//! names and reasons.

use super::conditions::*;
use super::{Difference, Field, Rows};
use crate::conformance::PpcRegister;
use crate::fpscr::{CLASS, EXCEPTIONS, FEX, FI, FPRF, FR, FX, NI, OX, UX, VE, VXIMZ, VXSNAN, VXVC, XX};
use crate::qemu::QemuState;
use xenia_isa::{Family, Instruction, Op, Operand};

const ALL: u128 = u128::MAX;
/// The EQ bit of CR0.
const EQ: u128 = 1 << 29;

/// Whether a row is single-precision arithmetic.
fn single(op: Op) -> bool {
    op.row().family == Family::Float && op.row().bits >> 26 == 59 || op == Op::frspx
}

/// Whether a row rounds, and so sets FR.
fn rounds(op: Op) -> bool {
    use Op::*;
    op.row().family == Family::Float
        && (op.row().bits >> 26 == 59 || op.row().bits >> 26 == 63)
        && !matches!(
            op,
            mffsx
                | mtfsfx
                | mtfsfix
                | mtfsb0x
                | mtfsb1x
                | mcrfs
                | fcmpo
                | fcmpu
                | fmrx
                | fabsx
                | fnabsx
                | fnegx
                | fselx
        )
}

fn multiplies_and_adds(op: Op) -> bool {
    NEGATED.contains(&op) || matches!(op, Op::fmaddx | Op::fmaddsx | Op::fmsubx | Op::fmsubsx)
}

const NEGATED: &[Op] = &[Op::fnmaddx, Op::fnmaddsx, Op::fnmsubx, Op::fnmsubsx];
const ESTIMATES: &[Op] = &[Op::fresx, Op::frsqrtex];

/// All documented differences.
pub(in super::super) static DIFFERENCES: &[Difference] = &[
    // Fixed point.
    Difference {
        name: "mulhw: upper word",
        why: "undefined: the result's sign here, zero in qemu",
        book: "PowerISA 2.02 I 3.3.8, Multiply High Word",
        rows: Rows::These(&[Op::mulhwx]),
        field: Field::Target(0xFFFF_FFFF_0000_0000),
        when: |_, ours, theirs| theirs == ours & 0xFFFF_FFFF,
    },
    Difference {
        name: "mulhw.: CR0 in 64-bit mode",
        why: "undefined, as the upper word",
        book: "PowerISA 2.02 I 3.3.8, Multiply High Word",
        rows: Rows::These(&[Op::mulhwx]),
        field: Field::Recorded,
        when: |view, _, _| view.before.sf(),
    },
    Difference {
        name: "divisions: undefined quotient",
        why: "by zero, or of the minimum by −1: 0 here (measured), other values in qemu",
        book: "PowerISA 2.02 I 3.3.8, Divide",
        rows: Rows::These(&[Op::divwx, Op::divwux, Op::divdx, Op::divdux]),
        field: Field::Target(ALL),
        when: |view, ours, _| undefined_quotient(view) && ours == 0,
    },
    Difference {
        name: "divisions: CR0 of an undefined quotient",
        why: "follows the quotient",
        book: "PowerISA 2.02 I 3.3.8, Divide",
        rows: Rows::These(&[Op::divwx, Op::divwux, Op::divdx, Op::divdux]),
        field: Field::Recorded,
        when: |view, _, _| undefined_quotient(view),
    },
    Difference {
        name: "mtxer: reserved bits",
        why: "0 here, kept by qemu",
        book: "PowerISA 2.02 I 3.2.2",
        rows: Rows::These(&[Op::mtspr]),
        field: Field::Bits(PpcRegister::Xer, !0xE000_007F),
        when: |_, _, _| true,
    },
    Difference {
        name: "mtvrsave: upper word",
        why: "VRSAVE has 32 bits; qemu keeps 64",
        book: "AltiVec PEM, VRSAVE",
        rows: Rows::These(&[Op::mtspr]),
        field: Field::Bits(PpcRegister::Vrsave, !0xFFFF_FFFF),
        when: |_, _, _| true,
    },
    Difference {
        name: "conditional stores: another size than the reservation's",
        why: "undefined: fails here; qemu stores if the values are equal",
        book: "PowerISA 2.02 II 3.3.2",
        rows: Rows::These(&[Op::stwcx, Op::stdcx]),
        field: Field::Bits(PpcRegister::Cr, EQ),
        when: |view, ours, _| other_size(view) && ours & EQ == 0,
    },
    Difference {
        name: "conditional stores: memory after such a store",
        why: "likewise; before it stores, stwcx. compares the low word alone, for CR0 both",
        book: "PowerISA 2.02 II 3.3.2",
        rows: Rows::These(&[Op::stwcx, Op::stdcx]),
        field: Field::Memory,
        when: |view, _, _| {
            other_size(view) && (view.op == Op::stwcx || view.theirs.get(PpcRegister::Cr) & EQ != 0)
        },
    },
    // Floating point.
    Difference {
        name: "FR: not computed",
        why: "qemu neither sets nor clears it",
        book: "PowerISA 2.02 I 4.2.2",
        rows: Rows::Where(rounds),
        field: Field::Bits(PpcRegister::Fpscr, FR),
        when: |view, _, theirs| theirs & FR == u128::from(view.before.fpscr) & FR,
    },
    Difference {
        name: "FI: enabled invalid operation",
        why: "to be cleared; qemu leaves it for a signalling NaN",
        book: "PowerISA 2.02 I 4.4.1",
        rows: Rows::Where(rounds),
        field: Field::Bits(PpcRegister::Fpscr, FI),
        when: |view, ours, theirs| {
            let before = u128::from(view.before.fpscr);
            before & VE != 0 && enabled_occurred(view) && ours & FI == 0 && theirs & FI == before & FI
        },
    },
    Difference {
        name: "FX: exception bit that was set before",
        why: "FX follows changes from 0 to 1; qemu sets it whenever the exception occurs",
        book: "PowerISA 2.02 I 4.2.2",
        rows: Rows::Where(|op| rounds(op) || matches!(op, Op::fcmpo | Op::fcmpu)),
        field: Field::Bits(PpcRegister::Fpscr, FX),
        when: |view, ours, theirs| {
            let before = u128::from(view.before.fpscr);
            theirs & FX != 0 && ours & FX == 0 && before & FX == 0 && ours & !before & EXCEPTIONS == 0
        },
    },
    Difference {
        name: "FX: mtfsb1 of an exception bit",
        why: "to be set implicitly; not by qemu",
        book: "PowerISA 2.02 I 4.2.2",
        rows: Rows::These(&[Op::mtfsb1x]),
        field: Field::Bits(PpcRegister::Fpscr, FX),
        when: |view, ours, theirs| {
            theirs & FX == 0 && ours & !u128::from(view.before.fpscr) & EXCEPTIONS != 0
        },
    },
    Difference {
        name: "CR1: copy of a different FPSCR",
        why: "CR1 is the copy of FX, FEX, VX, OX in both",
        book: "PowerISA 2.02 I 4.1",
        rows: Rows::Where(|op| op.row().family == Family::Float),
        field: Field::Recorded,
        when: |view, ours, theirs| {
            let follows = |cr: u128, state: &QemuState| cr >> 24 & 15 == state.get(PpcRegister::Fpscr) >> 28;
            follows(ours, view.ours) && follows(theirs, view.theirs)
        },
    },
    Difference {
        name: "CR1: enabled exception",
        why: "qemu ends the instruction before it records",
        book: "PowerISA 2.02 I 4.1",
        rows: Rows::Where(rounds),
        field: Field::Recorded,
        when: |view, _, theirs| enabled_occurred(view) && theirs as u32 == view.before.cr_word(),
    },
    Difference {
        name: "conversions and roots: enabled exception",
        why: "the result is to be written; qemu ends the instruction before",
        book: "PowerISA 2.02 I 4.4.3 to 4.4.5",
        rows: Rows::These(&[Op::fcfidx, Op::frspx, Op::fsqrtx, Op::fsqrtsx]),
        field: Field::Target(ALL),
        when: |view, _, theirs| {
            let PpcRegister::Fpr(target) = target_register(view) else { return false };
            enabled_occurred(view) && theirs == u128::from(view.before.fpr[target])
        },
    },
    Difference {
        name: "conversions and roots: FPRF with an enabled exception",
        why: "likewise",
        book: "PowerISA 2.02 I 4.4.3 to 4.4.5",
        rows: Rows::These(&[Op::fcfidx, Op::frspx, Op::fsqrtx, Op::fsqrtsx]),
        field: Field::Bits(PpcRegister::Fpscr, FPRF),
        when: |view, _, theirs| {
            enabled_occurred(view) && theirs & FPRF == u128::from(view.before.fpscr) & FPRF
        },
    },
    Difference {
        name: "singles: enabled overflow or underflow beyond the scale",
        why: "operand that is not a single, or frsp of what a scaled single doesn't reach: undefined",
        book: "PowerISA 2.02 I 4.3.5",
        rows: Rows::Where(single),
        field: Field::Target(ALL),
        when: |view, _, _| {
            enabled_occurred(view) && scales_results(view) && (view.op == Op::frspx || wide_operand(view))
        },
    },
    Difference {
        name: "singles: FPRF beyond the scale",
        why: "class of a different result",
        book: "PowerISA 2.02 I 4.3.5",
        rows: Rows::Where(single),
        field: Field::Bits(PpcRegister::Fpscr, FPRF),
        when: |view, _, _| {
            enabled_occurred(view) && scales_results(view) && (view.op == Op::frspx || wide_operand(view))
        },
    },
    Difference {
        name: "multiply-adds: VXSNAN beside VXIMZ",
        why: "both may be set when a signalling NaN is added to ∞ × 0; qemu sets VXIMZ alone",
        book: "PowerISA 2.02 I 4.4",
        rows: Rows::Where(multiplies_and_adds),
        field: Field::Bits(PpcRegister::Fpscr, VXSNAN),
        when: |_, ours, theirs| ours & VXIMZ != 0 && theirs & VXIMZ != 0 && ours & VXSNAN != 0,
    },
    Difference {
        name: "compares: FI",
        why: "not altered by compares; cleared by qemu",
        book: "PowerISA 2.02 I 4.6.7",
        rows: Rows::These(&[Op::fcmpo, Op::fcmpu]),
        field: Field::Bits(PpcRegister::Fpscr, FI),
        when: |view, ours, theirs| theirs & FI == 0 && ours & FI == u128::from(view.before.fpscr) & FI,
    },
    Difference {
        name: "singles: FPRF of a denormal result",
        why: "class \"denormal\" of the single; qemu looks at the double",
        book: "PowerISA 2.02 I 4.2.2",
        rows: Rows::Where(single),
        field: Field::Bits(PpcRegister::Fpscr, CLASS),
        when: |view, ours, theirs| {
            let magnitude = target(view, view.ours) << 65 >> 65;
            ours & CLASS != 0 && theirs & CLASS == 0 && magnitude != 0 && magnitude < 0x3810_0000_0000_0000
        },
    },
    Difference {
        name: "singles: NaN of an operand that is not a single",
        why: "undefined: low fraction bits kept here, cleared by qemu",
        book: "PowerISA 2.02 I 4.3.5",
        rows: Rows::Where(single),
        field: Field::Target(0x1FFF_FFFF),
        when: |_, ours, theirs| is_nan(ours) && is_nan(theirs),
    },
    Difference {
        name: "fnmadd, fnmsub: directed rounding",
        why: "negated after rounding; qemu does it before",
        book: "PowerISA 2.02 I 4.6.5",
        rows: Rows::These(NEGATED),
        field: Field::Target(ALL),
        when: |view, ours, theirs| {
            let one_apart = if single(view.op) {
                let bits = |value| (double(value) as f32).to_bits();
                bits(ours).abs_diff(bits(theirs)) == 1 || ours.abs_diff(theirs) == 0x2000_0000
            } else {
                ours.abs_diff(theirs) == 1
            };
            // Overflow or underflow in one result only, scaled because the exception is enabled.
            let scaled = enabled_occurred(view) && scales_results(view);
            rounds_up_or_down(view) && (one_apart || scaled)
        },
    },
    Difference {
        name: "fnmadd, fnmsub: flags of directed rounding",
        why: "of that other result",
        book: "PowerISA 2.02 I 4.6.5",
        rows: Rows::These(NEGATED),
        field: Field::Bits(PpcRegister::Fpscr, FPRF | FX | FEX | OX | UX),
        when: |view, _, _| rounds_up_or_down(view) && target(view, view.ours) != target(view, view.theirs),
    },
    Difference {
        name: "fcmpo: C of a NaN",
        why: "FPCC only; qemu sets C, too",
        book: "PowerISA 2.02 I 4.6.7",
        rows: Rows::These(&[Op::fcmpo]),
        field: Field::Bits(PpcRegister::Fpscr, CLASS),
        when: |_, ours, theirs| ours & CLASS == 0 && theirs & CLASS != 0,
    },
    Difference {
        name: "fcmpo: VXVC of a signalling NaN while VE is set",
        why: "not to be set then; set by qemu",
        book: "PowerISA 2.02 I 4.6.7",
        rows: Rows::These(&[Op::fcmpo]),
        field: Field::Bits(PpcRegister::Fpscr, VXVC),
        when: |view, ours, theirs| {
            view.before.fpscr & VE as u32 != 0 && ours & VXVC == 0 && theirs & VXVC != 0 && ours & VXSNAN != 0
        },
    },
    Difference {
        name: "fctiw: upper word",
        why: "undefined: the sign here (measured)",
        book: "PowerISA 2.02 I 4.6.6",
        rows: Rows::These(&[Op::fctiwx, Op::fctiwzx]),
        field: Field::Target(0xFFFF_FFFF_0000_0000),
        when: |_, ours, _| ours == u128::from(ours as u32 as i32 as u64),
    },
    Difference {
        name: "fcti*: FPRF",
        why: "undefined: unchanged here (measured), set by qemu",
        book: "PowerISA 2.02 I 4.6.6",
        rows: Rows::These(&[Op::fctiwx, Op::fctiwzx, Op::fctidx, Op::fctidzx]),
        field: Field::Bits(PpcRegister::Fpscr, FPRF),
        when: |view, ours, _| ours & FPRF == u128::from(view.before.fpscr) & FPRF,
    },
    Difference {
        name: "mtfsb1: NI",
        why: "sets the bit; not in qemu",
        book: "PowerISA 2.02 I 4.6.8",
        rows: Rows::These(&[Op::mtfsb1x]),
        field: Field::Bits(PpcRegister::Fpscr, NI),
        when: |view, _, theirs| view.word >> 21 & 31 == 29 && theirs & NI == 0,
    },
    // Estimates: the book bounds the error, and qemu computes them exactly.
    Difference {
        name: "fres: estimate",
        why: "within 1/256; qemu divides",
        book: "PowerISA 2.02 I, Floating Reciprocal Estimate Single",
        rows: Rows::These(&[Op::fresx]),
        field: Field::Target(ALL),
        when: |view, ours, theirs| {
            near(double(ours), double(theirs), 0.0, 1.5e-45) || within_bound(view, ours)
        },
    },
    Difference {
        name: "fres: enabled overflow or underflow",
        why: "UX undefined, so small results are not scaled here; qemu scales them",
        book: "PowerISA 2.02 I, Floating Reciprocal Estimate Single",
        rows: Rows::These(&[Op::fresx]),
        field: Field::Target(ALL),
        when: |view, ours, theirs| {
            let out_of_range = !(1.2e-38..3.4e38).contains(&double(ours).abs());
            // Both scale an overflow.
            let scaled = near(double(ours), double(theirs), 1.0 / 255.0, 0.0);
            scales_results(view) && (scaled || within_bound(view, ours) || out_of_range)
        },
    },
    Difference {
        name: "fres: of zero",
        why: "infinity; 0.5 in qemu",
        book: "PowerISA 2.02 I, Floating Reciprocal Estimate Single",
        rows: Rows::These(&[Op::fresx]),
        field: Field::Target(ALL),
        when: |view, ours, theirs| {
            let b = view.before.fpr[Operand::fb.extract(Instruction(view.word)) as usize];
            b << 1 == 0 && double(ours).is_infinite() && double(theirs).abs() == 0.5
        },
    },
    Difference {
        name: "frsqrte: estimate",
        why: "within 1/32; qemu computes it exactly",
        book: "PowerISA 2.02 I, Floating Reciprocal Square Root Estimate",
        rows: Rows::These(&[Op::frsqrtex]),
        field: Field::Target(ALL),
        when: |_, ours, theirs| near(double(ours), double(theirs), 1.0 / 32.0, 0.0),
    },
    Difference {
        name: "fres, frsqrte: FR, FI, XX, UX and what follows",
        why: "undefined: never set here (measured), qemu's are those of a division",
        book: "PowerISA 2.02 I, Floating Reciprocal Estimate Single",
        rows: Rows::These(ESTIMATES),
        field: Field::Bits(PpcRegister::Fpscr, FX | FEX | OX | UX | XX | FR | FI),
        when: |_, _, _| true,
    },
    Difference {
        name: "fres, frsqrte: FPRF of another estimate",
        why: "class of a different result",
        book: "PowerISA 2.02 I 4.2.2",
        rows: Rows::These(ESTIMATES),
        field: Field::Bits(PpcRegister::Fpscr, FPRF),
        when: |view, _, _| target(view, view.ours) != target(view, view.theirs),
    },
    // Vectors.
    Difference {
        name: "lvebx, lvehx, lvewx: other elements",
        why: "undefined: memory's here (measured), unchanged in qemu",
        book: "AltiVec PEM 6.2, lvebx",
        rows: Rows::These(&[Op::lvebx, Op::lvehx, Op::lvewx, Op::lvewx128]),
        field: Field::Target(ALL),
        when: |view, ours, theirs| (ours ^ theirs) & element(view) == 0,
    },
    Difference {
        name: "vsl, vsr: unequal counts",
        why: "undefined: each byte's own here (measured), the last byte's in qemu",
        book: "AltiVec PEM 6.2, vsl",
        rows: Rows::These(&[Op::vsl, Op::vsr]),
        field: Field::Target(ALL),
        when: |view, _, theirs| shifted_by_last_count(view) == Some(theirs),
    },
    Difference {
        name: "mtvscr: reserved bits",
        why: "0 here, kept by qemu",
        book: "AltiVec PEM, VSCR",
        rows: Rows::These(&[Op::mtvscr]),
        field: Field::Bits(PpcRegister::Vscr, !0x1_0001),
        when: |_, _, _| true,
    },
    Difference {
        name: "vrefp: estimate",
        why: "within 1/4096; qemu divides",
        book: "AltiVec PEM 6.2, vrefp",
        rows: Rows::These(&[Op::vrefp, Op::vrefp128]),
        field: Field::Target(ALL),
        when: |_, ours, theirs| {
            lanes(ours, theirs, |o, t| {
                // One of them may be beyond the normal range, and the other next to its limit.
                let is_tiny = o == 0.0 && t.abs() <= f64::from(f32::MIN_POSITIVE);
                near(o, t, 1.0 / 4096.0, 0.0) || is_tiny || t.is_infinite() && o.abs() > 3.4e38
            })
        },
    },
    Difference {
        name: "vrsqrtefp: estimate",
        why: "within 1/4096; qemu computes it exactly",
        book: "AltiVec PEM 6.2, vrsqrtefp",
        rows: Rows::These(&[Op::vrsqrtefp, Op::vrsqrtefp128]),
        field: Field::Target(ALL),
        when: |_, ours, theirs| lanes(ours, theirs, |o, t| near(o, t, 1.0 / 4096.0, 0.0)),
    },
    Difference {
        name: "vlogefp: estimate",
        why: "within 2^-5, 2^-7 here",
        book: "AltiVec PEM 6.2, vlogefp",
        rows: Rows::These(&[Op::vlogefp, Op::vlogefp128]),
        field: Field::Target(ALL),
        when: |_, ours, theirs| lanes(ours, theirs, |o, t| near(o, t, 0.0, 1.0 / 128.0)),
    },
    Difference {
        name: "vexptefp: estimate",
        why: "within 1/16, 2^-7 here; qemu's series fails beyond some 2^±8, and −∞ gives −∞",
        book: "AltiVec PEM 6.2, vexptefp",
        rows: Rows::These(&[Op::vexptefp, Op::vexptefp128]),
        field: Field::Target(ALL),
        when: |view, ours, theirs| {
            let operand = if view.op == Op::vexptefp { Operand::vb } else { Operand::vb128 };
            let b = view.before.vr[operand.extract(Instruction(view.word)) as usize];
            (0..4).all(|n| {
                let lane = |vector: u128| f64::from(f32::from_bits((vector >> (32 * n)) as u32));
                let right = lane(b).exp2();
                lane(ours).to_bits() == lane(theirs).to_bits()
                    || near(lane(ours), right, 1.0 / 128.0, 1.2e-38)
                    || lane(ours).is_infinite() && right > 3.4e38
            })
        },
    },
];
