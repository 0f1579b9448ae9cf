//! String accesses and reservations: the forms that need more than one host load or store.

use crate::common::*;
use xenia_cpu::{EngineConfig, ExceptionKind, Exit, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{JitConfig, Tiers};
use xenia_memory::{DeviceQueue, FaultKind, Protect};

/// A machine that compiles all code, even on pages that change often.
fn compiling(reservations: ReservationMode) -> JitHarness {
    let engine = EngineConfig { reservations };
    JitHarness::jit_with(JitConfig { engine, ..JitConfig::compile_everything() })
}

fn assert_compiled(jit: &JitHarness) {
    let counters = jit.engine.counters();
    assert_eq!((counters.interpreted_instructions, counters.fallback_instructions), (0, 0), "{counters:?}");
}

fn pair() -> (JitHarness, JitHarness) {
    let jit = compiling(ReservationMode::Context);
    let interpreter = JitHarness::interpreter();
    let bytes: Vec<u8> = (0..SIZE).map(|n| (n * 7 + 3) as u8).collect();
    for machine in [&jit, &interpreter] {
        machine.memory.write_bytes(GuestAddr(DATA), &bytes).unwrap();
    }
    (jit, interpreter)
}

/// Runs `word` on both machines, with the address in r4, 4 in r5 and the length in XER; all
/// registers have distinct values.
fn both(
    jit: &mut JitHarness,
    interpreter: &mut JitHarness,
    word: u32,
    address: u32,
    length: u8,
) -> [Exit; 2] {
    [jit, interpreter].map(|machine| {
        machine.put(CODE, &[word, SC]);
        for (n, register) in machine.ctx.gpr.iter_mut().enumerate() {
            *register = 0x0101_0101_0101_0101 * n as u64;
        }
        machine.ctx.gpr[4] = address.into();
        machine.ctx.gpr[5] = 4;
        machine.ctx.xer_count = length;
        machine.ctx.pc = CODE;
        machine.run(10)
    })
}

#[test]
fn strings_of_every_length_wrap_around_the_registers() {
    let (mut jit, mut interpreter) = pair();
    for length in 0..128_u8 {
        for op in [Op::lswi, Op::stswi, Op::lswx, Op::stswx] {
            let third = if matches!(op, Op::lswi | Op::stswi) { u32::from(length) & 31 } else { 5 };
            for first in [3, 29] {
                let [a, b] =
                    both(&mut jit, &mut interpreter, x(op, first, 4, third, 0), DATA + 0xFFD, length);
                assert_eq!(a, b, "{op:?} {length}");
                let difference = jit.ctx.first_difference(&interpreter.ctx);
                assert_eq!(difference, None, "{op:?} {length}");
            }
        }
        assert!(jit.data() == interpreter.data(), "{length}");
    }
    assert_compiled(&jit);
}

#[test]
fn every_length_of_multiple_loads_agrees_inside_memory_and_beyond() {
    let (mut jit, mut interpreter) = pair();
    // Complete, across pages, and with each word in turn the first past the end. r4 is the base and
    // among the loaded registers.
    let ends = (0..34).map(|words| DATA + SIZE - 4 * words - 6);
    for address in [DATA + 8, DATA + 0xFFE].into_iter().chain(ends) {
        for first in 0..32 {
            let word = d(Op::lmw, first, 4, 6);
            let [a, b] = both(&mut jit, &mut interpreter, word, address, 0);
            assert_eq!(a, b, "lmw r{first} at {address:#x}");
            assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "lmw r{first} at {address:#x}");
            let inside = address + 6 + 4 * (32 - first) <= DATA + SIZE;
            assert_eq!(matches!(a, Exit::Syscall { .. }), inside, "lmw r{first} at {address:#x}: {a:?}");
        }
    }
    // Addresses have 32 bits, and both ends of the address space are inaccessible.
    for (base, displacement) in [(0, -4), (0xFFFF_FFF8, 4), (4, -8), (0xFFFF_FFFC, 8)] {
        for (first, ra) in [(3, 4), (28, 4), (3, 0), (28, 0)] {
            let word = d(Op::lmw, first, ra, displacement);
            let [a, b] = both(&mut jit, &mut interpreter, word, base, 0);
            assert_eq!(a, b, "lmw r{first},{displacement}(r{ra}) with {base:#x}");
            assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{base:#x}");
        }
    }
    assert_compiled(&jit);
}

#[test]
fn a_string_that_leaves_memory_changes_no_register() {
    let (mut jit, mut interpreter) = pair();
    for length in 1..32_u8 {
        for op in [Op::lswi, Op::lswx, Op::stswi, Op::stswx] {
            // The indexed forms add r5.
            let (third, before) =
                if matches!(op, Op::lswi | Op::stswi) { (length.into(), 0) } else { (5, 4) };
            let address = DATA + SIZE - u32::from(length) / 2 - before;
            let [a, b] = both(&mut jit, &mut interpreter, x(op, 20, 4, third, 0), address, length);
            assert_eq!(a, b, "{op:?} {length}");
            assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{op:?} {length}");
            let Exit::Exception(exception) = a else { panic!("{op:?} {length}: {a:?}") };
            let ExceptionKind::Memory(fault) = exception.kind else { panic!("{exception:?}") };
            assert_eq!(fault.addr, GuestAddr(DATA + SIZE), "{op:?} {length}");
            assert!(jit.data() == interpreter.data(), "{op:?} {length}: what was stored before");
        }
    }
    assert_compiled(&jit);
}

#[test]
fn a_device_sees_the_same_pieces_of_a_part_of_a_vector() {
    const REGISTERS: u32 = 0x7FC8_1000;
    let mut jit = compiling(ReservationMode::Context);
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        machine.ctx.vr[3] = 0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10;
    }
    for op in [Op::stvlx, Op::stvlxl, Op::stvrx, Op::stvrxl] {
        for offset in 0..16 {
            let word = x(op, 3, 0, 4, 0);
            let [a, b] = both(&mut jit, &mut interpreter, word, REGISTERS + offset, 0);
            assert_eq!((a, b), (Exit::Syscall { lev: 2 }, Exit::Syscall { lev: 2 }), "{op:?} {offset}");
            let [seen, expected] = [&jit, &interpreter].map(|machine| machine.devices.stores());
            assert_eq!(seen, expected, "{op:?} {offset}");
            assert_eq!(seen.is_empty(), offset == 0 && matches!(op, Op::stvrx | Op::stvrxl));
            jit.devices.clear();
            interpreter.devices.clear();
        }
    }
}

