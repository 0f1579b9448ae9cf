//! Lazy single format: values as other code sees them, and operands that are not singles.

use crate::common::*;
use xenia_cpu::Exit;
use xenia_isa::Op;

/// A normal number, a denormal, minus zero, an infinity, a signalling and a quiet NaN.
const SINGLES: [u32; 6] = [0x3FC0_0001, 0x0000_1234, 0x8000_0000, 0xFF80_0000, 0x7F81_2345, 0xFFC5_4321];

fn machines(words: &[u32]) -> (JitHarness, JitHarness) {
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    let mut r = Random::new(7);
    for machine in [&mut jit, &mut interpreter] {
        machine.put(CODE, words);
        let singles: Vec<u8> = SINGLES.iter().flat_map(|single| single.to_be_bytes()).collect();
        machine.memory.write_bytes(xenia_guest::GuestAddr(DATA), &singles).unwrap();
    }
    randomize(&mut interpreter.ctx, &mut r);
    interpreter.ctx.pc = CODE;
    interpreter.ctx.fpscr = 0;
    interpreter.ctx.gpr[9] = DATA.into();
    jit.ctx = interpreter.ctx.clone();
    (jit, interpreter)
}

#[test]
fn a_fault_shows_singles_as_doubles() {
    // Loads all, computes more of them, and faults at an access after each.
    for last in 0..8 {
        let mut words: Vec<u32> = (0..6).map(|n| d(Op::lfs, n, 9, 4 * n as i32)).collect();
        words.extend([
            float(Op::fmrx, [10, 0, 4, 0]),
            float(Op::fnegx, [11, 0, 4, 0]),
            float(Op::fabsx, [12, 0, 2, 0]),
            float(Op::faddsx, [13, 0, 1, 0]),
            d(Op::stfs, 13, 9, 0x40),
            float(Op::fmulsx, [14, 13, 0, 1]),
            float(Op::fselx, [15, 0, 4, 3]),
            float(Op::fmaddsx, [16, 0, 13, 14]),
            d(Op::stfs, 11, 9, 0x44),
            float(Op::faddx, [17, 4, 0, 0]),
            d(Op::stfd, 17, 9, 0x48),
            float(Op::frspx, [18, 0, 5, 0]),
        ]);
        words.truncate(words.len() - last);
        words.push(d(Op::lwz, 5, 6, 8));
        words.extend([d(Op::stfd, 4, 9, 0x50), d(Op::stfs, 4, 9, 0x58), SC]);
        let (mut jit, mut interpreter) = machines(&words);
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx.gpr[6] = 0x2000_0000;
        }
        assert!(matches!(jit.run(1000), Exit::Exception(_)), "without the last {last}");
        interpreter.run(1000);
        assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "without the last {last}");
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx.gpr[6] = DATA.into();
        }
        compare(&mut jit, &mut interpreter, 1000, &|| listing(&words));
    }
}

#[test]
fn non_single_operands_use_the_software_path() {
    const DOUBLES: [u64; 8] = [
        0x3FF0_0000_0000_0001, // not short enough
        0x47F0_0000_0000_0000, // too large
        0x3690_0000_0000_0000, // too small
        0x380F_FFFF_FFFF_FFFF, // too long for a denormal
        0x7FF0_0000_0000_0001, // NaNs
        0xFFF8_0000_0000_0001,
        0x36A0_0000_0000_0000, // singles: denormal, NaN
        0x7FF0_0000_2000_0000,
    ];
    let rows = [Op::faddsx, Op::fsubsx, Op::fmulsx, Op::fdivsx, Op::fmaddsx, Op::fnmsubsx, Op::fsqrtsx];
    for (first, second) in (0..16).map(|n| (DOUBLES[n % 8], DOUBLES[(n * 3 + n / 8) % 8])) {
        for op in rows {
            for rc in [0, 1] {
                let words = [
                    d(Op::lfs, 4, 9, 0),
                    float(Op::fmulsx, [5, 4, 0, 4]),
                    float(op, [1, 2, 3, 5]) | rc,
                    float(Op::faddsx, [6, 5, 4, 0]),
                    d(Op::stfs, 6, 9, 0x40),
                    d(Op::stfs, 1, 9, 0x44),
                    d(Op::stfd, 1, 9, 0x48),
                    SC,
                ];
                let (mut jit, mut interpreter) = machines(&words);
                for machine in [&mut jit, &mut interpreter] {
                    machine.ctx.fpr[2] = first;
                    machine.ctx.fpr[3] = second;
                }
                compare(&mut jit, &mut interpreter, 1000, &|| {
                    format!("{first:x} {second:x}\n{}", listing(&words))
                });
            }
        }
    }
}

