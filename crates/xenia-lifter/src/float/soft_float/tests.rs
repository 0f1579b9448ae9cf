//! Compares software floating point with the interpreter, on random operands and control bits.

use super::*;
use crate::float::float_state;
use xenia_cpu::{EngineConfig, Interpreter, PpcContext};
use xenia_isa::{Family, Instruction, Operand};
use xenia_memory::{DeviceQueue, GuestMemory};

/// Edge values, values close to each other, singles, midpoints between singles, random bits.
fn operand(next: &mut impl FnMut() -> u64) -> u64 {
    const EDGES: [u64; 16] = [
        0,
        1,
        0x000F_FFFF_FFFF_FFFF,
        0x0010_0000_0000_0000,
        0x3690_0000_0000_0000,
        0x380F_FFFF_FFFF_FFFF,
        0x3810_0000_0000_0000,
        0x3FF0_0000_0000_0000,
        0x3FF0_0000_1000_0000,
        0x41DF_FFFF_FFC0_0000,
        0x43E0_0000_0000_0000,
        0x47EF_FFFF_F000_0000,
        0x7FEF_FFFF_FFFF_FFFF,
        0x7FF0_0000_0000_0000,
        0x7FF0_0000_2000_0001,
        0x7FFC_0000_0000_0001,
    ];
    let bits = next();
    let choice = next();
    let sign = bits & SIGN;
    let around = |low: u64, count: u64| sign | (low + (bits >> 52 & 0x7FF) % count) << 52;
    let fraction = match choice >> 8 & 3 {
        0 => bits & 0x000F_FFFF_E000_0000,
        1 => bits & 0x000F_FFFF_E000_0000 | 1 << 28,
        2 => 1 << (choice >> 16 & 63).min(51),
        _ => bits & 0x000F_FFFF_FFFF_FFFF,
    };
    match choice & 15 {
        0..=3 => sign | EDGES[(choice >> 32) as usize & 15],
        4 => bits,
        5 => around(0, 60) | fraction,
        6 => around(870, 40) | fraction,
        7 => around(1140, 20) | fraction,
        8 => around(1990, 57) | fraction,
        9..=12 => around(1000, 70) | fraction,
        _ => around(1021, 4) | fraction,
    }
}

#[test]
fn agrees_with_the_interpreter_under_all_control_bits() {
    let rows: Vec<Op> = Op::all()
        .filter(|&op| op.row().family == Family::Float && compute(op, [0; 3], 0).is_some())
        .chain([Op::fcmpo, Op::fcmpu])
        .collect();
    assert_eq!(rows.len(), 28);
    let mut interpreter = Interpreter::new(GuestMemory::new().unwrap(), EngineConfig::default());
    let mut devices = DeviceQueue::new();
    let mut dice = xenia_testing::Dice(1);
    let mut next = || dice.next();
    for round in 0..400_000 {
        let op = rows[round % rows.len()];
        // frD 1, frA 2, frB 3, frC 4; a compare's field is 0.
        let mut word = op.row().bits;
        for operand in op.row().operands {
            let value = match operand {
                Operand::fd => 1,
                Operand::fa => 2,
                Operand::fb => 3,
                Operand::fc => 4,
                _ => 0,
            };
            word |= operand.insert(value).unwrap();
        }
        let i = Instruction(word);
        let is_compare = matches!(op, Op::fcmpo | Op::fcmpu);
        let mut expected = PpcContext::default();
        expected.fpr[1] = 77;
        let operands = [operand(&mut next), operand(&mut next), operand(&mut next)];
        expected.fpr[2..5].copy_from_slice(&operands);
        expected.fpscr = next() as u32 & if round % 3 == 0 { 3 } else { 0xFB };
        let mut actual = expected.clone();
        let fpscr = expected.fpscr;
        let text = || format!("{op:?} {operands:x?} fpscr {fpscr:#x}");
        assert_eq!(interpreter.execute(&mut expected, &mut devices, i), None, "{}", text());
        let result = float_state::perform(&mut actual, i, Some(op), operands);
        assert_eq!(actual.fpscr, expected.fpscr, "{}: FPSCR", text());
        if is_compare {
            assert_eq!(result, u64::from(expected.cr[0].nibble()), "{}", text());
        } else {
            assert_eq!(result, expected.fpr[1], "{}", text());
        }
    }
}

#[test]
fn ordinary_results_are_those_of_quadruple_precision() {
    let rows: Vec<Op> = Op::all().filter(|&op| numbers_of(op).is_some()).collect();
    let mut dice = xenia_testing::Dice(2);
    let mut next = || dice.next();
    let mut decided = vec![0; rows.len()];
    for round in 0..400_000 {
        let row = round % rows.len();
        let op = rows[row];
        let Some(numbers) = numbers_of(op) else { continue };
        let operands = [operand(&mut next), operand(&mut next), operand(&mut next)];
        let fpscr = next() as u32 & 0xFB;
        let arithmetic = Arithmetic { op, operands, numbers };
        if arithmetic.outcome_of_nan(fpscr).is_some() {
            continue;
        }
        let Some(ordinary) = arithmetic.ordinary(fpscr) else { continue };
        assert_eq!(ordinary, arithmetic.outcome(fpscr), "{op:?} {operands:x?} fpscr {fpscr:#x}");
        decided[row] += 1;
    }
    for (op, count) in rows.into_iter().zip(decided) {
        let is_estimate = matches!(op, Op::fresx | Op::frsqrtex);
        assert_eq!(count > 500, !is_estimate, "{op:?}: {count}");
    }
}

#[test]
fn ordinary_integers_are_those_of_quadruple_precision() {
    let mut dice = xenia_testing::Dice(3);
    let mut next = || dice.next();
    let mut decided = 0;
    for n in 0..200_000 {
        let bits = if n % 2 == 0 { operand(&mut next) } else { (f64::from(next() as i32) / 8.0).to_bits() };
        let width = if n % 3 == 0 { 32 } else { 64 };
        let fpscr = next() as u32 & 0xFB;
        if let Some(ordinary) = ordinary::integer(bits, width, mode(fpscr)) {
            let exact = to_integer(bits, width, mode(fpscr), fpscr);
            assert_eq!(ordinary, exact, "{bits:x} width {width} fpscr {fpscr:#x}");
            decided += 1;
        }
    }
    assert!(decided > 50_000, "{decided}");
}
