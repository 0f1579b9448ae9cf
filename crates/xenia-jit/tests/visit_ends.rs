//! Ends of visits in the baseline tier: for each budget the state after the visit, and the budget
//! after a fault, are the interpreter's, and short visits run compiled code, too.

use crate::common::pair::{assembled, machines};
use crate::common::*;
use xenia_cpu::PpcContext;
use xenia_jit::{JitConfig, JitTesting, Tiers};

/// Budgets beyond twice the instructions that the tier keeps in reserve.
const BUDGETS: std::ops::Range<i64> = 1..140;
/// Limit of visits of a program with one budget.
const MAX_VISITS: usize = 12;

fn baseline() -> JitConfig {
    let testing = JitTesting { compile_volatile: true, ..JitTesting::default() };
    JitConfig { tiers: Tiers::Baseline, testing, ..JitConfig::default() }
}

fn configs() -> [JitConfig; 3] {
    // The optimizing tier compiles at the first sample.
    let both = JitConfig { tiers: Tiers::Both, hot_after: 0, ..baseline() };
    let testing = JitTesting { portable_code: true, ..baseline().testing };
    [baseline(), JitConfig { testing, ..baseline() }, both]
}

/// Runs a program in visits of each budget.
fn check(lines: &[&str]) {
    let words = assembled(lines);
    for config in configs() {
        let set = |ctx: &mut PpcContext| {
            *ctx = PpcContext { pc: CODE, ..PpcContext::default() };
            ctx.gpr[1] = u64::from(DATA + SIZE / 2);
        };
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], set);
        for budget in BUDGETS {
            for machine in [&mut jit, &mut interpreter] {
                set(&mut machine.ctx);
            }
            for visit in 0..MAX_VISITS {
                let what = || format!("{:?}, budget {budget}, visit {visit}\n{lines:#?}", config.tiers);
                compare(&mut jit, &mut interpreter, budget, &what);
                if interpreter.ctx.pc == CODE + 4 * words.len() as u32 {
                    break;
                }
            }
        }
        assert!(jit.engine.counters().baseline_units > 0);
    }
}

/// The program's lines with one of them repeated.
fn repeated(
    before: &[&'static str],
    line: &'static str,
    count: usize,
    after: &[&'static str],
) -> Vec<&'static str> {
    before.iter().copied().chain(std::iter::repeat_n(line, count)).chain(after.iter().copied()).collect()
}

#[test]
fn straight_code_ends_at_each_instruction() {
    check(&repeated(&[], "addi r3,r3,1", 150, &["sc 2"]));
}

#[test]
fn a_loop_of_one_block_ends_at_each_instruction() {
    check(&[
        "li r5,50",
        "mtctr r5",
        "again: addi r3,r3,1",
        "add r4,r4,r3",
        "bdnz again",
        "addi r6,r4,1",
        "sc 2",
    ]);
}

#[test]
fn ways_of_different_lengths_end_at_each_instruction() {
    check(&[
        "li r5,30",
        "mtctr r5",
        "again: addi r3,r3,7",
        "andi. r6,r3,8",
        "beq even",
        "addi r4,r4,1",
        "cmpwi cr1,r4,5",
        "bgt cr1,big",
        "blt cr1,small",
        "addi r8,r8,1",
        "small: addi r8,r8,1",
        "even: addi r9,r9,3",
        "b joined",
        "big: addi r10,r10,1",
        "addi r11,r11,1",
        "stw r11,0(r1)",
        "li r4,0",
        "joined: addi r20,r20,1",
        "bdnz again",
        "addi r20,r20,1",
        "sc 2",
    ]);
}

/// The optional part is longer than the reserve.
#[test]
fn a_long_way_ends_at_each_instruction() {
    let before = ["li r5,4", "mtctr r5", "again: addi r4,r4,1", "andi. r6,r4,1", "beq over"];
    check(&repeated(&before, "addi r3,r3,1", 80, &["over: addi r7,r7,1", "bdnz again", "sc 2"]));
}

#[test]
fn a_chain_of_calls_ends_at_each_instruction() {
    check(&[
        "li r5,20",
        "mtctr r5",
        "again: bl first",
        "addi r3,r3,1",
        "bdnz again",
        "sc 2",
        "first: mflr r20",
        "bl second",
        "mtlr r20",
        "blr",
        "second: mflr r21",
        "bl third",
        "addi r4,r4,1",
        "mtlr r21",
        "blr",
        "third: addi r6,r6,1",
        "andi. r7,r6,1",
        "beqlr",
        "addi r8,r8,1",
        "blr",
    ]);
}

/// The budget has been charged by an earlier block.
#[test]
fn faults_give_back_what_was_charged_ahead() {
    let words = assembled(&[
        "cmpwi r3,0",
        "beq over",
        "lwz r4,0(r20)",
        "addi r5,r5,1",
        "over: addi r6,r6,1",
        "lwz r7,0(r21)",
        "addi r8,r8,1",
        "sc 2",
    ]);
    let (mut jit, mut interpreter) = machines(baseline(), &[(CODE, &words)], |_| {});
    let mut faults = 0;
    for case in 0..8_u32 {
        let address = |bit: u32| u64::from(if case & bit != 0 { DATA } else { 0x2000_0000 });
        for budget in 1..12 {
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.pc = CODE;
                machine.ctx.gpr[3] = u64::from(case & 1);
                machine.ctx.gpr[20] = address(2);
                machine.ctx.gpr[21] = address(4);
            }
            compare(&mut jit, &mut interpreter, budget, &|| format!("case {case}, budget {budget}"));
            let site = CODE + if case & 3 == 1 { 8 } else { 20 };
            if interpreter.ctx.pc == site && interpreter.ctx.budget > 0 {
                faults += 1;
            }
        }
    }
    assert!(faults > 20, "{faults}");
}