#[test]
fn loops_that_assume_singles_expose_doubles() {
    const STARTS: [u64; 7] = [
        0,
        0x3FF8_0000_2000_0000,
        0x36A0_0000_0000_0000, // a denormal single
        0x7FF0_0000_2000_0000, // a signalling NaN
        0x7FF0_0000_0000_0000,
        0x3FF0_0000_0000_0001, // no singles
        0x7FF8_0000_0000_0001,
    ];
    let bdnz = |words: i32| 0x4200_0000 | (words * 4) as u32 & 0xFFFC;
    let beq = |words: i32| 0x4182_0000 | (words * 4) as u32 & 0xFFFC;
    let words = [
        d(Op::lfs, 1, 9, 0),
        // Sums and factors across iterations; f5 changes in some iterations only, f8 is a double in
        // all.
        float(Op::fmaddsx, [3, 1, 3, 4]),
        d(Op::stfs, 3, 9, 0x40),
        float(Op::faddsx, [4, 4, 1, 0]),
        float(Op::fcmpu, [0, 4, 3, 0]),
        beq(3),
        float(Op::fmulsx, [5, 5, 0, 1]),
        float(Op::faddx, [8, 8, 3, 0]),
        float(Op::fsubsx, [6, 5, 4, 0]),
        float(Op::fmrx, [7, 0, 6, 0]),
        bdnz(-9),
        d(Op::stfd, 4, 9, 0x50),
        float(Op::faddx, [10, 7, 5, 0]),
        SC,
    ];
    for (case, &start) in STARTS.iter().enumerate() {
        for budget in [3, 11, 64, 1000] {
            let (mut jit, mut interpreter) = machines(&words);
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.ctr = 40;
                for n in 3..6 {
                    machine.ctx.fpr[n] = STARTS[(case * n + 1) % STARTS.len()];
                }
                machine.ctx.fpr[3] = start;
            }
            let end = u64::from(CODE) + 4 * words.len() as u64;
            for visit in 0..400 {
                let text = || format!("from {start:x}, visit {visit} of {budget}\n{}", listing(&words));
                compare(&mut jit, &mut interpreter, budget, &text);
                if u64::from(interpreter.ctx.pc) == end {
                    break;
                }
            }
            assert_eq!(u64::from(jit.ctx.pc), end, "{start:x}: it ends");
        }
    }
}

#[test]
fn singles_written_in_loops_are_doubles_at_every_exit() {
    let bc = |bo: u32, bi: u32, words: i32| 0x4000_0000 | bo << 21 | bi << 16 | (words * 4) as u32 & 0xFFFC;
    // Before f1 to f5 are written: an access that may fault, a path that skips them, the exit. f4
    // is a double in some iterations.
    let bottom = [
        d(Op::lwz, 5, 6, 0),
        x(Op::addx, 6, 6, 8, 0),
        d(Op::cmpi, 0, 5, 0),
        bc(12, 0, 2),
        d(Op::addi, 7, 7, 1),
        bc(12, 1, 4),
        d(Op::lfs, 4, 9, 4),
        float(Op::faddsx, [4, 4, 4, 0]),
        b(4 * 8, 4 * 10, false),
        d(Op::lfd, 4, 9, 0),
        d(Op::lfs, 1, 9, 0),
        float(Op::fmulsx, [2, 1, 0, 1]),
        float(Op::fmrx, [3, 0, 2, 0]),
        float(Op::faddsx, [5, 1, 2, 0]),
        d(Op::stfs, 5, 9, 0x40),
        d(Op::addi, 9, 9, 4),
    ];
    let mut words = bottom.to_vec();
    words.extend([bc(16, 0, -16), d(Op::stfd, 2, 9, 0x50), float(Op::faddx, [10, 3, 5, 0]), SC]);
    compare_loop(&words);
    // The same, with the exit at the top.
    let mut words = vec![bc(18, 0, 18)];
    words.extend(bottom);
    words.extend([b(4 * 17, 0, false), d(Op::stfd, 2, 9, 0x50), float(Op::faddx, [10, 3, 5, 0]), SC]);
    compare_loop(&words);
}

