//! Baseline tier compared with the interpreter: each template with each kind of operand, random
//! programs in visits of any length, faults, and self-modifying code.

use crate::common::pair::{assembled, machines};
use crate::common::*;
use xenia_cpu::{EngineConfig, PpcContext, ReservationMode};
use xenia_isa::{Family, Flag, Op};
use xenia_jit::{JitConfig, JitTesting, Tiers};

/// The baseline tier alone, which also compiles pages that change often.
fn baseline() -> JitConfig {
    let testing = JitTesting { compile_volatile: true, ..JitTesting::default() };
    JitConfig { tiers: Tiers::Baseline, testing, ..JitConfig::default() }
}

/// Random registers for baseline code, which requires XER\[SO\] to be 0.
fn randomize_for_baseline(machine: &mut JitHarness, r: &mut Random) {
    randomize(&mut machine.ctx, r);
    machine.ctx.xer_so = 0;
}

/// Runs `count` sequences of `length` words of these families, each with new registers.
fn check(config: JitConfig, families: &[Family], seed: u64, count: u64, length: usize) {
    let rows: Vec<Op> = rows(families);
    let mut r = Random::new(seed);
    let mut jit = JitHarness::jit_with(config);
    let mut interpreter = JitHarness::interpreter_with(config.engine);
    let mut at = CODE;
    for case in 0..count {
        let words: Vec<u32> = (0..length)
            .map(|_| {
                loop {
                    let word = word(&mut r, &rows);
                    // The interpreter executes OE forms.
                    let op = xenia_isa::decode(word).unwrap();
                    if !(op.row().family == Family::Integer && op.row().has(Flag::oe)) || word & 0x400 == 0 {
                        break word;
                    }
                }
            })
            .chain([SC, BLR])
            .collect();
        if at + 4 * words.len() as u32 > CODE + SIZE {
            at = CODE;
        }
        for machine in [&mut jit, &mut interpreter] {
            machine.put(at, &words);
        }
        randomize_for_baseline(&mut interpreter, &mut r);
        interpreter.ctx.pc = at;
        let before = interpreter.ctx.clone();
        jit.ctx = before.clone();
        compare(&mut jit, &mut interpreter, 10_000, &|| {
            format!("seed {seed}, case {case}, {:?}\n{}{before:x?}", families[0], listing(&words))
        });
        at += 4 * words.len() as u32;
    }
    let counters = jit.engine.counters();
    assert_eq!(counters.compiled_guest_instructions, 0, "{counters:?}");
    assert!(counters.baseline_guest_instructions >= count * length as u64, "{counters:?}");
    // The interpreter executes rows that end a block or change the mode, and `sc` in other modes.
    let interpreted = counters.interpreted_instructions.saturating_sub(count);
    assert!(interpreted < count * length as u64 / 4, "{families:?}: {counters:?}");
}

#[test]
fn rows_of_every_family_agree() {
    for (family, count) in [
        (Family::Integer, 1500),
        (Family::Logical, 1000),
        (Family::Rotate, 1000),
        (Family::LoadStore, 1500),
        (Family::Float, 400),
        (Family::Vector, 300),
        (Family::Vector128, 200),
        (Family::Branch, 300),
        (Family::System, 200),
    ] {
        check(baseline(), &[family], 100 + family as u64, count, 12);
    }
    check(baseline(), &[Family::Integer, Family::Logical, Family::Rotate, Family::LoadStore], 7, 800, 24);
}

#[test]
fn rows_agree_on_a_host_without_optional_features() {
    let testing = JitTesting { portable_code: true, ..baseline().testing };
    let config = JitConfig { testing, ..baseline() };
    check(config, &[Family::Logical], 200, 300, 12);
    check(config, &[Family::Rotate], 202, 300, 12);
    check(config, &[Family::LoadStore, Family::Vector], 201, 600, 12);
}

#[test]
fn stores_that_others_hear_of_agree() {
    let engine = EngineConfig { reservations: ReservationMode::Strict };
    check(JitConfig { engine, ..baseline() }, &[Family::LoadStore], 300, 600, 12);
}

