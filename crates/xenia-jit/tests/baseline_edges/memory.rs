//! Loads and stores: each row with each kind of base, index and target, RA = 0 and invalid update
//! forms, displacements at which encodings change, and reservations that others' stores end.

use super::*;
use xenia_cpu::Reservation;
use xenia_guest::GuestAddr;

/// The middle of the data area.
const MIDDLE: u32 = DATA + 0x8000;

/// Rows that access memory, except multiple and string accesses.
fn accesses() -> impl Iterator<Item = Op> {
    let many = [Op::lmw, Op::stmw, Op::lswi, Op::stswi, Op::lswx, Op::stswx];
    Op::all().filter(move |op| op.row().has(Flag::mem) && !many.contains(op))
}

fn is_displaced(op: Op) -> bool {
    has(op, Operand::disp) || has(op, Operand::disp_ds)
}

/// Displacements on both sides of those at which encodings change.
const DISPLACEMENTS: [i32; 16] =
    [0, 1, 4, 0x78, 0x7C, 0x7F, 0x80, 0x84, -1, -4, -0x7F, -0x80, -0x81, -0x84, 0x7FFC, -0x8000];

/// Values of `[RD, RA, RB]`.
const NAMED: [[u32; 3]; 18] = [
    [3, 4, 6],
    [3, 12, 13],
    [12, 3, 13],
    [12, 13, 3],
    [13, 12, 14],
    [3, 3, 4],
    [3, 4, 3],
    [3, 4, 4],
    [12, 12, 13],
    [12, 13, 12],
    [12, 13, 13],
    [3, 0, 4],
    [12, 0, 13],
    [0, 0, 3],
    [0, 3, 12],
    [31, 6, 8],
    [8, 8, 6],
    [5, 13, 0],
];

fn fill(pair: &Pair) {
    let bytes: Vec<u8> = (0..SIZE).map(|n| (n * 7 + n / 251 + 0x83) as u8).collect();
    for machine in [&pair.jit, &pair.interpreter] {
        machine.memory.write_bytes(GuestAddr(DATA), &bytes).unwrap();
    }
}

#[test]
fn accesses_agree_with_every_kind_of_base_and_target() {
    let hosts = Pair::hosts().into_iter().chain([Pair::new(ReservationMode::Strict, false)]);
    for mut pair in hosts {
        fill(&pair);
        for [target, base, index] in NAMED {
            // Addresses have 32 bits, so the upper half must have no effect, here and below.
            let displaced = states([()], |ctx, ()| ctx.gpr[base as usize] = u64::from(MIDDLE) | 0xABCD << 32);
            let words = |op: Op| {
                let word = d(op, target, base, 0);
                DISPLACEMENTS.map(|displacement| vec![word | displacement as u32 & 0xFFFF & !op.row().mask])
            };
            let programs: Vec<_> = accesses().filter(|&op| is_displaced(op)).flat_map(words).collect();
            pair.agree(&programs, |_| displaced.clone());
            let indexed = states([0, 1, 8, 13], |ctx, near: u32| {
                let (first, second) = match () {
                    // The register counts twice.
                    () if base == index => (MIDDLE / 2 + near, MIDDLE / 2 + near),
                    // RA = 0 stands for 0, so r0 must not be read.
                    () if base == 0 => (0x7777_7777, MIDDLE + near),
                    () => (MIDDLE + 0x40, near.wrapping_sub(0x40)),
                };
                ctx.gpr[base as usize] = u64::from(first) | 0x1234 << 32;
                ctx.gpr[index as usize] = u64::from(second) | 0x8000_0001 << 32;
            });
            let word = |op| vec![fields_of_access(op, [target, base, index])];
            let programs: Vec<_> = accesses().filter(|&op| !is_displaced(op)).map(word).collect();
            pair.agree(&programs, |_| indexed.clone());
        }
    }
}

/// The word of an indexed access. VMX128 forms name v96 and above.
fn fields_of_access(op: Op, [target, base, index]: [u32; 3]) -> u32 {
    let upper = if has(op, Operand::vd128) || has(op, Operand::vs128) { 0xC } else { 0 };
    op.row().bits | (target << 21 | base << 16 | index << 11 | upper) & !op.row().mask
}