/// A reserve that the interpreter ran would leave nothing to code.
#[test]
fn short_visits_run_code() {
    const VISITS: u64 = 100;
    let words = assembled(&["again: addi r3,r3,1", "add r4,r4,r3", "bdnz again", "sc 2"]);
    let set = |ctx: &mut PpcContext| ctx.ctr = 1 << 20;
    for config in configs() {
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], set);
        for visit in 0..VISITS {
            compare(&mut jit, &mut interpreter, 32, &|| format!("visit {visit}"));
        }
        let counters = jit.engine.counters();
        // Less than a round at the end, and as much at the start.
        assert!(counters.interpreted_instructions <= 4 * VISITS, "{counters:?}");
    }
}

/// Slices between samples do not include the reserve.
#[test]
fn visits_of_several_slices_end_where_the_interpreters_do() {
    let words = assembled(&[
        "again: addi r3,r3,1",
        "andi. r4,r3,3",
        "beq over",
        "add r5,r5,r3",
        "over: bdnz again",
        "sc 2",
    ]);
    let set = |ctx: &mut PpcContext| ctx.ctr = 1 << 20;
    for config in configs() {
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], set);
        for budget in (20_000..20_080).step_by(7).chain([50_001, 60_033, 100_000]) {
            compare(&mut jit, &mut interpreter, budget, &|| format!("budget {budget}"));
        }
        let counters = jit.engine.counters();
        let is_alone = config.tiers == Tiers::Baseline;
        assert!(!is_alone || counters.interpreted_instructions < 500, "{counters:?}");
    }
}

/// `sc` completes as in the interpreter, for each budget and LEV, but not by the interpreter,
/// unless the visit's budget ends in front of it.
#[test]
fn system_calls_are_exits_of_the_tier() {
    const CALLS: u64 = 300;
    let lines = ["again: addi r3,r3,1", "sc 2", "addi r4,r4,1", "sc", "sc 127", "b again"];
    check(&lines);
    let words = assembled(&lines);
    for config in configs() {
        let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], |_| {});
        for call in 0..CALLS {
            compare(&mut jit, &mut interpreter, 1000, &|| format!("{:?}, call {call}", config.tiers));
        }
        let counters = jit.engine.counters();
        assert!(counters.interpreted_instructions < CALLS / 10, "{:?}: {counters:?}", config.tiers);
    }
}