/// Configurations that differ in the transitions between units and tiers.
fn configs() -> [JitConfig; 3] {
    let both = JitConfig { tiers: Tiers::Both, ..baseline() };
    // The optimizing tier compiles at the first sample, or never.
    [baseline(), JitConfig { hot_after: 0, ..both }, JitConfig { background: true, hot_after: 0, ..both }]
}

/// Number of blocks of a program, each of which ends with a branch.
const BLOCKS: u32 = 24;
/// Maximum number of words in a block.
const MAX_WORDS: u32 = 16;

/// Address of a block. Blocks are on six pages, so that a change does not affect the whole program.
fn block(n: u32) -> u32 {
    CODE + 0x400 * n
}

/// The address of a random word of the program.
fn any_word(r: &mut Random) -> u32 {
    block(r.below(u64::from(BLOCKS)) as u32) + 4 * r.below(u64::from(MAX_WORDS)) as u32
}

/// The last word of a block, at `pc`: branches to any block, calls one, or returns.
fn branch(r: &mut Random, pc: u32) -> u32 {
    let to = block(r.below(u64::from(BLOCKS)) as u32);
    let distance = to.wrapping_sub(pc) & 0xFFFC;
    let condition = (r.below(32) as u32) << 16;
    match r.below(10) {
        0 => b(pc, to, false),
        1 | 2 => b(pc, to, true),
        3 => BLR,
        // Conditional returns such as `beqlr`; `bdnz`.
        4 => 0x4C00_0020 | 12 << 21 | condition,
        5 => 0x4000_0000 | 16 << 21 | distance,
        // `bctr` and `bctrl`, to any address in the code.
        6 => BCTR | r.below(2) as u32,
        _ => 0x4000_0000 | (4 + 8 * (r.below(2) as u32)) << 21 | condition | distance,
    }
}

/// Random words with branches between them.
fn program(r: &mut Random, rows: &[Op]) -> Vec<(u32, Vec<u32>)> {
    let one = |n: u32| {
        let length = 1 + r.below(u64::from(MAX_WORDS) - 1) as u32;
        let words = (0..MAX_WORDS).map(|at| {
            let ends = at == length || at == MAX_WORDS - 1;
            if ends { branch(r, block(n) + 4 * at) } else { word(r, rows) }
        });
        (block(n), words.collect())
    };
    (0..BLOCKS).map(one).collect()
}

/// Programs with forward and backward branches and with code that is changed from outside, in
/// visits of any length: state, memory and instruction count are the interpreter's after each
/// visit.
#[test]
fn programs_agree_in_visits_of_any_length_while_their_code_changes() {
    let rows = rows(&[Family::Integer, Family::Logical, Family::Rotate, Family::LoadStore]);
    for config in configs() {
        let mut r = Random::new(11);
        for case in 0..60 {
            let blocks = program(&mut r, &rows);
            let code: Vec<(u32, &[u32])> = blocks.iter().map(|(at, words)| (*at, &words[..])).collect();
            let (mut jit, mut interpreter) = machines(config, &code, |_| {});
            for visit in 0..60 {
                if visit % 8 == 0 {
                    randomize(&mut interpreter.ctx, &mut r);
                    interpreter.ctx.xer_so = u8::from(r.below(16) == 0);
                    interpreter.ctx.pc = block(r.below(u64::from(BLOCKS)) as u32);
                    for target in [&mut interpreter.ctx.lr, &mut interpreter.ctx.ctr] {
                        *target = u64::from(any_word(&mut r));
                    }
                    jit.ctx = interpreter.ctx.clone();
                }
                if visit % 16 == 15 {
                    let at = any_word(&mut r);
                    let changed = word(&mut r, &rows);
                    for machine in [&jit, &interpreter] {
                        machine.put(at, &[changed]);
                    }
                }
                let length = [1 + r.below(12), 1 + r.below(300), 50_000][r.below(3) as usize] as i64;
                compare(&mut jit, &mut interpreter, length, &|| {
                    let words: Vec<u32> = blocks.iter().flat_map(|(_, words)| words.clone()).collect();
                    format!("case {case}, visit {visit} of {length}\n{}", listing(&words))
                });
            }
        }
    }
}

