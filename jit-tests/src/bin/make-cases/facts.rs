//! Known differences between qemu and the hardware or the book, and their correction.
//!
//! | row | qemu 7.2 | correct |
//! |---|---|---|
//! | divw, divwu, divd, divdu | arbitrary undefined quotients | 0 (hardware) |
//! | mulhw | upper word zero | sign of the result (hardware) |
//! | all arithmetic | never sets FPSCR\[FR\] | set if rounding made the magnitude larger |
//! | fctiw, fctiwz of NaN | upper word zero | sign of the result (hardware) |
//! | fcti* invalid | sets FPRF | leaves it (hardware) |
//! | fcmpo of NaN | sets C | compares do not change C |
//! | single results that are denormal | FPRF of a normal number | class "denormal" |
//! | vsl, vsr | the last byte's count | each byte's own (console) |
//!
//! FR is found by running qemu again, rounding toward zero: if the magnitude is smaller then,
//! rounding had made it larger. An arithmetic overflow sets it in every mode (hardware).

use crate::book;
use crate::case::{CONSOLE, FACTS, GeneratedCase, Reg};
use crate::oracle;
use xenia_isa::{Family, Op};
use xenia_jit_tests::fpscr::{CLASS, FI, FPRF, FR, OX};

/// Corrects qemu's answers.
pub(crate) fn correct(cases: &mut Vec<GeneratedCase>) -> anyhow::Result<()> {
    set_fr(cases)?;
    for case in cases.iter_mut() {
        if case.question.is_none() {
            continue;
        }
        match case.op {
            Op::divdx | Op::divdux | Op::divwx | Op::divwux => divide(case),
            Op::mulhwx => {
                if let Some(value) = case.out(Reg::R(3)) {
                    let signed = *value as u32 as i32;
                    *value = u128::from(i64::from(signed) as u64);
                    // In 64-bit mode CR0 depends on the upper word.
                    if case.question.as_ref().is_some_and(|question| question.sf) && case.code.contains(". ")
                    {
                        let sign = if signed < 0 { 8 } else { 4 };
                        let so = case.out(Reg::Xer).copied().unwrap_or(0) >> 31;
                        if let Some(cr) = case.out(Reg::Cr)
                            && signed != 0
                        {
                            *cr = *cr & 0x0FFF_FFFF | (sign | so) << 28;
                        }
                    }
                }
            }
            Op::fctiwx | Op::fctiwzx | Op::fctidx | Op::fctidzx => convert(case),
            Op::vsl | Op::vsr => shift_bytes(case),
            Op::fcmpo => {
                if let Some(value) = case.out(Reg::Fpscr) {
                    *value &= !CLASS;
                }
            }
            op if op.row().family == Family::Float && (op.row().bits >> 26 == 59 || op == Op::frspx) => {
                denormal_single(case);
            }
            _ => {}
        }
    }
    // NaNs that are not singles: the result of a single-precision instruction is undefined.
    cases.retain_mut(|case| {
        let single = case.op.row().bits >> 26 == 59;
        let result = case.out(Reg::F(1)).copied().unwrap_or(0) as u64;
        !(single && f64::from_bits(result).is_nan() && result & 0x1FFF_FFFF != 0)
    });
    Ok(())
}

fn operand(case: &GeneratedCase, register: Reg) -> u64 {
    case.ins.get(&register).copied().unwrap_or(0) as u64
}

/// Quotients that the book leaves undefined are 0.
fn divide(case: &mut GeneratedCase) {
    let code = case.question.as_ref().map_or("", |question| question.code.as_str());
    let registers: Vec<u8> = code.split(['r', ',']).filter_map(|part| part.trim().parse().ok()).collect();
    let [_, a, b] = registers[..] else { return };
    let a = operand(case, Reg::R(a));
    let b = operand(case, Reg::R(b));
    let undefined = match case.op {
        Op::divdx => b == 0 || a == 1 << 63 && b == u64::MAX,
        Op::divdux => b == 0,
        Op::divwx => b as u32 == 0 || a as u32 == 1 << 31 && b as u32 == u32::MAX,
        _ => b as u32 == 0,
    };
    if !undefined {
        return;
    }
    case.source = FACTS;
    if let Some(value) = case.out(Reg::R(3)) {
        *value = 0;
    }
    if case.code.contains(". ") {
        let so = case.out(Reg::Xer).copied().unwrap_or(0) >> 31;
        if let Some(cr) = case.out(Reg::Cr) {
            *cr = *cr & 0x0FFF_FFFF | 0x2000_0000 | so << 28;
        }
    }
}

