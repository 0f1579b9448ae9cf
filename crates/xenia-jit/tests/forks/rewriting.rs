//! Cross-modifying code: one engine rewrites code while others run it.

use super::*;
use xenia_isa::word::sc;

/// One context rewrites a function at `at` with the architected sequence, while five others call
/// it.
fn rewrite(make: Make, at: u32, turns: u32) -> Vec<PpcContext> {
    let writer = [
        // r11: li r3,0; r12: li r4,0; r10: announced and published; r13: the function; ctr: turns
        d(Op::addi, 6, 6, 1),
        d(Op::stw, 6, 10, 4), // announced
        x(Op::sync, 1, 0, 0, 0),
        x(Op::addx, 7, 11, 6, 0),
        x(Op::addx, 8, 12, 6, 0),
        d(Op::stw, 7, 13, 0),
        d(Op::stw, 8, 13, 4),
        x(Op::dcbst, 0, 0, 13, 0),
        x(Op::sync, 0, 0, 0, 0),
        x(Op::icbi, 0, 0, 13, 0),
        x(Op::isync, 0, 0, 0, 0),
        x(Op::sync, 0, 0, 0, 0),
        d(Op::stw, 6, 10, 0), // published
        d(Op::bcx, 16, 0, -52),
        SC,
    ];
    // Three calls. Each must return at least the number published before it, and at most the number
    // announced after it.
    let caller_at = CODE + 0x100;
    let call = caller_at + 16;
    let caller = [
        d(Op::lwz, 5, 10, 0), // published
        x(Op::cmp, 0, 5, 5, 0),
        d(Op::bcx, 4, 2, 4), // bne: to the next
        x(Op::isync, 0, 0, 0, 0),
        b(call, at, true),
        x(Op::sync, 1, 0, 0, 0),
        d(Op::lwz, 8, 10, 4),    // announced
        x(Op::cmpl, 0, 3, 5, 0), // r3 < published: bad
        d(Op::bcx, 12, 0, 44),   // blt
        x(Op::cmpl, 0, 3, 8, 0), // r3 > announced: bad
        d(Op::bcx, 12, 1, 36),   // bgt
        x(Op::cmpl, 0, 4, 5, 0),
        d(Op::bcx, 12, 0, 28),
        x(Op::cmpl, 0, 4, 8, 0),
        d(Op::bcx, 12, 1, 20),
        d(Op::addi, 6, 6, 1),
        x(Op::cmpl, 0, 5, 9, 0),
        d(Op::bcx, 4, 2, -68), // bne: until the last is published
        SC,
        sc(0), // bad
    ];
    let memory = memory();
    put(&memory, &writer);
    put_at(&memory, caller_at, &caller);
    let function = [d(Op::addi, 3, 0, 0), d(Op::addi, 4, 0, 0), BLR];
    put_at(&memory, at, &function);
    run_together(6, make(&memory, EngineConfig::default()), 1009, |hw_id| {
        let mut ctx = PpcContext { ctr: turns.into(), pc: caller_at, ..PpcContext::default() };
        if hw_id == 0 {
            ctx.pc = CODE;
        }
        ctx.gpr[9..14].copy_from_slice(&[turns, DATA, function[0], function[1], at].map(u64::from));
        ctx
    })
}

#[test]
fn rewritten_code_is_never_torn_or_stale_after_notification() {
    const TURNS: u32 = 150;
    for (name, make) in ENGINES {
        // On a separate page, on the callers' page, and across a page boundary.
        for at in [CODE + 0x3000, CODE + 0x200, CODE + 0xFFC] {
            let contexts = rewrite(make, at, TURNS);
            assert_eq!(contexts[0].gpr[6], u64::from(TURNS), "{name}, {at:#x}");
            for ctx in &contexts[1..] {
                assert_eq!(
                    (ctx.gpr[3], ctx.gpr[4]),
                    (TURNS.into(), TURNS.into()),
                    "{name}, {at:#x}: the last that was published"
                );
            }
        }
    }
}

/// Result of code that waits for a host thread, which has changed the word after `synchronizes`, in
/// one visit: no engine enters code between the change and that instruction.
fn changed_by_the_host(name: &str, make: Make, synchronizes: u32) -> u64 {
    let words = [
        d(Op::stw, 6, 10, 4), // it waits
        d(Op::lwz, 5, 10, 0),
        d(Op::cmpi, 0, 5, 0),
        d(Op::bcx, 12, 2, -8), // beq
        synchronizes,
        d(Op::addi, 3, 0, 1), // becomes 2
        SC,
    ];
    let memory = memory();
    put(&memory, &words);
    let mut engine = make(&memory, EngineConfig::default());
    thread::scope(|scope| {
        let guest = scope.spawn(move || {
            let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
            ctx.gpr[6] = 1;
            ctx.gpr[10] = DATA.into();
            ctx.begin_visit(1 << 36, 0, u32::MAX);
            assert_eq!(engine.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 }, "{name}");
            ctx.gpr[3]
        });
        while memory.read::<u32>(GuestAddr(DATA + 4)).unwrap() == 0 && !guest.is_finished() {
            thread::yield_now();
        }
        put_at(&memory, CODE + 20, &[d(Op::addi, 3, 0, 2)]);
        memory.write(GuestAddr(DATA), 1_u32).unwrap();
        guest.join().unwrap()
    })
}

#[test]
fn code_after_isync_and_icbi_is_what_a_host_thread_has_stored() {
    for (name, make) in ENGINES {
        for synchronizes in [x(Op::isync, 0, 0, 0, 0), x(Op::icbi, 0, 0, 10, 0)] {
            let result = changed_by_the_host(name, make, synchronizes);
            assert_eq!(result, 2, "{name}, after {synchronizes:#x}");
        }
    }
}