/// Calls nest deeper than the host's stack allows, by `bl` and through CTR, to the start of
/// functions, into their middle, and to an address that calls return to.
#[test]
fn calls_nest_as_deep_as_the_guest_likes() {
    // f: r3 -= 1; two calls; blr. Also enters itself at its second word, or where its first call
    // returns to.
    let f = CODE + 16;
    for (first, second, called) in [
        (b(CODE + 24, f, true), NOP, f + 4),
        (BCTRL, b(CODE + 28, f + 4, true), f + 4),
        (BCTRL, BCTRL, f + 12),
    ] {
        let words = [
            b(CODE, f, true),
            SC,
            SC,
            SC,
            d(Op::addi, 3, 3, -1),
            d(Op::cmpi, 0, 3, 0),
            first,
            second,
            d(Op::addi, 4, 4, 1),
            BLR,
        ];
        for config in configs() {
            let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], |ctx| {
                ctx.gpr[3] = 1 << 40;
                ctx.ctr = u64::from(called);
            });
            compare(&mut jit, &mut interpreter, 300_000, &|| "nested calls".into());
        }
    }
}

/// Returns to other addresses than the caller expects: directly to an outer function, and
/// repeatedly to the address after the last call.
#[test]
fn returns_go_to_lr() {
    let a = CODE + 16;
    let c = CODE + 32;
    let outer = [
        b(CODE, a, true),
        d(Op::addi, 3, 3, 1),
        SC,
        SC,
        0x7E88_02A6, // a: mflr r20
        b(a + 4, c, true),
        d(Op::addi, 3, 3, 100), // never reached
        SC,
        0x7E88_03A6, // c: mtlr r20
        d(Op::addi, 3, 3, 10),
        BLR,
    ];
    let again =
        [b(CODE, a, true), d(Op::addi, 3, 3, 1), SC, SC, b(a, c, true), d(Op::addi, 4, 4, 1), BLR, SC, BLR];
    for config in configs() {
        for words in [&outer[..], &again] {
            let (mut jit, mut interpreter) = machines(config, &[(CODE, words)], |_| {});
            compare(&mut jit, &mut interpreter, 1000, &|| listing(words));
        }
    }
}

/// A switch statement that jumps to its cases, into their middle, and elsewhere.
#[test]
fn switches_go_to_ctr() {
    let text = [
        "cmplwi r3,100",
        "bgt end",
        "bctr",
        "addi r4,r4,1",
        "b end",
        "addi r4,r4,2",
        "addi r4,r4,3",
        "b end",
        "addi r4,r4,4",
        "end: addi r5,r5,1",
        "sc 2",
        "addi r6,r6,1",
        "sc 2",
    ];
    let words = assembled(&text);
    for config in configs() {
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], |_| {});
        for round in 0..3_u64 {
            for target in 2..words.len() as u64 {
                for machine in [&mut jit, &mut interpreter] {
                    machine.ctx.pc = CODE;
                    machine.ctx.ctr = round << 40 | (u64::from(CODE) + 4 * target + round);
                }
                // The third word branches to itself.
                compare(&mut jit, &mut interpreter, 50, &|| format!("word {target}"));
            }
        }
        assert!(jit.engine.counters().baseline_units > 0);
    }
}

/// Two jumps of a unit lead to cases that lie far apart, and elsewhere.
#[test]
fn cases_that_lie_far_apart_are_reached() {
    let text = [
        "cmplwi r3,100\n bgt end\n cmpwi cr1,r8,0\n beq cr1,second\n bctr\n second: bctr",
        "addi r4,r4,1\n b end",
        &"addi r7,r7,1\n".repeat(1500),
        "b end\n addi r4,r4,4\n b end\n end: addi r5,r5,1\n sc 2",
    ];
    let words = assembled(&text);
    let last = words.len() as u64 - 1;
    for config in configs() {
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], |_| {});
        for round in 0..4_u64 {
            for target in (0..20).chain(last - 12..=last) {
                for machine in [&mut jit, &mut interpreter] {
                    machine.ctx.pc = CODE;
                    machine.ctx.gpr[3] = 1;
                    machine.ctx.gpr[8] = round & 1;
                    machine.ctx.ctr = u64::from(CODE) + 4 * target;
                }
                // Some targets lead back to the jumps.
                let budget = if round < 2 { 50 } else { 2000 };
                compare(&mut jit, &mut interpreter, budget, &|| format!("word {target}, round {round}"));
            }
        }
        assert!(jit.engine.counters().baseline_units > 0);
    }
}

