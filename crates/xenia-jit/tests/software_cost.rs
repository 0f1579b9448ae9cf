//! Benchmark of instructions in compiled code of both tiers, on operands that the host decides and
//! on those that need software, and in the interpreter.
//!
//! `cargo test --release -p xenia-jit --test tests software_cost:: -- --ignored --nocapture`

use crate::common::*;
use xenia_cpu::{EngineConfig, PpcContext, ReservationMode};
use xenia_isa::Op;
use xenia_jit::{JitConfig, Tiers};

#[test]
#[ignore = "a measurement"]
fn software_path_cost() {
    const ONE: u64 = 0x3FF0_0000_0000_0000;
    const THIRD: u64 = 0x3FD5_5555_5555_5555;
    const THIRD_SINGLE: u64 = 0x3FD5_5555_6000_0000;
    const TINY: u64 = 0x3815_5555_6000_0000;
    const NAN: u64 = 0x7FF8_0000_0000_0000;
    const HUGE: u64 = 0x7FE0_0000_0000_0000;
    let float = |op: Op| op.row().bits | 1 << 21;
    let ab = 2 << 16 | 3 << 11;
    let ac = 2 << 16 | 4 << 6;
    let acb = 2 << 16 | 3 << 11 | 4 << 6;
    let indexed = |op: Op| x(op, 4, 0, 2, 0);
    let cases = [
        ("fadd", float(Op::faddx) | ab, [ONE, THIRD, ONE], 0),
        ("fadd of a NaN", float(Op::faddx) | ab, [ONE, NAN, ONE], 0),
        ("fadd, rounding toward zero", float(Op::faddx) | ab, [ONE, THIRD, ONE], 1),
        ("fadd.", float(Op::faddx) | ab | 1, [ONE, THIRD, ONE], 0),
        ("fadds", float(Op::faddsx) | ab, [ONE, THIRD_SINGLE, ONE], 0),
        ("fadds of a double", float(Op::faddsx) | ab, [ONE, THIRD, ONE], 0),
        ("fmuls", float(Op::fmulsx) | ac, [THIRD_SINGLE, ONE, THIRD_SINGLE], 0),
        ("fmuls, denormal", float(Op::fmulsx) | ac, [TINY, ONE, THIRD_SINGLE], 0),
        ("fmadds", float(Op::fmaddsx) | acb, [THIRD_SINGLE, ONE, THIRD_SINGLE], 0),
        ("fmadds, midway", float(Op::fmaddsx) | acb, [ONE, ONE, 0x3E70_0000_0000_0000], 0),
        ("fdiv by zero", float(Op::fdivx) | ab, [ONE, 0, ONE], 0),
        ("fres", float(Op::fresx) | 3 << 11, [ONE, THIRD, ONE], 0),
        ("fres of zero", float(Op::fresx) | 3 << 11, [ONE, 0, ONE], 0),
        ("fctiwz", float(Op::fctiwzx) | 3 << 11, [ONE, THIRD, ONE], 0),
        ("fctiwz, too large", float(Op::fctiwzx) | 3 << 11, [ONE, HUGE, ONE], 0),
        ("fcmpu", Op::fcmpu.row().bits | ab, [ONE, THIRD, ONE], 0),
        ("fcmpu of a NaN", Op::fcmpu.row().bits | ab, [ONE, NAN, ONE], 0),
        ("fdivs", float(Op::fdivsx) | ab, [ONE, THIRD_SINGLE, ONE], 0),
        ("frsp", float(Op::frspx) | 3 << 11, [ONE, THIRD, ONE], 0),
        ("fsel", float(Op::fselx) | acb, [ONE, THIRD, ONE], 0),
        ("lfsx", indexed(Op::lfsx), [0; 3], 0),
        ("stfsx", Op::stfsx.row().bits | 2 << 21 | 2 << 11, [THIRD; 3], 0),
        ("lwzx", indexed(Op::lwzx), [0; 3], 0),
        ("lswx, 16 bytes", indexed(Op::lswx), [0; 3], 0),
        ("stswx, 16 bytes", indexed(Op::stswx), [0; 3], 0),
        ("lmw, 8 words", d(Op::lmw, 24, 2, 0), [0; 3], 0),
        ("lmw, 29 words", d(Op::lmw, 3, 2, 0), [0; 3], 0),
        ("lwarx", indexed(Op::lwarx), [0; 3], 0),
    ];
    let table = EngineConfig { reservations: ReservationMode::Table };
    let table = JitConfig { warm_up: 1, engine: table, ..JitConfig::default() };
    let baseline = JitConfig { tiers: Tiers::Baseline, ..JitConfig::default() };
    // All write f1 (or r4 and up) and read registers that no instruction writes.
    let prepare = |fpr: [u64; 3], fpscr: u32| {
        move |ctx: &mut PpcContext| {
            ctx.fpscr = fpscr;
            ctx.xer_count = 16;
            ctx.gpr[2] = DATA.into();
            ctx.fpr[2..5].copy_from_slice(&fpr);
        }
    };
    for (name, word, fpr, fpscr) in cases {
        let [compiled, baseline, interpreted] =
            [JitHarness::jit(), JitHarness::jit_with(baseline), JitHarness::interpreter()]
                .map(|mut machine| nanoseconds(&mut machine, word, prepare(fpr, fpscr)));
        println!(
            "{name:<28} {compiled:7.2} ns, baseline {baseline:7.2} ns, interpreted {interpreted:7.2} ns"
        );
    }
    for (name, op) in [("lwarx with the table", Op::lwarx), ("stwcx. with the table", Op::stwcx)] {
        let compiled = nanoseconds(&mut JitHarness::jit_with(table), indexed(op), prepare([0; 3], 0));
        println!("{name:<28} {compiled:7.2} ns");
    }
}