/// The state after a fault is that before the access, and RA is not updated.
#[test]
fn accesses_that_fault_agree() {
    for mut pair in Pair::hosts() {
        fill(&pair);
        for [target, base, index] in NAMED {
            // The last bytes of the data area, and past its end.
            let states = states([DATA + SIZE, DATA + SIZE - 1, DATA - 1, 0, u32::MAX], |ctx, address| {
                ctx.gpr[base as usize] = address.into();
                if index != base {
                    ctx.gpr[index as usize] = if base == 0 { address.into() } else { 0 };
                }
            });
            let words = |op| {
                let displaced = d(op, target, base, 0);
                let word =
                    if is_displaced(op) { displaced } else { fields_of_access(op, [target, base, index]) };
                vec![d(Op::addi, 9, 9, 1), word]
            };
            pair.agree(&accesses().map(words).collect::<Vec<_>>(), |_| states.clone());
        }
    }
}

/// Effect of another hardware thread's store on a reservation, with each way to keep reservations.
#[test]
fn stores_of_others_end_strict_reservations() {
    let stores = || {
        accesses().filter(|&op| {
            let name = op.row().mnemonic;
            let ends = ["stvebx", "stvehx", "stvewx", "stvlx", "stvrx", "stwcx.", "stdcx."];
            name.starts_with("st") && !ends.iter().any(|end| name.starts_with(end))
        })
    };
    assert!(stores().count() > 30, "{:?}", stores().collect::<Vec<_>>());
    for (reservations, dies) in [(ReservationMode::Table, false), (ReservationMode::Strict, true)] {
        let mut pair = Pair::new(reservations, false);
        for op in stores() {
            let store = if is_displaced(op) { d(op, 3, 4, 0) } else { fields_of_access(op, [3, 4, 5]) };
            let words = [x(Op::lwarx, 6, 0, 7, 0), SC, store, SC, x(Op::stwcx, 3, 0, 7, 0), SC];
            let ends = [&mut pair.jit, &mut pair.interpreter].map(|machine| {
                machine.put(CODE, &words);
                machine.ctx = state();
                let gpr = &mut machine.ctx.gpr;
                gpr[4] = MIDDLE.into();
                gpr[5] = 0;
                gpr[7] = u64::from(MIDDLE) + 0x20;
                machine.ctx.pc = CODE;
                machine.run(10);
                let held = std::mem::take(&mut machine.ctx.reservation);
                assert_ne!(held, Reservation::default());
                machine.ctx.hw_id = 1;
                machine.run(10);
                machine.ctx.hw_id = 0;
                machine.ctx.reservation = held;
                machine.run(10);
                machine.ctx.cr[0].nibble()
            });
            assert_eq!(ends, [if dies { 0 } else { 2 }; 2], "{reservations:?} {}", op.row().mnemonic);
        }
    }
}

/// Reservations of each kind, and none, in the context: at aligned and other addresses, mapped or
/// not, in registers inside and outside of the map.
#[test]
fn reservations_in_the_context_agree() {
    const UNMAPPED: u32 = 0x5000_0000;
    let mut programs = Vec::new();
    for (load, store) in [(Op::lwarx, Op::stwcx), (Op::ldarx, Op::stdcx)] {
        for [base, index] in [[0, 4], [0, 13], [3, 4], [14, 13], [3, 13], [14, 4], [0, 8], [3, 8]] {
            for source in [6, 15] {
                let store = x(store, source, base, index, 0);
                programs.push(vec![store]);
                programs.push(vec![x(load, source + 1, base, index, 0), store]);
            }
        }
    }
    let mut cases = Vec::new();
    for (at, step) in pairs(&[0, 1, 2, 4, 0x10]) {
        for base in [MIDDLE, UNMAPPED] {
            for (size, valid) in [(4, 0), (4, 1), (4, 2), (8, 0), (8, 1)] {
                for value in [0, 7] {
                    let reservation = Reservation { value, addr: base + step, generation: 0, valid, size };
                    cases.push((base + at, reservation));
                }
            }
        }
    }
    for mut pair in Pair::hosts() {
        for machine in [&pair.jit, &pair.interpreter] {
            machine.memory.fill(GuestAddr(DATA), SIZE, 0).unwrap();
        }
        pair.agree(&programs, |_| {
            states(cases.iter().copied(), |ctx, (at, reservation)| {
                ctx.reservation = reservation;
                for index in [4, 8, 13] {
                    ctx.gpr[index] = u64::from(at) | 0xDEAD << 32;
                }
                ctx.gpr[3] = 0x10;
                ctx.gpr[14] = 0x10 | 1 << 40;
                ctx.gpr[6] = 7;
                ctx.gpr[15] = 0;
            })
        });
    }
}