/// CA of a shift that the next one overwrites, that an instruction reads, or that a fault or the
/// end of a block shows.
#[test]
fn the_carry_of_a_shift_is_kept_where_it_is_seen() {
    for text in [
        "srawi r3,r4,3\n add r5,r3,r4\n srawi r6,r5,2\n addze r7,r6",
        "srawi. r12,r13,31\n srawi r12,r12,0\n adde r3,r4,r5",
        "srawi r4,r4,1\n cmpwi r4,0\n subfic r4,r4,7\n addme r5,r4",
        "srawi r4,r13,7\n lis r3,4660\n ori r3,r3,22136\n addic r13,r3,-1\n subfe r5,r3,r4",
        "srawi r3,r4,3\n addze r7,r3\n srawi r3,r4,0",
        "srawi r3,r4,3\n lwz r5,0(r6)\n srawi r3,r4,0",
        "srawi r3,r4,3\n beq over\n nop\n over: srawi r3,r4,0",
        "srawi r3,r4,3\n mfxer r7\n srawi r3,r4,0",
        "li r5,5\n sraw r3,r4,r5\n add r6,r3,r4\n sraw r7,r6,r5\n addze r8,r7",
        "li r12,40\n sraw r12,r4,r12\n srawi r3,r4,0\n sraw r4,r13,r3\n addze r4,r4",
        "fadd f1,f2,f3\n srawi r3,r4,3\n srawi r5,r4,0\n fmul f4,f1,f1\n addze r7,r6",
    ] {
        let words = assembled(&[text, "sc 2"]);
        let (mut jit, mut interpreter) = machines(baseline(), &[(CODE, &words)], |_| {});
        for value in [0, 1, 8, -1, -8, i64::from(i32::MIN), 0x8000_0001, i64::MIN] {
            for (ca, budget) in [(0, 100), (1, 100), (0, 1), (1, 2), (1, 3)] {
                for machine in [&mut jit, &mut interpreter] {
                    machine.ctx.pc = CODE;
                    machine.ctx.xer_ca = ca;
                    machine.ctx.gpr[4] = value as u64;
                    machine.ctx.gpr[6] = 0x2000_0000;
                    machine.ctx.gpr[13] = value as u64;
                }
                compare(&mut jit, &mut interpreter, budget, &|| format!("{text}\nof {value:x}, CA {ca}"));
            }
        }
    }
}

/// Instructions that order or synchronize are part of the code around them.
#[test]
fn synchronization_without_changed_code_is_not_interpreted() {
    const TURNS: u64 = 1000;
    let text = [
        "mtctr r3",
        "again: bl callee",
        "icbi 0,r4",
        "bdnz again",
        "sc 2",
        "callee: lwsync",
        "isync",
        "addi r5,r5,1",
        "blr",
    ];
    let words = assembled(&text);
    for config in [baseline(), JitConfig { tiers: Tiers::Both, ..baseline() }] {
        let set = |ctx: &mut PpcContext| {
            ctx.gpr[3] = TURNS;
            ctx.gpr[4] = u64::from(CODE);
        };
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], set);
        compare(&mut jit, &mut interpreter, 100_000, &|| listing(&words));
        let counters = jit.engine.counters();
        assert!(counters.interpreted_instructions < TURNS, "{counters:?}");
    }
}

/// A function that another one ends with is part of that one's unit, until it is called.
#[test]
fn a_called_address_inside_of_a_unit_becomes_a_unit() {
    let text = [
        "mflr r20",
        "li r5,100",
        "mtctr r5",
        "bl first",
        "again: bl second",
        "bdnz again",
        "mtlr r20",
        "sc 2",
        "first: b last",
        "second: addi r3,r3,1",
        "blr",
        "last: addi r4,r4,1",
        "b second",
    ];
    let words = assembled(&text);
    for config in configs() {
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], |_| {});
        compare(&mut jit, &mut interpreter, 10_000, &|| listing(&words));
        if config.tiers == Tiers::Baseline {
            assert_eq!(jit.engine.counters().baseline_units, 3, "the loop, `first` and `second`");
        }
    }
}
