//! Cost of compiling code with many entries: proportional to its size, regardless of how it is
//! entered.

use crate::common::*;
use xenia_cpu::{EngineCounters, Exit};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::JitConfig;
use xenia_memory::{AllocKind, Protect};
use xenia_testing::is_long;

/// Start of the functions, and their maximum size in bytes.
const FUNCTION: u32 = 0x8300_0000;
const MAX_BYTES: u32 = 1 << 20;
/// Size in bytes of a block of [`gotos`].
const BLOCK: u32 = 32;

/// A JIT and an interpreter with `words` at [`FUNCTION`].
fn machines(words: &[u32], warm_up: u32) -> [JitHarness; 2] {
    let jit = JitHarness::jit_with(JitConfig { warm_up, ..JitConfig::default() });
    [jit, JitHarness::interpreter()].map(|mut machine| {
        let code = GuestAddr(FUNCTION);
        machine.memory.alloc_fixed(code, MAX_BYTES, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
        machine.put(FUNCTION, words);
        machine.ctx.pc = FUNCTION;
        machine.ctx.gpr[2] = u64::from(DATA);
        machine
    })
}

/// A function of `blocks` blocks, each of which jumps to r10 += r11 within the function. No branch
/// names the targets, but a branch that is never taken leads to the last block, so all are one
/// function.
fn gotos(blocks: u32) -> Vec<u32> {
    let last = FUNCTION + BLOCK * blocks;
    let start = [
        d(Op::cmpi, 0, 1, 1),
        0x4082_0008, // bne +8
        b(FUNCTION + 8, last, false),
    ];
    let mut words = start.to_vec();
    words.resize(BLOCK as usize / 4, d(Op::addi, 8, 8, 1));
    let block = [
        d(Op::addi, 3, 3, 1),
        x(Op::addx, 10, 10, 11, 0),
        x(Op::andx, 10, 9, 12, 0),
        x(Op::addx, 9, 9, 13, 0),
        x(Op::mtspr, 9, 9, 0, 0),
        d(Op::addi, 4, 4, 3),
        x(Op::xorx, 4, 5, 3, 0),
        BCTR,
    ];
    words.extend(block.repeat(blocks as usize));
    words
}

/// Sets the registers of [`gotos`] so that each jump advances by `stride` blocks.
fn set_stride(machine: &mut JitHarness, blocks: u32, stride: u32) {
    machine.ctx.gpr[11] = u64::from(stride * BLOCK);
    machine.ctx.gpr[12] = u64::from((blocks - 1) * BLOCK);
    machine.ctx.gpr[13] = u64::from(FUNCTION + BLOCK);
}

fn same(machines: &mut [JitHarness; 2], budget: i64) -> Exit {
    let [jit, interpreter] = machines;
    let exit = jit.run(budget);
    assert_eq!(exit, interpreter.run(budget));
    assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None);
    assert_eq!(jit.ctx.budget, interpreter.ctx.budget);
    exit
}

/// Checks that about each instruction of `size` was compiled, and none of them more often than
/// `most` times on average.
fn expect_compiled(what: &str, size: usize, most: f64, counters: &EngineCounters) {
    let compiled = counters.compiled_guest_instructions;
    println!("{what}: {size} instructions, {compiled} compiled in {} regions", counters.functions);
    let ratio = compiled as f64 / size as f64;
    assert!((0.5..=most).contains(&ratio), "{what}: {ratio}: {counters:?}");
}

#[test]
fn an_entry_at_every_block_found_while_all_are_warm() {
    // 4,096 blocks are many times longer than a region or a unit of the baseline tier may be.
    let usual = [1 << 4, 1 << 7, 1 << 10, 1 << 12];
    for blocks in usual.into_iter().chain(is_long().then_some(1 << 14)) {
        let words = gotos(blocks);
        let mut machines = machines(&words, 10);
        for machine in &mut machines {
            set_stride(machine, blocks, 5);
        }
        for _ in 0..100 {
            same(&mut machines, i64::from(blocks) * 8);
        }
        let before = machines[0].engine.counters().interpreted_instructions;
        same(&mut machines, i64::from(blocks) * 8 * 4);
        let counters = machines[0].engine.counters();
        // A branch leads to the last block, but is not taken here.
        expect_compiled("all at once", words.len() + 30, 2.0, &counters);
        let interpreted = counters.interpreted_instructions - before;
        assert!(interpreted <= u64::from(blocks) * 8 / 4 + 100, "{interpreted}: {counters:?}");
    }
}

#[test]
fn blocks_become_entries_one_after_the_other() {
    for blocks in [1 << 4, 1 << 7, 1 << 9] {
        let words = gotos(blocks);
        let mut machines = machines(&words, 10);
        // Makes the function's start known.
        for machine in &mut machines {
            set_stride(machine, blocks, 0);
        }
        same(&mut machines, 100);
        for number in 0..blocks {
            // Each block once, in neither ascending nor descending order.
            let number = number * 37 % blocks;
            for machine in &mut machines {
                set_stride(machine, blocks, 0);
                machine.ctx.pc = FUNCTION + BLOCK + number * BLOCK;
                machine.ctx.gpr[10] = u64::from(number * BLOCK);
            }
            for _ in 0..4 {
                same(&mut machines, i64::from(blocks) * 8 * 12);
            }
        }
        let counters = machines[0].engine.counters();
        expect_compiled("one by one", words.len(), 1.5, &counters);
    }
}

