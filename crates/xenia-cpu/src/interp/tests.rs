//! Tests of the run loop and the block cache: budgets, exits, self-modifying code.

use super::testing::*;
use super::*;
use xenia_isa::{Family, Op, assemble};
use xenia_memory::{AccessKind, FaultKind, Heap, Protect, physical};

/// `r3 += r4` in a loop of `r5` turns (CTR), then `sc 0`.
fn sum_loop() -> [u32; 4] {
    [x(Op::mtspr, 5, 9, 0, 0), x(Op::addx, 3, 3, 4, 0), d(Op::bcx, 16, 0, -4), d(Op::sc, 0, 0, 2)]
}

#[test]
fn a_loop_runs_to_its_system_call() {
    let mut machine = CpuHarness::new();
    machine.put(CODE, &sum_loop());
    machine.ctx.gpr[4] = 7;
    machine.ctx.gpr[5] = 100;
    assert_eq!(machine.run(1000), Exit::Syscall { lev: 0 });
    assert_eq!(machine.ctx.gpr[3], 700);
    assert_eq!(machine.ctx.executed(), 1 + 200 + 1);
    assert_eq!(machine.ctx.pc, CODE + 16);
}

#[test]
fn every_budget_stops_exactly_and_cuts_make_no_difference() {
    let mut whole = CpuHarness::new();
    whole.put(CODE, &sum_loop());
    whole.ctx.gpr[4] = 3;
    whole.ctx.gpr[5] = 50;
    assert_eq!(whole.run(10_000), Exit::Syscall { lev: 0 });
    let total = whole.ctx.executed();
    for budget in [1, 2, 3, 5, 7, 13, 101] {
        let mut cut = CpuHarness::on(Arc::clone(&whole.memory), EngineConfig::default());
        cut.ctx.gpr[4] = 3;
        cut.ctx.gpr[5] = 50;
        let mut executed = 0;
        loop {
            let exit = cut.run(budget);
            executed += cut.ctx.executed();
            match exit {
                Exit::Budget => assert_eq!((cut.ctx.budget, cut.ctx.executed()), (0, budget as u64)),
                exit => {
                    assert_eq!(exit, Exit::Syscall { lev: 0 });
                    break;
                }
            }
        }
        assert_eq!(executed, total, "budget {budget}");
        assert_eq!(cut.ctx.first_difference(&whole.ctx), None);
    }
}

#[test]
fn no_word_panics_and_what_raises_changes_nothing() {
    let mut machine = CpuHarness::new();
    let mut random = random();
    let rows: Vec<_> = Op::all().map(Op::row).collect();
    for n in 0..60_000 {
        let row = rows[n / 4 % rows.len()];
        let (fixed, free) = if n % 4 == 0 { (0, u32::MAX) } else { (row.bits, !row.mask) };
        let word = fixed | random() as u32 & free;
        if n % 64 == 0 {
            machine.devices.clear();
            scramble(&mut machine.ctx, &mut random);
        }
        machine.ctx.pc = CODE;
        machine.ctx.begin_visit(100, 0, u32::MAX);
        let before = machine.ctx.clone();
        let exit = machine.interp.execute(&mut machine.ctx, &mut machine.devices, Instruction(word));
        let raised = matches!(exit, Some(Exit::Exception(e)) if e.kind != ExceptionKind::FloatingPoint);
        assert_eq!(machine.ctx.executed(), u64::from(!raised), "{word:#010x}");
        if raised {
            assert_eq!(machine.ctx.first_difference(&before), None, "{word:#010x}");
        }
    }
}

