//! Warm-up: when code is compiled, and which addresses become entries.

use crate::common::*;
use xenia_cpu::Exit;
use xenia_isa::Op;
use xenia_jit::JitConfig;

/// A JIT with a `warm_up` of 100 and with `words` at [`CODE`].
fn machine(words: &[u32]) -> JitHarness {
    let machine = JitHarness::jit_with(JitConfig { warm_up: 100, ..JitConfig::default() });
    machine.put(CODE, words);
    machine
}

/// mtctr r5; loop: 10 additions; bdnz loop; sc
fn long_loop() -> Vec<u32> {
    let mut words = vec![x(Op::mtspr, 5, 9, 0, 0)];
    words.extend((0..10).map(|n| d(Op::addi, 3, 3, n)));
    words.extend([d(Op::bcx, 16, 0, -40), SC]);
    words
}

#[test]
fn a_long_loop_is_compiled_while_it_runs() {
    let mut machine = machine(&long_loop());
    machine.ctx.gpr[5] = 1_000_000;
    assert_eq!(machine.run(1 << 40), Exit::Syscall { lev: 2 });
    assert_eq!(machine.ctx.gpr[3], 45_000_000);
    assert_eq!(machine.ctx.executed(), 1 + 11_000_000 + 1);
    let counters = machine.engine.counters();
    assert_eq!(counters.functions, 1, "{counters:?}");
    let interpreted = counters.interpreted_instructions;
    assert!((1200..3000).contains(&interpreted), "a hundred times 13, and a little more: {counters:?}");
}

#[test]
fn code_below_size_scaled_warm_up_is_interpreted() {
    let mut machine = machine(&long_loop());
    for round in 0..8 {
        machine.ctx.pc = CODE;
        machine.ctx.gpr[5] = 10;
        machine.run(1 << 40);
        assert_eq!(machine.engine.counters().functions, 0, "round {round}");
    }
    for _ in 0..20 {
        machine.ctx.pc = CODE;
        machine.ctx.gpr[5] = 10;
        machine.run(1 << 40);
    }
    assert_eq!(machine.engine.counters().functions, 1);
}

#[test]
fn where_visits_end_makes_no_entries() {
    // An inner loop, with a branch that is taken in some iterations, inside an outer one.
    let words = [
        x(Op::mtspr, 5, 9, 0, 0),
        d(Op::addi, 3, 3, 1),
        d(Op::addi, 4, 4, 3),
        d(Op::andi_rc, 4, 6, 4),
        d(Op::bcx, 12, 2, 12), // beq +12
        d(Op::addi, 7, 7, 1),
        d(Op::addi, 8, 8, 2),
        d(Op::addi, 9, 9, 1),
        d(Op::bcx, 16, 0, -28), // bdnz
        b(CODE + 36, CODE, false),
    ];
    let mut jit = machine(&words);
    let mut interpreter = JitHarness::interpreter();
    interpreter.put(CODE, &words);
    for machine in [&mut jit, &mut interpreter] {
        machine.ctx.gpr[5] = 300;
    }
    let mut executed = 0;
    for visit in 0..3000 {
        let quantum = 900 + visit % 101;
        assert_eq!(jit.run(quantum), interpreter.run(quantum));
        assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "visit {visit}");
        assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "visit {visit}");
        executed += jit.ctx.executed();
    }
    let counters = jit.engine.counters();
    assert_eq!(counters.functions, 1, "compiled once, whatever the visits did: {counters:?}");
    // The interpreter runs to the loop's next iteration at the start of a visit, and the
    // instructions that the budget check leaves over at the end.
    let at_most = 1500 + 3000 * (9 + 48);
    assert!(counters.interpreted_instructions < at_most, "{counters:?} of {executed}");
}

#[test]
fn a_function_that_compiled_code_jumps_into_gets_the_entry_when_it_is_worth_it() {
    // r4 = CODE + 20 or + 24 alternately; goto r4. Both cases are in one straight block, so the
    // second is not an entry by itself.
    let words = [
        x(Op::orx, 10, 11, 10, 0), // mr r11,r10
        x(Op::mtspr, 10, 9, 0, 0), // mtctr r10
        d(Op::xori, 10, 10, 12),
        BCTR,
        d(Op::addi, 3, 3, 100),
        d(Op::addi, 3, 3, 1), // +20
        d(Op::addi, 4, 4, 1), // +24
        b(CODE + 28, CODE, false),
    ];
    let mut jit = machine(&words);
    let mut interpreter = JitHarness::interpreter();
    interpreter.put(CODE, &words);
    for machine in [&mut jit, &mut interpreter] {
        machine.ctx.gpr[10] = u64::from(CODE + 20);
    }
    for visit in 0..400 {
        assert_eq!(jit.run(1000), interpreter.run(1000));
        assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "visit {visit}");
    }
    let counters = jit.engine.counters();
    assert!(counters.functions <= 3, "{counters:?}");
    assert!(counters.interpreted_instructions < 40_000, "both are entries in the end: {counters:?}");
}

