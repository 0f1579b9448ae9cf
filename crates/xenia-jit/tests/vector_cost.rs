//! Benchmark of vector instructions in compiled code and in the interpreter.
//!
//! `cargo test --release -p xenia-jit --test tests vector_cost:: -- --ignored --nocapture`

use crate::common::*;
use xenia_cpu::PpcContext;
use xenia_isa::{Op, Operand, ROWS};

/// An instruction that writes v1 and reads the vector register `first`, and v2 and v3 if it has as
/// many operands. A scale is 0.
fn writing_v1(op: Op, first: u32) -> u32 {
    let count = op.row().operands.len();
    let unary = count == 2 || op.row().operands.contains(&Operand::uimm5);
    let (a, b) = if unary { (0, first) } else { (first, 2) };
    x(op, 1, a, b, if count == 4 { 3 << 6 } else { 0 })
}

#[test]
#[ignore = "a measurement"]
fn vector_instruction_cost() {
    let integers: [u32; 4] = [0x0102_0304, 0x7FFF_8000, 0x8000_7FFF, 0xFFFE_0001];
    let floats = [0x3F80_0001, 0x3FC0_0000, 0x3F00_0000, 0x3F81_2345];
    let nans = [0x3F80_0000, 0x7FC0_0000, 0xBF80_0000, 0];
    for name in [
        "vadduwm",
        "vaddubs",
        "vaddsws",
        "vadduws",
        "vsubsws",
        "vpkshss",
        "vpkuwus",
        "vavgsw",
        "vslb",
        "vsrab",
        "vrlh",
        "vslw",
        "vsl",
        "vsumsws",
        "vsum2sws",
        "vsum4sbs",
        "vmsumubm",
        "vmsumshs",
        "vmhaddshs",
        "vpkpx",
        "vctsxs",
        "vctuxs",
        "vcmpbfp",
        "vaddfp",
        "vmaddfp",
        "vrefp",
        "vrsqrtefp",
        "vlogefp",
        "vexptefp",
        "vmsum3fp128",
        "vmsum4fp128",
    ] {
        let op = ROWS.iter().find(|row| row.name == name).unwrap().op;
        let is_float = name.contains("fp") || name.starts_with("vct");
        // Repeated often enough, these results become ones that no title computes.
        let is_chained = !name.contains("sum3")
            && !name.contains("sum4fp")
            && !name.ends_with("tefp")
            && !name.ends_with("gefp");
        let word = writing_v1(op, if is_chained { 1 } else { 4 });
        print!("{name:12} {word:08x}");
        for lanes in [if is_float { floats } else { integers }, nans] {
            let prepare = |ctx: &mut PpcContext| {
                for (n, register) in ctx.vr.iter_mut().enumerate() {
                    *register = lanes
                        .iter()
                        .fold(0, |all, lane| all << 32 | u128::from(lane.rotate_left(n as u32 / 64)));
                }
            };
            let costs = [JitHarness::jit(), JitHarness::interpreter()]
                .map(|mut m| nanoseconds(&mut m, word, prepare));
            print!("  jit {:6.2} ns, interpreter {:6.2} ns;", costs[0], costs[1]);
        }
        println!();
    }
}