#[test]
fn changed_code_is_seen_at_the_next_block_through_every_alias() {
    // The three views of physical memory show the same bytes, the last one shifted by a page.
    let memory = GuestMemory::new().unwrap();
    let size = 0x1_0000;
    let code =
        memory.alloc_physical(Heap::Physical64K, size, size, 0x10_0000, 0x1000_0000, Protect::READ_WRITE);
    let code = code.unwrap();
    let physical = physical(code).unwrap();
    let views = [code.0, 0xC000_0000 + physical, 0xE000_0000 + physical - 0x1000];
    let mut machine = CpuHarness::on(memory, EngineConfig::default());
    let value = |n| d(Op::addi, 3, 0, n);
    for (round, store_at) in views.into_iter().cycle().take(200).enumerate() {
        let n = round as i32 + 1;
        // Cached: the old value. Then a store by guest code, through the other view too.
        machine.put(code.0, &[value(n), d(Op::sc, 0, 0, 2)]);
        machine.put(code.0 + 0x1000, &[d(Op::stw, 5, 6, 0), Op::bx.row().bits | 0x3FF_EFFC]);
        machine.ctx.pc = code.0;
        assert_eq!(machine.run(100), Exit::Syscall { lev: 0 });
        assert_eq!(machine.ctx.gpr[3], n as u64);
        machine.ctx.gpr[5] = u64::from(value(n + 1000));
        machine.ctx.gpr[6] = u64::from(store_at);
        machine.ctx.pc = code.0 + 0x1000;
        assert_eq!(machine.run(100), Exit::Syscall { lev: 0 });
        assert_eq!(machine.ctx.gpr[3], n as u64 + 1000, "round {round}");
    }
    assert!(machine.interp.counters().invalidations >= 200);
}

#[test]
fn a_store_into_the_running_block_takes_effect_at_once() {
    let mut machine = CpuHarness::new();
    // stw r5,4(r6): the following instruction; addi r3,r3,1; bdnz
    machine
        .put(CODE, &[d(Op::stw, 5, 6, 4), d(Op::addi, 3, 3, 1), d(Op::bcx, 16, 0, -8), d(Op::sc, 0, 0, 2)]);
    machine.ctx.gpr[5] = u64::from(d(Op::addi, 3, 3, 100));
    machine.ctx.gpr[6] = u64::from(CODE);
    machine.ctx.ctr = 3;
    assert_eq!(machine.run(100), Exit::Syscall { lev: 0 });
    assert_eq!(machine.ctx.gpr[3], 300);
}

#[test]
fn blocks_end_at_pages_and_fetches_outside_memory_raise() {
    let mut machine = CpuHarness::new();
    let nop = d(Op::ori, 0, 0, 0);
    machine.put(CODE, &vec![nop; 0x4000]);
    assert_eq!(machine.run(1 << 20), {
        let fault = MemoryFault {
            addr: GuestAddr(CODE + 0x1_0000),
            kind: FaultKind::Unmapped,
            access: AccessKind::Load,
        };
        fetch_exception(CODE + 0x1_0000, fault)
    });
    assert_eq!(machine.ctx.executed(), 0x4000);
    machine.ctx.pc = CODE + 2;
    let misaligned =
        MemoryFault { addr: GuestAddr(CODE + 2), kind: FaultKind::Misaligned, access: AccessKind::Load };
    assert_eq!(machine.run(10), fetch_exception(CODE + 2, misaligned));
    let step = machine.interp.step(&mut machine.ctx, &mut machine.devices);
    assert_eq!(step, Some(fetch_exception(CODE + 2, misaligned)));
}

#[test]
fn code_whose_page_loses_its_rights_no_longer_runs() {
    let mut machine = CpuHarness::new();
    machine.put(CODE, &[d(Op::addi, 3, 3, 1), Op::bx.row().bits | 0x3FF_FFFC]);
    assert_eq!(machine.run(10), Exit::Budget);
    machine.memory.protect(GuestAddr(CODE), 0x1_0000, Protect::NO_ACCESS).unwrap();
    assert!(matches!(machine.run(10), Exit::Exception(GuestException { kind: ExceptionKind::Fetch(_), .. })));
    machine.memory.protect(GuestAddr(CODE), 0x1_0000, Protect::READ_WRITE).unwrap();
    assert_eq!(machine.run(10), Exit::Budget);
}

#[test]
fn single_steps_equal_a_run() {
    let mut whole = CpuHarness::new();
    whole.put(CODE, &sum_loop());
    whole.ctx.gpr[4] = 3;
    whole.ctx.gpr[5] = 20;
    let mut steps = CpuHarness::on(Arc::clone(&whole.memory), EngineConfig::default());
    steps.ctx = whole.ctx.clone();
    assert_eq!(whole.run(1000), Exit::Syscall { lev: 0 });
    steps.ctx.begin_visit(1000, 0, u32::MAX);
    let exit = (0..1000).find_map(|_| steps.interp.step(&mut steps.ctx, &mut steps.devices));
    assert_eq!(exit, Some(Exit::Syscall { lev: 0 }));
    assert_eq!(steps.ctx.first_difference(&whole.ctx), None);
    assert_eq!(steps.ctx.executed(), whole.ctx.executed());
}