#[test]
fn a_function_of_nothing_but_long_instructions_is_compiled_in_pieces() {
    // stmw r3,0(r2): each stores 29 registers.
    const COUNT: usize = 2000;
    let mut words = vec![d(Op::stmw, 3, 2, 0); COUNT];
    words.push(SC);
    let config = JitConfig { warm_up: 0, ..JitConfig::default() };
    let mut machine = JitHarness::jit_with(config);
    machine.put(CODE, &words);
    machine.ctx.gpr[2] = u64::from(DATA);
    assert_eq!(machine.run(1 << 40), Exit::Syscall { lev: 2 });
    assert_eq!(machine.ctx.executed(), COUNT as u64 + 1);
    let counters = machine.engine.counters();
    let longest = counters.compiled_guest_instructions / counters.functions;
    assert!(longest < 700, "as many in one piece: {counters:?}");
}

/// L: cmpwi r3,0; beq +8; b back; twenty additions to r4; back: addi r5,r5,1; bdnz L; sc
fn rare_side() -> Vec<u32> {
    let mut words = vec![d(Op::cmpi, 0, 3, 0), 0x4182_0008, b(CODE + 8, CODE + 92, false)];
    words.extend([d(Op::addi, 4, 4, 1); 20]);
    words.extend([d(Op::addi, 5, 5, 1), d(Op::bcx, 16, 0, -24 * 4), SC]);
    words
}

#[test]
fn a_side_that_was_never_taken_is_compiled_once_it_is() {
    let words = rare_side();
    let mut jit = machine(&words);
    let mut interpreter = JitHarness::interpreter();
    interpreter.put(CODE, &words);
    let mut run = |jit: &mut JitHarness, r3: u64, turns: u64| {
        for machine in [&mut *jit, &mut interpreter] {
            machine.ctx.pc = CODE;
            machine.ctx.ctr = turns;
            machine.ctx.gpr[3] = r3;
            assert_eq!(machine.run(1 << 40), Exit::Syscall { lev: 2 });
        }
        assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None);
        jit.engine.counters()
    };
    // Includes the word after `sc`.
    let without = words.len() as u64 + 1 - 20;
    let plain = run(&mut jit, 1, 10_000);
    assert_eq!(plain.compiled_guest_instructions, without, "all but the side: {plain:?}");
    run(&mut jit, 0, 10);
    let rare = run(&mut jit, 1, 10_000);
    assert_eq!(rare.compiled_guest_instructions, without, "ten times are not worth it: {rare:?}");
    let often = run(&mut jit, 0, 10_000);
    assert_eq!(often.compiled_guest_instructions, 2 * without + 20, "{often:?}");
    let later = run(&mut jit, 0, 10_000);
    let interpreted = later.interpreted_instructions - often.interpreted_instructions;
    assert!(interpreted < 100, "it is part of the loop: {later:?}");
}

#[test]
fn a_function_too_long_for_one_piece_is_compiled_whole_and_about_once() {
    // A loop of two thousand ifs: cmpwi r3,n; beq +12; addi r4,r4,1; stw r4,0(r2).
    const IFS: u32 = 2000;
    let one_if = |n| [d(Op::cmpi, 0, 3, n), 0x4182_000C, d(Op::addi, 4, 4, 1), d(Op::stw, 4, 2, 0)];
    let mut words: Vec<u32> = (0..IFS as i32).flat_map(one_if).collect();
    words.extend([0x4200_0000 | (16 * IFS).wrapping_neg() & 0xFFFC, SC]);
    let mut machine = JitHarness::jit_with(JitConfig { warm_up: 10, ..JitConfig::default() });
    machine.put(CODE, &words);
    let mut interpreted = Vec::new();
    for _ in 0..8 {
        machine.ctx.pc = CODE;
        machine.ctx.ctr = 500;
        machine.ctx.gpr[2] = u64::from(DATA);
        machine.ctx.gpr[3] = 5;
        assert_eq!(machine.run(1 << 40), Exit::Syscall { lev: 2 });
        interpreted.push(machine.engine.counters().interpreted_instructions);
    }
    let counters = machine.engine.counters();
    assert!(counters.functions > 1, "its pieces: {counters:?}");
    assert!(counters.compiled_guest_instructions < 2 * 4 * u64::from(IFS), "{counters:?}");
    // At the start of a visit the interpreter may run to the next entry.
    assert!(interpreted[7] - interpreted[6] < 4000, "four million run in each visit: {interpreted:?}");
}
