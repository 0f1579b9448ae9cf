//! Control flow across blocks: branches, calls, budgets and faults.

mod changes;
mod time;

use crate::common::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use xenia_cpu::{ExceptionKind, Execute, Exit, GuestException, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_isa::word::sc;
use xenia_jit::{Jit, JitConfig, JitTesting};
use xenia_memory::{AccessKind, DeviceQueue, FaultKind, GuestMemory, MemoryFault};

/// `fib(r3)` by recursion, then `sc 2`; the stack pointer is r1.
fn fib() -> Vec<u32> {
    let f = CODE + 8;
    vec![
        b(CODE, f, true),
        SC,
        // f: if r3 < 2 return
        d(Op::cmpi, 0, 3, 2),
        0x4D80_0020, // bltlr
        MFLR0,
        d(Op::stwu, 1, 1, -32),
        d(Op::stw, 0, 1, 36),
        d(Op::stw, 31, 1, 12),
        d(Op::stw, 30, 1, 8),
        x(Op::orx, 3, 31, 3, 0), // mr r31,r3
        d(Op::addi, 3, 31, -1),
        b(CODE + 44, f, true),
        x(Op::orx, 3, 30, 3, 0), // mr r30,r3
        d(Op::addi, 3, 31, -2),
        b(CODE + 56, f, true),
        x(Op::addx, 3, 3, 30, 0),
        d(Op::lwz, 30, 1, 8),
        d(Op::lwz, 31, 1, 12),
        d(Op::lwz, 0, 1, 36),
        MTLR0,
        d(Op::addi, 1, 1, 32),
        BLR,
    ]
}

fn start(machine: &mut JitHarness, words: &[u32]) {
    machine.put(CODE, words);
    machine.ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    machine.ctx.gpr[1] = u64::from(DATA + SIZE - 0x100);
}

#[test]
fn recursion_gives_the_right_result_in_the_right_number_of_instructions() {
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &fib());
        machine.ctx.gpr[3] = 15;
    }
    compare(&mut jit, &mut interpreter, 1 << 40, &|| "fib".into());
    assert_eq!(jit.ctx.gpr[3], 610);
    let counters = jit.engine.counters();
    assert!(counters.compiled_guest_instructions >= 20, "{counters:?}");
    assert!(counters.interpreted_instructions < 100, "{counters:?}");
    assert_eq!(counters.fallback_instructions, 0, "{counters:?}");
}

#[test]
fn every_budget_stops_where_the_interpreter_does() {
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &fib());
    }
    let fresh = jit.ctx.clone();
    for budget in (1..400).chain([1000, 2000, 3001]) {
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx = PpcContext { pc: CODE, ..fresh.clone() };
            machine.ctx.gpr[3] = 9;
        }
        // In pieces, so that visits start at arbitrary instructions.
        for piece in 0..6 {
            compare(&mut jit, &mut interpreter, budget, &|| format!("budget {budget}, piece {piece}"));
        }
    }
}

#[test]
fn deep_recursion_outgrows_the_host_stack_and_comes_back() {
    let f = CODE + 8;
    let words = [
        b(CODE, f, true),
        SC,
        // f: if r3 == 0 return; push lr; r3 -= 1; f(); r4 += 1; pop
        d(Op::cmpi, 0, 3, 0),
        0x4D82_0020, // beqlr
        MFLR0,
        d(Op::stwu, 0, 5, 4),
        d(Op::addi, 3, 3, -1),
        b(CODE + 28, f, true),
        d(Op::addi, 4, 4, 1),
        d(Op::lwz, 0, 5, 0),
        d(Op::addi, 5, 5, -4),
        MTLR0,
        BLR,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
        machine.ctx.gpr[3] = 15_000;
        machine.ctx.gpr[5] = u64::from(DATA);
    }
    compare(&mut jit, &mut interpreter, 1 << 40, &|| "deep".into());
    assert_eq!(jit.ctx.gpr[4], 15_000);
}