/// Shifts by counts that differ between bytes.
fn shift_bytes(case: &mut GeneratedCase) {
    let registers: Vec<u8> =
        case.code.split(['v', ',']).filter_map(|part| part.trim().parse().ok()).collect();
    let [_, a, b] = registers[..] else { return };
    let [a, b] = [a, b].map(|n| case.ins.get(&Reg::V(n)).copied().unwrap_or(0));
    let is_left = case.op == Op::vsl;
    if let Some(value) = case.out(Reg::V(1)) {
        let by_bytes = book::shifted_bytes(a, b, is_left);
        if *value != by_bytes {
            *value = by_bytes;
            case.source = CONSOLE;
        }
    }
}

fn convert(case: &mut GeneratedCase) {
    let source = if case.ins.contains_key(&Reg::F(2)) { Reg::F(2) } else { Reg::F(1) };
    let is_nan = f64::from_bits(operand(case, source)).is_nan();
    if matches!(case.op, Op::fctiwx | Op::fctiwzx)
        && let Some(value) = case.out(Reg::F(1))
    {
        *value = u128::from(*value as u32 as i32 as i64 as u64);
        if is_nan {
            *value = 0xFFFF_FFFF_8000_0000;
        }
    }
    let fprf = u128::from(operand(case, Reg::Fpscr)) & FPRF;
    if let Some(fpscr) = case.out(Reg::Fpscr) {
        *fpscr = *fpscr & !FPRF | fprf;
    }
}

fn denormal_single(case: &mut GeneratedCase) {
    let result = case.out(Reg::F(1)).copied().unwrap_or(0) as u64;
    let exponent = result >> 52 & 0x7FF;
    if result << 1 != 0
        && exponent < 0x381
        && let Some(fpscr) = case.out(Reg::Fpscr)
        && *fpscr & FPRF != 0
    {
        *fpscr |= CLASS;
    }
}

/// Sets FR if an inexact result is larger than the exact one.
fn set_fr(cases: &mut [GeneratedCase]) -> anyhow::Result<()> {
    let inexact: Vec<usize> = (0..cases.len())
        .filter(|&n| {
            let arithmetic =
                !matches!(cases[n].op, Op::mffsx | Op::mtfsfx | Op::mtfsfix | Op::mtfsb0x | Op::mtfsb1x);
            let asked = cases[n].question.is_some() && cases[n].op.row().family == Family::Float;
            asked && arithmetic && cases[n].out(Reg::Fpscr).is_some_and(|fpscr| *fpscr & FI != 0)
        })
        .collect();
    let asked: Vec<&GeneratedCase> = inexact.iter().map(|&n| &cases[n]).collect();
    let truncated = oracle::rerun(&asked, 1, |_| Reg::F(1))?;
    for (&index, truncated) in inexact.iter().zip(truncated) {
        let case = &mut cases[index];
        let integer = matches!(case.op, Op::fctiwx | Op::fctiwzx | Op::fctidx | Op::fctidzx);
        let result = case.out(Reg::F(1)).copied().unwrap_or(0) as u64;
        let larger = if integer {
            let width = |bits: u64| match case.op {
                Op::fctiwx | Op::fctiwzx => i64::from(bits as i32).unsigned_abs(),
                _ => (bits as i64).unsigned_abs(),
            };
            width(result) > width(truncated)
        } else {
            result << 1 > truncated << 1
        };
        let overflow = case.op != Op::frspx && case.out(Reg::Fpscr).is_some_and(|fpscr| *fpscr & OX != 0);
        if (larger || overflow)
            && let Some(fpscr) = case.out(Reg::Fpscr)
        {
            *fpscr |= FR;
        }
    }
    Ok(())
}
