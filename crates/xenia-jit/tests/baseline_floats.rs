//! Floating point of the baseline tier compared with the interpreter: special operands, rounding
//! and its edge cases, all control bits of FPSCR, in visits of any length.

use crate::common::pair::{assembled, machines};
use crate::common::*;
use xenia_cpu::{PpcContext, msr_bit};
use xenia_isa::{Family, Op, assemble};
use xenia_jit::{JitConfig, JitTesting, Tiers};
use xenia_testing::is_long;

fn baseline() -> JitConfig {
    let testing = JitTesting { compile_volatile: true, ..JitTesting::default() };
    JitConfig { tiers: Tiers::Baseline, testing, ..JitConfig::default() }
}

const SIGN: u64 = 1 << 63;

/// Zero, denormals, the edges of the normal range, one, infinity, and NaNs of both kinds.
const SPECIAL: [u64; 14] = [
    0,
    1,
    0x000F_FFFF_FFFF_FFFF,
    0x0010_0000_0000_0000,
    0x0010_0000_0000_0001,
    0x3FF0_0000_0000_0000,
    0x3FF0_0000_0000_0001,
    0x7FEF_FFFF_FFFF_FFFF,
    0x7FF0_0000_0000_0000,
    0x7FF0_0000_0000_0001,
    0x7FF4_0000_2000_0000,
    0x7FF8_0000_0000_0000,
    0x7FF8_0000_1000_0001,
    0x7FFF_FFFF_FFFF_FFFF,
];

/// Exponents of doubles at which results change: the ends of the range and half of it; the ends of
/// the singles' range, of the range of their denormals, and half of it; and the ends of the
/// integers' ranges.
const EXPONENTS: [u64; 20] =
    [0, 1, 2, 510, 511, 512, 873, 874, 895, 896, 897, 898, 959, 1023, 1053, 1054, 1086, 1149, 1150, 2046];

fn operand(r: &mut Random) -> u64 {
    let fraction = match r.below(5) {
        0 => 0,
        // A double with the fraction of a single.
        1 => r.next() << 29,
        // The midpoint of two singles, and its neighbours.
        2 => r.next() << 29 | 0x1000_0000,
        3 => (r.next() << 29 | 0x1000_0000).wrapping_add(r.below(3)).wrapping_sub(1),
        _ => r.next(),
    } & ((1 << 52) - 1);
    let magnitude = match r.below(8) {
        0 => r.pick(&SPECIAL),
        1 => (r.below(64) as f64 / 4.0).to_bits(),
        2 => r.below(2048) << 52 | fraction,
        3 | 4 => (r.pick(&EXPONENTS) + r.below(3)).min(2046) << 52 | fraction,
        _ => (1003 + r.below(40)) << 52 | fraction,
    };
    magnitude | if r.below(2) == 0 { SIGN } else { 0 }
}

fn set_up(ctx: &mut PpcContext, r: &mut Random) {
    randomize(ctx, r);
    randomize_modes(ctx, r);
    ctx.msr &= !msr_bit::SF;
    ctx.xer_so = 0;
    if r.below(4) == 0 {
        ctx.fpscr |= 4;
    }
    for n in 0..32 {
        ctx.fpr[n] = operand(r);
    }
    if r.below(4) == 0 {
        // Operands that are close to each other.
        for n in 0..8 {
            ctx.fpr[n] = (ctx.fpr[8] & !0xF).wrapping_add(r.below(16)) ^ r.below(2) << 63;
        }
    }
}