#[test]
fn recursion_into_a_later_entry_outgrows_the_host_stack() {
    let leaf = CODE + 12;
    let words = [
        b(CODE, leaf, true),
        // The return address is an entry; from there on, the code calls itself.
        BCTRL,
        b(CODE + 8, CODE, false),
        // leaf: a branch, never taken, keeps it from being copied into its caller.
        d(Op::cmpi, 0, 3, 1),
        d(Op::bcx, 12, 2, 8),
        d(Op::addi, 4, 4, 1),
        BLR,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for (ctr, budget) in [(leaf, 1000), (CODE + 4, 1_000_000)] {
        for machine in [&mut jit, &mut interpreter] {
            start(machine, &words);
            machine.ctx.ctr = u64::from(ctr);
        }
        compare(&mut jit, &mut interpreter, budget, &|| format!("to {ctr:#x}"));
    }
}

#[test]
fn a_return_to_an_outer_frame_unwinds_the_host_frames() {
    // main calls a; a saves its return address in r20 and calls c; c returns straight to main.
    let a = CODE + 16;
    let c = CODE + 28;
    let words = [
        b(CODE, a, true),
        d(Op::addi, 3, 3, 1),
        SC,
        SC,
        0x7E88_02A6, // a: mflr r20
        b(a + 4, c, true),
        d(Op::addi, 3, 3, 100), // never reached
        0x7E88_03A6,            // c: mtlr r20
        d(Op::addi, 3, 3, 10),
        BLR,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
    }
    compare(&mut jit, &mut interpreter, 1000, &|| "longjmp".into());
    assert_eq!(jit.ctx.gpr[3], 11);
}

#[test]
fn calls_through_pointers_and_switches() {
    // for r6 times: ctr = r7 (one of four functions), bctrl; functions add to r3.
    let words = [
        0x7CC9_03A6, // mtctr r6
        0x7D08_02A6, // mflr r8 (only for symmetry)
        // loop: r9 = ctr & 3; r9 = r9*8 + table
        0x7D29_02A6,               // mfctr r9
        0x552A_1F38,               // rlwinm r10,r9,3,28,28 -> 0 or 8
        x(Op::addx, 10, 10, 7, 0), // r10 += r7
        x(Op::orx, 9, 11, 9, 0),   // mr r11,r9
        0x7D49_03A6,               // mtctr r10
        BCTRL,
        0x7D69_03A6, // mtctr r11
        0x4200_FFE4, // bdnz loop
        SC,
        0,
        d(Op::addi, 3, 3, 1),
        BLR,
        d(Op::addi, 3, 3, 5),
        BLR,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
        machine.ctx.gpr[6] = 50;
        machine.ctx.gpr[7] = u64::from(CODE + 48);
    }
    compare(&mut jit, &mut interpreter, 100_000, &|| "pointers".into());
    assert!(jit.ctx.gpr[3] > 50);
}

#[test]
fn a_refused_access_names_address_and_instruction_and_leaves_the_rest() {
    let words = [
        d(Op::addi, 3, 3, 1),
        d(Op::addi, 4, 4, 2),
        d(Op::stw, 4, 9, 0), // fine
        d(Op::addi, 4, 4, 3),
        d(Op::lwzu, 5, 6, 8), // unmapped
        d(Op::addi, 3, 3, 1),
        SC,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
        machine.ctx.gpr[6] = 0x2000_0000;
        machine.ctx.gpr[9] = u64::from(DATA + 64);
    }
    let exit = jit.run(1000);
    let fault =
        MemoryFault { addr: GuestAddr(0x2000_0008), kind: FaultKind::Unmapped, access: AccessKind::Load };
    let exception = GuestException { pc: GuestAddr(CODE + 16), kind: ExceptionKind::Memory(fault) };
    assert_eq!(exit, Exit::Exception(exception));
    assert_eq!(interpreter.run(1000), exit);
    assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None);
    assert_eq!(jit.ctx.executed(), 4);
    // The instruction succeeds after the handler's correction.
    for machine in [&mut jit, &mut interpreter] {
        machine.ctx.gpr[6] = u64::from(DATA);
    }
    compare(&mut jit, &mut interpreter, 1000, &|| "resumed".into());
}