#[test]
fn an_instruction_refused_by_a_full_device_queue_queues_no_stores() {
    const REGISTERS: u32 = 0x7FC8_1000;
    let mut jit = compiling(ReservationMode::Context);
    let mut interpreter = JitHarness::interpreter();
    let words = [
        d(Op::stw, 3, 4, 1),
        d(Op::stmw, 3, 4, 0),
        d(Op::stmw, 0, 4, 1),
        x(Op::stswi, 3, 4, 31, 0),
        x(Op::stswx, 3, 4, 5, 0),
        x(Op::dcbz, 0, 4, 5, 0),
        x(Op::dcbz128, 0, 4, 5, 0),
    ];
    for word in words {
        let [a, _] = both(&mut jit, &mut interpreter, word, REGISTERS, 127);
        assert!(matches!(a, Exit::Syscall { .. }), "{word:x}: {a:?}");
        let each = jit.devices.stores().len();
        // Leaves room for the first store of one instruction only.
        for machine in [&mut jit, &mut interpreter] {
            machine.devices.clear();
            for _ in 1..DeviceQueue::CAPACITY {
                machine.memory.device_store(0x7FEA_0000, 4, 0, &mut machine.devices).unwrap();
            }
        }
        let [a, b] = both(&mut jit, &mut interpreter, word, REGISTERS, 127);
        assert_eq!((a, b), (Exit::Syscall { lev: 2 }, Exit::Syscall { lev: 2 }), "{word:x}");
        let [a, b] = both(&mut jit, &mut interpreter, word, REGISTERS, 127);
        assert_eq!(a, b, "{word:x}");
        let Exit::Exception(exception) = a else { panic!("{word:x}: {a:?}") };
        let ExceptionKind::Memory(fault) = exception.kind else { panic!("{exception:?}") };
        assert_eq!((exception.pc.0, fault.kind), (CODE, FaultKind::DeviceQueueFull), "{word:x}");
        assert_eq!(jit.devices.stores().len(), DeviceQueue::CAPACITY - 1 + each, "{word:x}");
        assert!(jit.devices.stores() == interpreter.devices.stores(), "{word:x}");
        for machine in [&mut jit, &mut interpreter] {
            machine.devices.clear();
            assert_eq!(machine.run(10), Exit::Syscall { lev: 2 }, "{word:x}: goes on");
            assert_eq!(machine.devices.stores().len(), each);
            machine.devices.clear();
        }
    }
    assert_compiled(&jit);
}