/// Sequences of 12 words with few registers, each from several states.
fn check(config: JitConfig, rows: &[Op], seed: u64, count: u64) {
    let mut r = Random::new(seed);
    let mut jit = JitHarness::jit_with(config);
    let mut interpreter = JitHarness::interpreter_with(config.engine);
    for case in 0..count {
        let words: Vec<u32> = (0..12)
            .map(|_| {
                let word = word(&mut r, rows);
                // FPRs 0 to 7, so that results become operands.
                let named = word & !(if word >> 26 >= 59 { 0x0318_C600 } else { 0x0300_0000 });
                let named = if r.below(4) == 0 { word } else { named };
                if xenia_isa::decode(named) == xenia_isa::decode(word) { named } else { word }
            })
            .chain([SC, BLR])
            .collect();
        let at = CODE + 64 * (case % 512) as u32;
        for machine in [&mut jit, &mut interpreter] {
            machine.put(at, &words);
        }
        for _ in 0..12 {
            set_up(&mut interpreter.ctx, &mut r);
            interpreter.ctx.pc = at;
            let before = interpreter.ctx.clone();
            jit.ctx = before.clone();
            let whole = r.below(3) > 0;
            for _ in 0..if whole { 1 } else { 4 } {
                let budget = if whole { 100 } else { 1 + r.below(8) as i64 };
                compare(&mut jit, &mut interpreter, budget, &|| {
                    format!("seed {seed}, case {case}\n{}{before:x?}", listing(&words))
                });
                if interpreter.ctx.pc < at || interpreter.ctx.pc >= at + 4 * 12 {
                    break;
                }
            }
        }
    }
    let counters = jit.engine.counters();
    assert!(counters.baseline_guest_instructions >= count * 12, "{counters:?}");
}

/// Each exponent; each interval of `fres` next to its limits and to 1; the halves between integers
/// and next to the limits of integers.
fn estimated() -> impl Iterator<Item = u64> {
    let exponents =
        (0..2048_u64).flat_map(|e| [0, 1 << 51 | 1, (1_u64 << 52) - 1].map(|rest| e << 52 | rest));
    let limits = [895_u64, 896, 897, 1022, 1023, 1147, 1148, 1149].into_iter();
    let intervals =
        limits.flat_map(|e| (0..256).map(move |n: u64| (e << 52) + (n.div_ceil(2) << 45) - n % 2));
    let numbers = [
        2147483646.5,
        2147483647.25,
        2147483647.5,
        2147483648.25,
        2147483648.5,
        2147483648.75,
        2147483649.0,
        2251799813685249.5,
        2251799813685250.5,
        4503599627370495.5,
        9223372036854774784.0,
        9223372036854777856.0,
    ];
    let halves = (0..64).map(|n| f64::from(n) / 4.0).chain(numbers).map(f64::to_bits);
    exponents.chain(intervals).chain(halves)
}

/// The results of estimates and conversions, and FPSCR after each.
#[test]
fn estimates_and_conversions_agree_on_every_interval() {
    // All control bits that one of these rows may depend on.
    let mut controls = [4, 1, 2, 3, 0x80, 0x40, 0x20, 0x10, 8].into_iter().cycle();
    let operands: Vec<u64> = estimated().flat_map(|magnitude| [magnitude, magnitude | SIGN]).collect();
    for op in [Op::fresx, Op::frsqrtex, Op::fctiwx, Op::fctidx, Op::fctiwzx] {
        let rows = (0..16).flat_map(|n| [float(op, [n, 0, n, 0]), float(Op::mffsx, [16 + n, 0, 0, 0])]);
        let words: Vec<u32> = rows.chain([SC, BLR]).collect();
        let (mut jit, mut interpreter) = machines(baseline(), &[(CODE, &words)], |_| {});
        for part in operands.chunks(16) {
            for fpscr in [0].into_iter().chain(controls.next()) {
                for machine in [&mut jit, &mut interpreter] {
                    machine.ctx.pc = CODE;
                    machine.ctx.fpscr = fpscr;
                    machine.ctx.fpr[..part.len()].copy_from_slice(part);
                }
                compare(&mut jit, &mut interpreter, 100, &|| {
                    format!("{} of {part:x?}, FPSCR {fpscr:x}", op.row().mnemonic)
                });
            }
        }
    }
}