#[test]
fn traps_system_calls_and_illegal_words_end_a_run() {
    for words in [
        vec![d(Op::addi, 3, 0, 5), d(Op::twi, 4, 3, 5), SC], // tweqi r3,5
        vec![d(Op::addi, 3, 0, 5), d(Op::twi, 4, 3, 6), SC],
        vec![d(Op::addi, 3, 0, 5), 0x7FE0_0008, SC],
        vec![d(Op::addi, 3, 0, 5), 0x0000_0001, SC],
        vec![d(Op::addi, 3, 0, 5), sc(0), SC],
        vec![0x7FFF_FB78, SC],              // a yield hint
        vec![0x7C6C_42E6, 0x7C8C_42E6, SC], // mftb
        vec![0x7C60_00A6, SC],              // mfmsr
    ] {
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            start(machine, &words);
        }
        for _ in 0..3 {
            compare(&mut jit, &mut interpreter, 50, &|| listing(&words));
        }
    }
}

#[test]
fn the_cases_of_a_switch_are_compiled_together() {
    // if r3 = 0 goto end; goto r3; sixteen times: r4 += n, goto end; end: sc
    const CASES: u32 = 16;
    let end = CODE + 16 + 8 * CASES;
    let mut words = vec![d(Op::cmpi, 0, 3, 0), 0x4182_0000 | (end - CODE - 4), 0x7C69_03A6, BCTR];
    for n in 0..CASES {
        words.extend([d(Op::addi, 4, 4, n as i32), b(CODE + 20 + 8 * n, end, false)]);
    }
    words.push(SC);
    let config = JitConfig { warm_up: 100, ..JitConfig::default() };
    let mut jit = JitHarness::jit_with(config);
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
    }
    for round in 0..40 {
        for case in 0..CASES {
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.pc = CODE;
                machine.ctx.gpr[3] = u64::from(CODE + 16 + 8 * case);
            }
            compare(&mut jit, &mut interpreter, 50, &|| format!("round {round}, case {case}"));
        }
    }
    let counters = jit.engine.counters();
    assert_eq!(counters.functions, 2, "once without and once with the cases: {counters:?}");
}

/// Asserts that the interpreter ran no instructions for compiled code.
fn assert_no_fallbacks(machine: &JitHarness) {
    let counters = machine.engine.counters();
    assert_eq!(counters.fallback_instructions, 0, "{counters:?}");
}

#[test]
fn moves_to_msr_change_what_they_may() {
    const L: u32 = 1 << 16;
    let usual = PpcContext::default().msr;
    let sources = [0, u64::MAX, usual, 1 << 15, 1 << 1, usual | 1 << 14, usual | 1 << 63, usual | 1 << 8]
        .into_iter()
        .chain([usual & !(1 << 13), usual & !(1 << 25), usual | 1 << 11, usual | 1 << 60 | 1 << 12 | 1]);
    for source in sources {
        for word in [Op::mtmsr, Op::mtmsrd].map(|op| [0, L].map(|l| x(op, 3, 0, 0, l))).concat() {
            let words = [x(Op::mfmsr, 5, 0, 0, 0), d(Op::addi, 4, 4, 1), word, x(Op::mfmsr, 6, 0, 0, 0), SC];
            let mut jit = JitHarness::jit();
            let mut interpreter = JitHarness::interpreter();
            for machine in [&mut jit, &mut interpreter] {
                start(machine, &words);
                machine.ctx.gpr[3] = source;
            }
            compare(&mut jit, &mut interpreter, 50, &|| format!("{source:#x}\n{}", listing(&words)));
            assert_no_fallbacks(&jit);
            // Continues in the new state, whatever it is.
            compare(&mut jit, &mut interpreter, 2, &|| format!("then: {source:#x}\n{}", listing(&words)));
        }
    }
}