#[test]
fn random_code_runs_the_same_by_steps_and_with_any_budget() {
    let mut random = random();
    let families = [Family::Integer, Family::Logical, Family::Rotate, Family::Branch, Family::LoadStore];
    let rows: Vec<_> = Op::all().map(Op::row).filter(|row| families.contains(&row.family)).collect();
    let mut instructions = 0;
    for _ in 0..150 {
        let mut machine = CpuHarness::new();
        // Branches stay near; r1 and r2 are never targets, and hold data addresses.
        let code: Vec<u32> = (0..64)
            .map(|_| {
                let row = rows[random() as usize % rows.len()];
                let free = random() as u32 & !row.mask;
                row.bits
                    | match row.op {
                        Op::bx => free & 0x3C,
                        Op::bcx => free & !0xFFFF | free & 0x3C,
                        _ if row.family == Family::LoadStore => {
                            free & 0x03E0_07FF & !row.mask | 1 << 24 | 1 << 16 | 2 << 11 & !row.mask
                        }
                        _ => free | (1 << 24 | 1 << 19) & !row.mask,
                    }
            })
            .collect();
        machine.put(CODE, &code);
        scramble(&mut machine.ctx, &mut random);
        machine.ctx.gpr[1] = u64::from(DATA) + 0x8000;
        machine.ctx.gpr[2] = 64;
        machine.ctx.lr = u64::from(CODE) + 0x80;
        let mut data = vec![0; 0x1_0000];
        machine.memory.read_bytes(GuestAddr(DATA), &mut data).unwrap();
        let start = machine.ctx.clone();
        let mut outcomes = Vec::new();
        for budget in [0, 1, 3, 1000] {
            machine.memory.write_bytes(GuestAddr(DATA), &data).unwrap();
            machine.put(CODE, &code);
            machine.devices.clear();
            machine.ctx = start.clone();
            machine.ctx.pc = CODE;
            let mut executed = 0;
            let exit = loop {
                let left = 1000 - executed as i64;
                let exit = if budget == 0 {
                    machine.ctx.begin_visit(1, 0, u32::MAX);
                    machine.interp.step(&mut machine.ctx, &mut machine.devices).unwrap_or(Exit::Budget)
                } else {
                    machine.run(left.min(budget))
                };
                executed += machine.ctx.executed();
                if exit != Exit::Budget || executed == 1000 {
                    break exit;
                }
            };
            let mut after = vec![0; 0x1_0000];
            machine.memory.read_bytes(GuestAddr(DATA), &mut after).unwrap();
            outcomes.push((exit, executed, machine.ctx.clone(), after));
        }
        instructions += outcomes[0].1;
        for outcome in &outcomes[1..] {
            assert_eq!((outcome.0, outcome.1), (outcomes[0].0, outcomes[0].1), "{code:#x?}");
            assert_eq!(outcome.2.first_difference(&outcomes[0].2), None, "{code:#x?}");
            assert_eq!(outcome.3, outcomes[0].3, "{code:#x?}");
        }
    }
    assert!(instructions > 1000, "only {instructions} instructions ran");
}

#[test]
fn code_on_a_page_of_volatile_data_is_compared_by_words_and_stays_right() {
    let mut machine = CpuHarness::new();
    // stw r3,0x100(r6) on the code's own page; addi r3,r3,1; bdnz; sc
    machine.put(
        CODE,
        &[d(Op::stw, 3, 6, 0x100), d(Op::addi, 3, 3, 1), d(Op::bcx, 16, 0, -8), d(Op::sc, 0, 0, 2)],
    );
    machine.ctx.gpr[6] = u64::from(CODE);
    machine.ctx.ctr = 500;
    assert_eq!(machine.run(10_000), Exit::Syscall { lev: 0 });
    assert_eq!(machine.word(CODE + 0x100), 499);
    let bumps = machine.memory.counters().page_version_bumps;
    // The page is no longer watched: stores cost no bump, and changed words are still detected.
    machine.put(CODE + 4, &[d(Op::addi, 3, 3, 2)]);
    machine.ctx.pc = CODE;
    machine.ctx.ctr = 500;
    machine.ctx.gpr[3] = 0;
    assert_eq!(machine.run(10_000), Exit::Syscall { lev: 0 });
    assert_eq!(machine.word(CODE + 0x100), 998);
    assert!(machine.memory.counters().page_version_bumps < bumps + 10);
    assert_eq!(machine.interp.counters().invalidations, 1, "only one block's words ever changed");
}

