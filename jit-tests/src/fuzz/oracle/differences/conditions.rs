//! Predicates used by the conditions of differences.

use super::View;
use crate::conformance::PpcRegister;
use crate::fpscr::FEX;
use crate::qemu::QemuState;
use xenia_cpu::fpscr::{OE, RN, UE};
use xenia_isa::{Instruction, Op, Operand};

/// Whether results that are too large or too small are scaled, since their exceptions are enabled.
pub(super) fn scales_results(view: &View<'_>) -> bool {
    view.before.fpscr & (OE | UE) != 0
}

/// Whether the rounding mode is up or down.
pub(super) fn rounds_up_or_down(view: &View<'_>) -> bool {
    view.before.fpscr & RN >= 2
}

/// The value of the first operand's register, an FPR or a GPR.
pub(super) fn target(view: &View<'_>, state: &QemuState) -> u128 {
    state.get(target_register(view))
}

pub(super) fn target_register(view: &View<'_>) -> PpcRegister {
    let operand = view.op.row().operands[0];
    let number = operand.extract(Instruction(view.word)) as usize;
    match operand {
        Operand::fd => PpcRegister::Fpr(number),
        _ => PpcRegister::Gpr(number),
    }
}

pub(super) fn double(bits: u128) -> f64 {
    f64::from_bits(bits as u64)
}

pub(super) fn is_nan(bits: u128) -> bool {
    double(bits).is_nan()
}

/// Whether there is a reservation of another size than the conditional store's.
pub(super) fn other_size(view: &View<'_>) -> bool {
    let size = if view.op == Op::stdcx { 8 } else { 4 };
    let reservation = view.before.reservation;
    reservation.valid != 0 && reservation.size != size
}

/// Whether an exception that FPSCR enables occurred.
pub(super) fn enabled_occurred(view: &View<'_>) -> bool {
    view.ours.get(PpcRegister::Fpscr) & FEX != 0 || view.theirs.get(PpcRegister::Fpscr) & FEX != 0
}

/// Whether an operand has no single-precision form.
pub(super) fn wide_operand(view: &View<'_>) -> bool {
    let sources = view
        .op
        .row()
        .operands
        .iter()
        .filter(|operand| matches!(operand, Operand::fa | Operand::fb | Operand::fc));
    sources.map(|operand| view.before.fpr[operand.extract(Instruction(view.word)) as usize]).any(|bits| {
        let value = f64::from_bits(bits);
        f64::from(value as f32).to_bits() != bits
    })
}

/// Whether a result of `fres` is within one part in 256 of the reciprocal. A denormal single is so
/// before rounding, which adds up to one unit in the last place.
pub(super) fn within_bound(view: &View<'_>, ours: u128) -> bool {
    let b = f64::from_bits(view.before.fpr[Operand::fb.extract(Instruction(view.word)) as usize]);
    let ours = double(ours);
    let is_denormal = ours.abs() < f64::from(f32::MIN_POSITIVE);
    let last_place = if is_denormal { f64::from(f32::from_bits(1)) } else { 0.0 };
    (ours * b - 1.0).abs() <= 1.0 / 256.0 + last_place * b.abs()
}

/// Whether two finite numbers of the same sign differ by at most a fraction of the second, or by
/// this absolute amount.
pub(super) fn near(ours: f64, theirs: f64, part: f64, absolute: f64) -> bool {
    ours.is_finite()
        && theirs.is_finite()
        && (ours.is_sign_negative() == theirs.is_sign_negative() || absolute > 0.0)
        && (ours - theirs).abs() <= f64::max(theirs.abs() * part, absolute)
}

/// Whether the condition is true for each word that differs.
pub(super) fn lanes(ours: u128, theirs: u128, holds: fn(f64, f64) -> bool) -> bool {
    (0..4).all(|n| {
        let ours = (ours >> (32 * n)) as u32;
        let theirs = (theirs >> (32 * n)) as u32;
        ours == theirs || holds(f32::from_bits(ours).into(), f32::from_bits(theirs).into())
    })
}

pub(super) fn undefined_quotient(view: &View<'_>) -> bool {
    let field = |operand: Operand| view.before.gpr[operand.extract(Instruction(view.word)) as usize];
    let a = field(Operand::ra);
    let b = field(Operand::rb);
    match view.op {
        Op::divdx => b == 0 || a == 1 << 63 && b == u64::MAX,
        Op::divdux => b == 0,
        Op::divwx => b as u32 == 0 || a as u32 == 1 << 31 && b as u32 == u32::MAX,
        _ => b as u32 == 0,
    }
}

/// The bits of the element that an element load reads from memory.
pub(super) fn element(view: &View<'_>) -> u128 {
    let field = |operand: Operand| operand.extract(Instruction(view.word)) as usize;
    let a = field(Operand::ra0);
    let base = if a == 0 { 0 } else { view.before.gpr[a] };
    let ea = base.wrapping_add(view.before.gpr[field(Operand::rb)]) as u32;
    let size = match view.op {
        Op::lvebx => 1,
        Op::lvehx => 2,
        _ => 4_u32,
    };
    let at = ea & 15 & !(size - 1);
    (u128::MAX >> (128 - 8 * size)) << (128 - 8 * (at + size))
}

/// The result of `vsl` or `vsr` by the count in vB's last byte, if another byte's differs.
pub(super) fn shifted_by_last_count(view: &View<'_>) -> Option<u128> {
    let field = |operand: Operand| view.before.vr[operand.extract(Instruction(view.word)) as usize];
    let a = field(Operand::va);
    let b = field(Operand::vb);
    let count = b & 7;
    let differ = b.to_be_bytes().iter().any(|byte| u128::from(byte & 7) != count);
    differ.then(|| if view.op == Op::vsl { a << count } else { a >> count })
}