#[test]
fn a_thread_that_waits_for_another_threads_store_sees_it() {
    // One load outside the loop and one inside, as compilers generate them.
    let words = [
        d(Op::lwz, 3, 4, 0),
        d(Op::cmpi, 0, 3, 0),
        0x4082_0010, // bne +16
        d(Op::lwz, 3, 4, 0),
        d(Op::cmpi, 0, 3, 0),
        0x4182_FFF8, // beq -8
        SC,
    ];
    let memory = memory();
    let first = Jit::new(Arc::clone(&memory), JitConfig { warm_up: 1, ..JitConfig::default() }).unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
    let stop = AtomicBool::new(false);
    let run = |mut engine: Jit| {
        let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        ctx.gpr[4] = u64::from(DATA);
        let mut devices = DeviceQueue::new();
        while !stop.load(Ordering::Relaxed) {
            ctx.begin_visit(1 << 20, 0, u32::MAX);
            match engine.run(&mut ctx, &mut devices) {
                Exit::Budget => {}
                exit => return exit,
            }
        }
        Exit::Yield
    };
    std::thread::scope(|scope| {
        let second = first.fork();
        let waits = [scope.spawn(|| run(first)), scope.spawn(|| run(second))];
        std::thread::sleep(std::time::Duration::from_millis(50));
        memory.write(GuestAddr(DATA), 1_u32).unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while !waits.iter().all(std::thread::ScopedJoinHandle::is_finished)
            && std::time::Instant::now() < deadline
        {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        stop.store(true, Ordering::Relaxed);
        for wait in waits {
            assert_eq!(wait.join().unwrap(), Exit::Syscall { lev: 2 });
        }
    });
}

#[test]
fn a_conditional_store_succeeds_once_and_fails_when_the_word_changed() {
    // lwarx r3,0,r4; addi r3,r3,1; stwcx. r3,0,r4; mfcr r5; stwcx. r3,0,r4; mfcr r6
    let words = [0x7C60_2028, d(Op::addi, 3, 3, 1), 0x7C60_212D, 0x7CA0_0026, 0x7C60_212D, 0x7CC0_0026, SC];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
        machine.ctx.gpr[4] = u64::from(DATA + 32);
    }
    compare(&mut jit, &mut interpreter, 100, &|| "lwarx".into());
    assert_eq!(jit.memory.read::<u32>(GuestAddr(DATA + 32)), Ok(1));
    // A misaligned one raises an exception.
    for machine in [&mut jit, &mut interpreter] {
        machine.ctx.pc = CODE;
        machine.ctx.gpr[4] = u64::from(DATA + 33);
    }
    compare(&mut jit, &mut interpreter, 100, &|| "misaligned".into());
}

#[test]
fn device_registers_are_reached_by_plain_loads_and_stores() {
    let words = [d(Op::stw, 3, 4, 0x714), d(Op::lwz, 5, 4, 0x714), d(Op::lwz, 6, 4, 0x1844 & !3), SC];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
        machine.ctx.gpr[3] = 0x1234_5678;
        machine.ctx.gpr[4] = 0x7FC8_0000;
    }
    compare(&mut jit, &mut interpreter, 100, &|| "devices".into());
    assert_eq!(jit.ctx.gpr[5], 0x1234_5678);
    assert_eq!(jit.devices.stores(), interpreter.devices.stores());
    assert_eq!(jit.devices.stores().len(), 1);
}

#[test]
fn two_machines_in_one_process_do_not_mix() {
    let mut machines = [JitHarness::jit(), JitHarness::jit()];
    for (n, machine) in machines.iter_mut().enumerate() {
        start(machine, &[d(Op::addi, 3, 0, n as i32), SC]);
    }
    for machine in &mut machines {
        machine.run(100);
    }
    assert_eq!(machines[0].ctx.gpr[3], 0);
    assert_eq!(machines[1].ctx.gpr[3], 1);
    let _: &GuestMemory = &machines[0].memory;
}