#[test]
fn code_that_another_thread_writes_is_current_once_its_flag_is_seen() {
    const ROUNDS: u32 = 300;
    let words = |source: &str, base: u32| -> Vec<u32> {
        let bytes = assemble(source, base).unwrap().bytes;
        bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
    };
    let routine = CODE;
    let caller = CODE + 0x1000;
    let writer = CODE + 0x2000;
    // r4: flag and answer; r6: the routine; r8: round; r5: rounds; r9: the routine's first word.
    let calls = "
        wait:   lwz     7, 0(4)
                cmpw    7, 8
                beq     wait
                mr      8, 7
                isync
                mtctr   6
                bctrl
                cmpw    3, 8
                bne     wrong
                stw     8, 4(4)
                cmpw    8, 5
                bne     wait
        wrong:  sc";
    let writes = "
        next:   addi    8, 8, 1
                add     10, 9, 8
                stw     10, 0(6)
                dcbst   0, 6
                sync
                icbi    0, 6
                isync
                stw     8, 0(4)
        wait:   lwz     7, 4(4)
                cmpw    7, 8
                bne     wait
                cmpw    8, 5
                bne     next
                sc";
    let memory = memory();
    let load = CpuHarness::on(Arc::clone(&memory), EngineConfig::default());
    load.put(routine, &words("li 3, 0; blr", routine));
    load.put(caller, &words(calls, caller));
    load.put(writer, &words(writes, writer));
    std::thread::scope(|scope| {
        for start in [caller, writer] {
            let mut machine = CpuHarness::on(Arc::clone(&memory), EngineConfig::default());
            scope.spawn(move || {
                machine.ctx.pc = start;
                machine.ctx.gpr[4] = u64::from(DATA);
                machine.ctx.gpr[5] = u64::from(ROUNDS);
                machine.ctx.gpr[6] = u64::from(routine);
                machine.ctx.gpr[9] = u64::from(d(Op::addi, 3, 0, 0));
                // A caller that failed never answers: the writer must not wait forever.
                let limit = std::time::Instant::now() + std::time::Duration::from_mins(1);
                while machine.run(500) == Exit::Budget && std::time::Instant::now() < limit {
                    std::thread::yield_now();
                }
                assert_eq!(machine.ctx.gpr[8], u64::from(ROUNDS));
                if start == caller {
                    assert_eq!(machine.ctx.gpr[3], u64::from(ROUNDS), "stale code ran");
                }
            });
        }
    });
}

#[test]
fn a_cache_of_few_pages_gives_up_those_not_entered_and_code_runs_on() {
    let mut machine = CpuHarness::new();
    // Eight pages in turn, each with a loop of a call's length; the first is entered between all
    // others.
    let branch = |from: u32, to: u32| Op::bx.row().bits | to.wrapping_sub(from) & 0x3FF_FFFC;
    for page in 1..8 {
        let at = CODE + page * 0x1000;
        machine.put(at, &[d(Op::addi, 3, 3, 1), branch(at + 4, CODE + 16 * page)]);
        machine.put(CODE + 16 * (page - 1), &[d(Op::addi, 4, 4, 1), branch(CODE + 16 * (page - 1) + 4, at)]);
    }
    machine.put(CODE + 16 * 7, &[branch(CODE + 16 * 7, CODE)]);
    let run = |machine: &mut CpuHarness| {
        let exit = machine.interp.run_to_code(&mut machine.ctx, &mut machine.devices, u32::MAX, |_| false);
        assert_eq!(exit, Some(Exit::Budget));
    };
    machine.interp.limit_pages(3);
    machine.ctx.begin_visit(29 * 100, 0, u32::MAX);
    run(&mut machine);
    assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4], machine.ctx.pc), (700, 700, CODE));
    let reached =
        |page: u32| machine.interp.reached_between(CODE + page * 0x1000, CODE + page * 0x1000 + 0x1000);
    assert_eq!(reached(0).len(), 8, "the page entered most is never given up");
    assert_eq!((1..8).filter(|&page| !reached(page).is_empty()).count(), 2, "the limit holds");
}