/// Estimates and conversions that share a thunk with other arithmetic and with a store.
#[test]
fn estimates_and_conversions_agree_in_groups() {
    use Op::{faddx, fctidx, fctiwx, fmulsx, fresx, frspx, frsqrtex};
    let estimates = [fresx, frsqrtex];
    check(baseline(), &[fresx, frsqrtex, fctiwx, fctidx, faddx, fmulsx, frspx, Op::stfs], 8, 600);
    check(baseline(), &[&estimates[..], &memory()].concat(), 9, 300);
}

fn arithmetic() -> Vec<Op> {
    // Moves to FPSCR end blocks or change the mode; `tests/baseline.rs` covers them.
    rows(&[Family::Float]).into_iter().filter(|op| !op.row().mnemonic.starts_with("mtf")).collect()
}

fn memory() -> Vec<Op> {
    use Op::{lfd, lfdu, lfdux, lfdx, lfs, lfsu, lfsux, lfsx};
    use Op::{stfd, stfdu, stfdux, stfdx, stfiwx, stfs, stfsu, stfsux, stfsx};
    vec![
        lfd, lfdu, lfdux, lfdx, lfs, lfsu, lfsux, lfsx, stfd, stfdu, stfdux, stfdx, stfiwx, stfs, stfsu,
        stfsux, stfsx,
    ]
}

#[test]
fn arithmetic_agrees_on_special_operands() {
    check(baseline(), &arithmetic(), 1, if is_long() { 6000 } else { 1000 });
    for op in arithmetic() {
        check(baseline(), &[op], 2 + op as u64, if is_long() { 120 } else { 30 });
    }
}

#[test]
fn arithmetic_agrees_on_a_host_without_fma() {
    let testing = JitTesting { portable_code: true, ..baseline().testing };
    check(JitConfig { testing, ..baseline() }, &arithmetic(), 3, 500);
}

#[test]
fn arithmetic_agrees_among_vectors_and_integers() {
    let mut rows = rows(&[Family::Vector, Family::Vector128, Family::Logical]);
    for _ in 0..8 {
        rows.extend(arithmetic());
    }
    rows.extend(memory());
    check(baseline(), &rows, 4, if is_long() { 2000 } else { 700 });
}

#[test]
fn memory_agrees_on_special_operands() {
    check(baseline(), &memory(), 5, if is_long() { 3000 } else { 1000 });
}

/// Moves each kind of single through `lfs` and back through `stfs`.
#[test]
fn singles_are_moved_bit_by_bit() {
    let words =
        [d(Op::lfs, 1, 3, 0), d(Op::stfd, 1, 3, 8), d(Op::stfs, 1, 3, 16), d(Op::lfsu, 2, 3, 16), SC, BLR];
    let (mut jit, mut interpreter) = machines(baseline(), &[(CODE, &words)], |_| {});
    let mut r = Random::new(6);
    for case in 0..20_000_u32 {
        let fraction = r.next() as u32 & 0x7F_FFFF >> r.below(24);
        let single = (case % 512) << 23 | if case % 1024 < 512 { fraction } else { 0 };
        for machine in [&mut jit, &mut interpreter] {
            machine.put(DATA, &[single]);
            machine.ctx.gpr[3] = u64::from(DATA);
            machine.ctx.pc = CODE;
        }
        compare(&mut jit, &mut interpreter, 100, &|| format!("{single:08x}"));
        assert_eq!(jit.data()[16..20], single.to_be_bytes(), "{single:08x}");
    }
}