/// f2 holds a single of any kind where the loop ends, or a double if the loop skips its load.
#[test]
fn a_register_that_a_loop_leaves_in_either_format_becomes_a_double() {
    let bc = |bo: u32, bi: u32, words: i32| 0x4000_0000 | bo << 21 | bi << 16 | (words * 4) as u32 & 0xFFFC;
    let words = [
        d(Op::cmpi, 0, 7, 0),
        bc(12, 2, 3), // beq
        d(Op::lfs, 1, 9, 0),
        float(Op::fmrx, [2, 0, 1, 0]),
        d(Op::addi, 9, 9, 4),
        bc(16, 0, -5), // bdnz
        d(Op::stfd, 2, 8, 0),
        float(Op::fmrx, [3, 0, 2, 0]),
        SC,
    ];
    let (mut jit, mut interpreter) = machines(&words);
    for round in 0..4 {
        for (count, skips) in (1..=6).flat_map(|count| [(count, 0), (count, 1)]) {
            for machine in [&mut jit, &mut interpreter] {
                let singles: Vec<u8> = SINGLES.iter().flat_map(|single| single.to_be_bytes()).collect();
                machine.memory.write_bytes(xenia_guest::GuestAddr(DATA), &singles).unwrap();
                machine.ctx.pc = CODE;
                machine.ctx.ctr = count;
                machine.ctx.gpr[7] = 1 - skips;
                machine.ctx.gpr[8] = u64::from(DATA + 0x100);
                machine.ctx.gpr[9] = DATA.into();
                machine.ctx.fpr[2] = 0x3FF0_1234_5678_9ABC + round;
            }
            compare(&mut jit, &mut interpreter, 1000, &|| format!("{count} loads, skips {skips}"));
            assert_eq!(jit.data(), interpreter.data());
        }
    }
}

/// Runs a loop over [`SINGLES`] at r9 and words at r6, in visits of several lengths, and with steps
/// of r6 that make it fault in some iteration or never.
fn compare_loop(words: &[u32]) {
    for budget in [1, 5, 16, 37, 1000] {
        for step in [4, 0x1800, 0x5000, 0x1_0000] {
            let (mut jit, mut interpreter) = machines(words);
            for machine in [&mut jit, &mut interpreter] {
                let singles = (0..20).flat_map(|n| SINGLES[(n * n + 1) % 6].to_be_bytes());
                let singles: Vec<u8> = singles.collect();
                machine.memory.write_bytes(xenia_guest::GuestAddr(DATA), &singles).unwrap();
                machine.ctx.ctr = 17;
                machine.ctx.gpr[6] = DATA.into();
                machine.ctx.gpr[8] = step;
            }
            loop {
                let exits = [jit.run(budget), interpreter.run(budget)];
                let text = || format!("step {step:x} by {budget}\n{}", listing(words));
                assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{}", text());
                assert_eq!(format!("{:?}", exits[0]), format!("{:?}", exits[1]), "{}", text());
                if exits[0] != Exit::Budget {
                    break;
                }
            }
            assert_eq!(jit.data(), interpreter.data());
        }
    }
}

#[test]
fn a_double_stored_as_two_words_is_loaded_as_it_is() {
    // f1: its halves were stored last. f2: one half was overwritten. f3: the base has changed. f4:
    // ends past the page.
    let words = [
        d(Op::stw, 4, 9, 0x10),
        d(Op::stw, 5, 9, 0x14),
        d(Op::lfd, 1, 9, 0x10),
        d(Op::stb, 6, 9, 0x12),
        d(Op::lfd, 2, 9, 0x10),
        d(Op::addi, 9, 9, 3),
        d(Op::lfd, 3, 9, 0x10),
        d(Op::stw, 5, 8, -4),
        d(Op::lfd, 4, 8, -4),
        SC,
    ];
    let (mut jit, mut interpreter) = machines(&words);
    for machine in [&mut jit, &mut interpreter] {
        machine.ctx.gpr[8] = u64::from(DATA + SIZE);
    }
    assert!(matches!(jit.run(1000), Exit::Exception(_)));
    assert!(matches!(interpreter.run(1000), Exit::Exception(_)));
    assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{}", listing(&words));
    assert_eq!(jit.data(), interpreter.data());
}