#[test]
fn reservations_in_the_table_end_where_the_interpreters_do() {
    for reservations in [ReservationMode::Table, ReservationMode::Strict] {
        let mut jit = compiling(reservations);
        let mut interpreter = JitHarness::interpreter_with(EngineConfig { reservations });
        for (load, store) in [(Op::lwarx, Op::stwcx), (Op::ldarx, Op::stdcx)] {
            // In between: no store, a write by the machine, a commit of another hardware thread,
            // another address, no reservation.
            for between in 0..5 {
                let outcomes = [&mut jit, &mut interpreter].map(|machine| {
                    machine.put(
                        CODE,
                        &[x(load, 6, 0, 4, 0), SC, x(store, 3, 0, 4, 0), SC, x(store, 3, 0, 4, 0), SC],
                    );
                    machine.ctx.gpr[4] = (DATA + 64).into();
                    machine.ctx.gpr[3] = 5 + between;
                    if between != 4 {
                        machine.ctx.pc = CODE;
                        machine.run(10);
                    }
                    let table = machine.memory.reservations();
                    let addr = GuestAddr(DATA + 64);
                    match between {
                        1 => table.invalidate_for_write(addr),
                        2 => {
                            let generation = table.reserve(addr, 1);
                            assert!(table.commit(Some((addr, generation)), 1, || ()).is_some());
                        }
                        3 => machine.ctx.gpr[4] += 8,
                        _ => {}
                    }
                    machine.ctx.pc = CODE + 8;
                    machine.run(10);
                    let first = machine.ctx.cr[0].nibble();
                    machine.run(10);
                    let word = machine.memory.read::<u64>(addr).unwrap();
                    (first, machine.ctx.cr[0].nibble(), word, machine.ctx.reservation)
                });
                assert_eq!(outcomes[0], outcomes[1], "{reservations:?} {load:?} {between}");
                assert_eq!(outcomes[0].0 == 2, between == 0, "{reservations:?} {load:?} {between}");
            }
        }
        assert_compiled(&jit);
    }
}