/// Products below the smallest normal single that round to it: the guest detects tininess before
/// rounding, the host after. (1 + 2⁻ⁿ)(1 − 2⁻ⁿ) is 1 − 2⁻²ⁿ.
#[test]
fn products_that_round_to_the_smallest_normal_single_agree() {
    let words = assembled(&["fmuls f1,f2,f3", "sc 2"]);
    let (mut jit, mut interpreter) = machines(baseline(), &[(CODE, &words)], |_| {});
    for n in 10..20 {
        let near = f64::from(n).exp2().recip();
        for sign in [1.0, -1.0] {
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.pc = CODE;
                machine.ctx.fpscr = 0;
                machine.ctx.fpr[2] = ((1.0 + near) * sign * 2_f64.powi(-63)).to_bits();
                machine.ctx.fpr[3] = ((1.0 - near) * 2_f64.powi(-63)).to_bits();
            }
            compare(&mut jit, &mut interpreter, 100, &|| format!("{n}, {sign}"));
        }
    }
}

/// Lazy FPSCR across tiers: arithmetic, and calls of functions that the optimizing tier compiles at
/// once.
#[test]
fn status_is_pending_between_the_tiers() {
    let both = JitConfig { tiers: Tiers::Both, hot_after: 0, ..baseline() };
    let mut r = Random::new(7);
    let callee = CODE + 0x1000;
    for case in 0..60 {
        let mut words = Vec::new();
        let mut called = Vec::new();
        for n in 0..8 {
            words.extend([word(&mut r, &arithmetic()), word(&mut r, &arithmetic())]);
            words.push(b(CODE + 4 * (3 * n + 2), callee, true));
            called.push(word(&mut r, &arithmetic()));
        }
        // Repeats, so that samples find it hot.
        words.push(b(CODE + 4 * words.len() as u32, CODE, false));
        called.push(BLR);
        let (mut jit, mut interpreter) =
            machines(both, &[(CODE, &words), (callee, &called)], |ctx| ctx.pc = CODE);
        for visit in 0..12 {
            set_up(&mut interpreter.ctx, &mut r);
            interpreter.ctx.pc = CODE;
            jit.ctx = interpreter.ctx.clone();
            let budget = [50_000, 1 + r.below(500) as i64][visit % 2];
            compare(&mut jit, &mut interpreter, budget, &|| {
                format!("case {case}, visit {visit}\n{}{}", listing(&words), listing(&called))
            });
        }
    }
}

/// Vector arithmetic of the optimizing tier takes denormals for zeros; loads of singles in this
/// tier's code that called it, or that it calls, do not.
#[test]
fn denormal_singles_stay_beside_vector_code_of_the_other_tier() {
    let loads = "lfs f1,0(r3)\n lfs f2,4(r3)\n lfsx f3,0,r3\n";
    // The loop is sampled, and so becomes hot first.
    let vectors = "li r5,1000\n mtctr r5\nagain: vaddfp v1,v2,v3\n bdnz again\n";
    let programs = [
        [format!("start: bl 0x1000\n {loads} b start"), format!("{vectors} blr")],
        [
            format!("start: {vectors} bl 0x1000\n b start"),
            format!("cmpwi r3,0\n beq over\n {loads}over: blr"),
        ],
    ];
    for [caller, callee] in programs {
        let words = |text: &str| -> Vec<u32> {
            let bytes = assemble(text, 0).unwrap_or_else(|error| panic!("{text}: {error}")).bytes;
            bytes.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
        };
        let caller = words(&caller);
        let callee = words(&callee);
        let both = JitConfig { tiers: Tiers::Both, hot_after: 0, ..baseline() };
        let code = [(CODE, &caller[..]), (CODE + 0x1000, &callee[..])];
        let (mut jit, mut interpreter) = machines(both, &code, |ctx| ctx.pc = CODE);
        for machine in [&mut jit, &mut interpreter] {
            machine.put(DATA, &[1, 0x807F_FFFF]);
            machine.ctx.gpr[3] = u64::from(DATA);
        }
        for visit in 0..8 {
            compare(&mut jit, &mut interpreter, 50_000 + visit, &|| format!("visit {visit}"));
        }
        let counters = jit.engine.counters();
        assert!(counters.functions > 0 && counters.baseline_units > 1, "{counters:?}");
    }
}