/// A loop of `ifs` ifs, whose bodies are placed after the loop, as compilers do with cold paths.
fn outlined(ifs: u32) -> Vec<u32> {
    let body = |n: u32| ifs * 3 + 3 + n * 4;
    let at = |index: u32| FUNCTION + 4 * index;
    let mut words = vec![d(Op::addi, 6, 6, 1)];
    for n in 0..ifs {
        let from = words.len() as u32;
        let bit = 1 << (n % 3);
        words.extend([d(Op::andi_rc, 6, 5, bit), 0x4182_0008, b(at(from + 2), at(body(n)), false)]);
    }
    // A conditional branch cannot reach that far back.
    let end = words.len() as u32;
    words.extend([0x4240_0008, b(at(end + 1), FUNCTION, false)]);
    assert_eq!(words.len() as u32, body(0));
    for n in 0..ifs {
        let from = words.len() as u32;
        words.extend([d(Op::addi, 4, 4, 1), d(Op::stw, 4, 2, 0), d(Op::xori, 5, 5, 1)]);
        words.push(b(at(from + 3), at(1 + 3 * n + 3), false));
    }
    words
}

#[test]
fn ifs_whose_bodies_lie_elsewhere() {
    for &ifs in if is_long() { &[14, 140, 1400, 14_000][..] } else { &[14, 140, 1400] } {
        let words = outlined(ifs);
        let mut machines = machines(&words, 10);
        for machine in &mut machines {
            machine.ctx.ctr = 1 << 30;
        }
        for _ in 0..100 {
            same(&mut machines, i64::from(ifs) * 7);
        }
        let before = machines[0].engine.counters().interpreted_instructions;
        same(&mut machines, i64::from(ifs) * 7 * 4);
        let counters = machines[0].engine.counters();
        expect_compiled("outlined", words.len(), 1.1, &counters);
        let interpreted = counters.interpreted_instructions - before;
        assert!(interpreted <= u64::from(ifs) * 7 / 4 + 100, "{interpreted}: {counters:?}");
    }
}

#[test]
fn a_long_straight_function_is_compiled_once() {
    for length in [100, 1000, 10_000, 100_000] {
        let mut words: Vec<u32> = (0..length).map(|n| d(Op::addi, 3 + n % 7, 3, n as i32 & 0xFF)).collect();
        // bdz +8; b back; sc
        words.extend([0x4240_0008, b(FUNCTION + 4 * length + 4, FUNCTION, false), SC]);
        let mut machines = machines(&words, 10);
        for machine in &mut machines {
            machine.ctx.ctr = 100;
        }
        while same(&mut machines, 1 << 18) == Exit::Budget {}
        let counters = machines[0].engine.counters();
        expect_compiled("straight", words.len(), 1.1, &counters);
    }
}

#[test]
fn a_function_that_nothing_calls_is_compiled_from_its_start() {
    // Jumps to the code after it, which has two loops inside an outer one.
    let words = [
        x(Op::mtspr, 7, 9, 0, 0),
        BCTR,
        d(Op::stwu, 1, 1, -16), // +8
        d(Op::addi, 5, 5, 1),
        x(Op::mtspr, 6, 9, 0, 0),
        d(Op::addi, 3, 3, 1),
        0x4200_FFFC, // bdnz -4
        x(Op::mtspr, 6, 9, 0, 0),
        d(Op::addi, 4, 4, 2),
        0x4200_FFFC,
        d(Op::cmpi, 0, 5, 1000),
        0x4082_0000 | -32_i32 as u32 & 0xFFFC, // bne -32
        SC,
    ];
    let mut machines = machines(&words, 10);
    for machine in &mut machines {
        machine.ctx.gpr[1] = u64::from(DATA + 0x1000);
        machine.ctx.gpr[6] = 30;
        machine.ctx.gpr[7] = u64::from(FUNCTION + 8);
    }
    while same(&mut machines, 5000) == Exit::Budget {}
    assert_eq!(machines[0].ctx.gpr[3], 30_000);
    let counters = machines[0].engine.counters();
    // Includes the code after the kernel call.
    assert_eq!((counters.functions, counters.compiled_guest_instructions), (1, 12), "{counters:?}");
}

#[test]
fn cases_with_loops_are_one_region_with_their_switch() {
    // A switch on r8's low bits in a loop; each case contains a loop.
    const CASES: u32 = 8;
    const CASE: u32 = 6 * 4;
    let head = [
        d(Op::addi, 8, 8, 1),
        d(Op::andi_rc, 8, 9, 7),
        d(Op::mulli, 9, 9, CASE as i32),
        x(Op::addx, 9, 9, 10, 0),
        x(Op::mtspr, 9, 9, 0, 0),
        BCTR,
    ];
    let mut words = head.to_vec();
    for _ in 0..CASES {
        let at = FUNCTION + 4 * words.len() as u32;
        words.extend([
            x(Op::mtspr, 6, 9, 0, 0),
            d(Op::addi, 3, 3, 1),
            d(Op::xori, 3, 4, 5),
            0x4200_FFF8, // bdnz -8
            d(Op::addi, 5, 5, 1),
            b(at + 20, FUNCTION, false),
        ]);
    }
    let mut machines = machines(&words, 10);
    for machine in &mut machines {
        machine.ctx.gpr[6] = 10;
        machine.ctx.gpr[10] = u64::from(FUNCTION + 4 * head.len() as u32);
    }
    for _ in 0..100 {
        same(&mut machines, 1000);
    }
    let counters = machines[0].engine.counters();
    expect_compiled("switch", words.len(), 3.0, &counters);
    assert!(counters.functions <= 3, "{counters:?}");
}
