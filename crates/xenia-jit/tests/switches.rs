//! Indirect branches that stay in their region: cases of switch statements, and other targets.

use crate::common::*;
use std::sync::Arc;
use xenia_cpu::{Execute, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{Jit, JitConfig};
use xenia_memory::DeviceQueue;

/// Number of targets in the table at [`DATA`], whose address is in r20.
const TARGETS: u32 = 16;
/// Address of a separate function.
const ELSEWHERE: u32 = CODE + 0x8000;
/// Index of the indirect branch.
const SWITCH: usize = 5;

/// Advances r8, selects a target by it, and branches there.
fn head() -> [u32; SWITCH + 1] {
    [
        d(Op::mulli, 8, 8, 0x4E35),
        d(Op::addi, 8, 8, 1),
        0x5400_0000 | 8 << 21 | 10 << 16 | 26 << 11 | 26 << 6 | 29 << 1, // rlwinm r10,r8,26,26,29
        x(Op::lwzx, 9, 10, 20, 0),
        x(Op::mtspr, 9, 9, 0, 0),
        BCTR,
    ]
}

/// Cases after [`head`], which branch back to it, fall through to the next case, or branch to an
/// earlier one. Returns the targets as well: the starts of the cases, and an instruction in the
/// middle of one.
fn cases(r: &mut Random) -> (Vec<u32>, Vec<u32>) {
    let mut words = head().to_vec();
    let mut targets = Vec::new();
    let here = |words: &[u32]| CODE + 4 * words.len() as u32;
    for case in 0..TARGETS - 2 {
        targets.push(here(&words));
        for _ in 0..=r.below(3) {
            let [a, b] = [(); 2].map(|()| 3 + r.below(5) as u32);
            words.push(d(r.pick(&[Op::addi, Op::mulli, Op::addic]), a, b, 3 + case as i32));
        }
        if r.below(2) == 0 {
            // beq, to the instruction after the next one.
            words.extend([d(Op::cmpi, 0, 3, 9), 0x4182_0008, d(Op::addi, 4, 4, 1), d(Op::xori, 4, 5, 77)]);
        }
        match r.below(5) {
            0 => {}
            1 if case > 0 => {
                // Conditional, since otherwise the cases might never exit.
                words.push(0x4182_0008);
                words.push(b(here(&words), CODE, false));
                let to = r.pick(&targets);
                words.extend([d(Op::addi, 6, 6, 1), d(Op::cmpi, 0, 6, 0), b(here(&words) + 8, to, false)]);
            }
            2 => {
                words.push(b(here(&words), ELSEWHERE + 8, true));
                words.push(b(here(&words), CODE, false));
            }
            _ => words.push(b(here(&words), CODE, false)),
        }
    }
    words.push(b(here(&words), CODE, false));
    targets.push(targets[3] + 4);
    targets.push(ELSEWHERE);
    (words, targets)
}

/// Writes the program, its table, and a separate function.
fn put(machine: &JitHarness, words: &[u32], targets: &[u32]) {
    machine.put(CODE, words);
    let back = b(ELSEWHERE + 4, CODE, false);
    machine.put(ELSEWHERE, &[d(Op::addi, 5, 5, 3), back, d(Op::addi, 3, 3, 5), BLR]);
    machine.put(DATA, targets);
}

#[test]
fn cases_anywhere_are_what_the_interpreter_does_with_any_budget_and_after_changes() {
    for seed in 0..40 {
        let mut r = Random::new(seed);
        let (words, mut targets) = cases(&mut r);
        let config = JitConfig { warm_up: 5, ..JitConfig::default() };
        let mut jit = JitHarness::jit_with(config);
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            put(machine, &words, &targets);
            machine.ctx.gpr[20] = u64::from(DATA);
        }
        for visit in 0..120 {
            if visit % 30 == 29 {
                // Changes a case's first instruction, and another case's target.
                let at = r.pick(&targets[..8]);
                let word = d(Op::addi, 7, 3, visit);
                targets.swap(r.below(8) as usize, 15);
                for machine in [&mut jit, &mut interpreter] {
                    machine.put(at, &[word]);
                    machine.put(DATA, &targets);
                }
            }
            let budget = 1 + r.below(900) as i64;
            compare(&mut jit, &mut interpreter, budget, &|| format!("seed {seed}, visit {visit}"));
        }
        assert!(jit.ctx.gpr[8] != 0 && jit.engine.counters().functions > 1, "seed {seed}");
    }
}

#[test]
fn switch_cases_stay_in_region_without_inner_entries() {
    // Eight cases: if r3 is 9, r4 += 1; r4 ^= 77.
    let mut words = head().to_vec();
    let mut targets = Vec::new();
    for case in 0..8 {
        let at = CODE + 4 * words.len() as u32;
        targets.push(at);
        words.extend([d(Op::addi, 3, 3, case), d(Op::cmpi, 0, 3, 9), 0x4182_0008, d(Op::addi, 4, 4, 1)]);
        words.extend([d(Op::xori, 4, 5, 77), b(at + 20, CODE, false)]);
    }
    targets.extend(targets.clone());
    let memory = memory();
    let config = JitConfig { warm_up: 100, verify: true, ..JitConfig::default() };
    let mut jit = Jit::new(Arc::clone(&memory), config).unwrap();
    let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    memory.write_bytes(GuestAddr(CODE), &bytes(&words)).unwrap();
    memory.write_bytes(GuestAddr(DATA), &bytes(&targets)).unwrap();
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.gpr[20] = u64::from(DATA);
    for _ in 0..100 {
        ctx.begin_visit(1000, 0, u32::MAX);
        jit.run(&mut ctx, &mut DeviceQueue::new());
    }
    let counters = jit.counters();
    assert_eq!(counters.functions, 2, "without and with the cases: {counters:?}");
    let dump = jit.dump(GuestAddr(CODE)).unwrap().unwrap();
    assert_eq!(dump.guest.len(), words.len(), "one region");
    // The jump table of the entry numbers, for the loop's start and the cases, and the switch's,
    // which omits the first entry. Each has a default target as well.
    let tables = dump.clif.lines().filter(|line| line.contains("br_table"));
    let sizes: Vec<usize> = tables.map(|table| table.matches("block").count()).collect();
    assert_eq!(sizes, [1 + 9, 1 + 8], "{}", dump.clif);
}