/// A conditional store that faults is executed again later, and must find its reservation then.
#[test]
fn a_conditional_store_that_faults_keeps_its_reservation() {
    for reservations in [ReservationMode::Context, ReservationMode::Table, ReservationMode::Strict] {
        let baseline = JitConfig { tiers: Tiers::Baseline, ..JitConfig::compile_everything() };
        let engine = EngineConfig { reservations };
        let machines = [
            JitHarness::interpreter_with(engine),
            compiling(reservations),
            JitHarness::jit_with(JitConfig { engine, ..baseline }),
        ];
        for (n, mut machine) in machines.into_iter().enumerate() {
            machine.put(CODE, &[x(Op::lwarx, 6, 0, 4, 0), x(Op::stwcx, 3, 0, 4, 0), SC]);
            machine.ctx.gpr[4] = DATA.into();
            machine.memory.protect(GuestAddr(DATA), 0x1000, Protect::READ_ONLY).unwrap();
            for attempt in 0..3 {
                let exit = machine.run(10);
                let Exit::Exception(exception) = exit else {
                    panic!("{reservations:?} {n} {attempt}: {exit:?}")
                };
                let ExceptionKind::Memory(fault) = exception.kind else { panic!("{exception:?}") };
                assert_eq!((exception.pc.0, fault.kind), (CODE + 4, FaultKind::WriteProtected));
                assert_eq!(machine.ctx.reservation.valid, 1, "{reservations:?} {n} {attempt}");
            }
            machine.memory.protect(GuestAddr(DATA), 0x1000, Protect::READ_WRITE).unwrap();
            assert_eq!(machine.run(10), Exit::Syscall { lev: 2 });
            assert_eq!(machine.ctx.cr[0].nibble(), 2, "{reservations:?} {n}: stored");
        }
    }
}

#[test]
fn strict_reservations_die_of_other_threads_stores_only() {
    let reservations = ReservationMode::Strict;
    let mut jit = compiling(reservations);
    let mut interpreter = JitHarness::interpreter_with(EngineConfig { reservations });
    let line = DATA + 0x80;
    // (word, address in r4 at the store, whether it touches the line)
    let stores = [
        (d(Op::stb, 3, 4, 0), line + 5, true),
        (d(Op::stw, 3, 4, 0), line - 3, true),
        (d(Op::std, 3, 4, 0), line + 0x7C, true),
        (d(Op::stw, 3, 4, 0), line - 4, false),
        (d(Op::stfd, 3, 4, 8), line, true),
        (d(Op::stmw, 30, 4, 0), line - 7, true),
        (x(Op::stswi, 3, 4, 9, 0), line - 8, true),
        (x(Op::stswx, 3, 4, 5, 0), line - 20, true),
        (x(Op::stswx, 3, 4, 5, 0), line - 21, false),
        (x(Op::stvx, 3, 0, 4, 0), line + 3, true),
        (x(Op::stvlx, 3, 0, 4, 0), line - 1, false),
        (x(Op::stvrx, 3, 0, 4, 0), line, false),
        (x(Op::stvrx, 3, 0, 4, 0), line + 1, true),
        (x(Op::dcbz, 0, 0, 4, 0), line - 1, false),
        (x(Op::dcbz, 0, 0, 4, 0), line + 40, true),
    ];
    for (word, address, touches) in stores {
        for own in [true, false] {
            let outcomes = [&mut jit, &mut interpreter].map(|machine| {
                machine.put(CODE, &[x(Op::lwarx, 6, 0, 7, 0), SC, word, SC, x(Op::stwcx, 3, 0, 7, 0), SC]);
                machine.ctx.gpr[3] = 0;
                machine.ctx.gpr[4] = address.into();
                // 12 bytes from 8 past r4; a word of the line that is 0, which `dcbz` leaves so.
                machine.ctx.gpr[5] = 8;
                machine.ctx.xer_count = 13;
                machine.ctx.gpr[7] = (line + 0x40).into();
                machine.ctx.pc = CODE;
                machine.run(10);
                machine.ctx.hw_id = u8::from(!own);
                let held = machine.ctx.reservation;
                if !own {
                    machine.ctx.reservation = xenia_cpu::Reservation::default();
                }
                machine.run(10);
                machine.ctx.hw_id = 0;
                if !own {
                    machine.ctx.reservation = held;
                }
                machine.run(10);
                machine.ctx.cr[0].nibble()
            });
            assert_eq!(outcomes[0], outcomes[1], "{word:08x} {address:x} {own}");
            assert_eq!(outcomes[0] == 2, own || !touches, "{word:08x} {address:x} {own}");
        }
    }
    assert_compiled(&jit);
}
