//! Cases for caches, cache-block clears, and reservations.

use crate::case::{BOOK, Expected, GeneratedCase, Reg, WINDOW, WINDOW_SIZE};
use crate::generic;
use crate::values::CaseRandom;
use Reg::{Cr, R, Xer};
use xenia_isa::Op;

pub(super) fn caches(op: Op, cases: &mut Vec<GeneratedCase>) {
    let mut random = CaseRandom::new(0xCAC4E + u64::from(op.row().bits));
    for operands in ["0,r5", "r4,r5"] {
        let memory: [u8; WINDOW_SIZE] = random.memory();
        let code = format!("{} {operands}\nlwz r3,0(r5)", op.row().mnemonic);
        let at = 0x1000_2000 - WINDOW as usize;
        let word = u32::from_be_bytes([memory[at], memory[at + 1], memory[at + 2], memory[at + 3]]);
        let mut case = GeneratedCase::known(
            op,
            &code,
            &[(R(4), 0), (R(5), 0x1000_2000), (Cr, 0x1234_5678)],
            &[(R(3), word.into()), (R(5), 0x1000_2000), (Cr, 0x1234_5678)],
            BOOK,
        )
        .with_memory(&memory);
        generic::expect_memory(&mut case, WINDOW, &memory);
        cases.push(case);
    }
}

/// `dcbz` and `dcbz128` clear the aligned 128 bytes around their address.
pub(super) fn zeroing(op: Op, cases: &mut Vec<GeneratedCase>) {
    const SIZE: u32 = 128;
    let mut random = CaseRandom::new(0xDCB2);
    for (base, index) in
        [(0x1000_2000_u32, 0_u32), (0x1000_2000, 5), (0x1000_1FFF, 1), (0x1000_2040, 0x3F), (0x1000_207F, 0)]
    {
        let before: [u8; 384] = random.memory();
        let start = 0x1000_1F80_u32;
        let mut after = before;
        let from = ((base + index) & !(SIZE - 1)) - start;
        after[from as usize..(from + SIZE) as usize].fill(0);
        let mut case = GeneratedCase::known(
            op,
            &format!("{} r4,r5", op.row().mnemonic),
            &[(R(4), base.into()), (R(5), index.into())],
            &[(R(4), base.into())],
            BOOK,
        );
        case.memory_in = vec![(start, before.to_vec())];
        case.outs.push(Expected::Memory(start, after.to_vec()));
        cases.push(case);
    }
}

pub(super) fn reservations(op: Op, cases: &mut Vec<GeneratedCase>) {
    let (load, store) = if op == Op::stwcx { ("lwarx", "stwcx.") } else { ("ldarx", "stdcx.") };
    let mut random = CaseRandom::new(0x4E5E);
    for code in [
        // With a reservation: stores.
        format!("{load} r6,0,r5\n{store} r3,0,r5"),
        format!("{load} r6,r4,r5\naddi r6,r6,1\n{store} r6,r4,r5"),
        // Without a reservation: does not store.
        format!("{store} r3,0,r5"),
        // After the first store the reservation is gone.
        format!("{load} r6,0,r5\n{store} r3,0,r5\n{store} r6,0,r5"),
    ] {
        for xer in [0, 0x8000_0000] {
            let memory = random.memory();
            let ins = [
                (R(3), u128::from(random.next())),
                (R(4), 0),
                (R(5), 0x1000_2000),
                (R(6), 0),
                (Xer, xer),
                (Cr, 0xFFFF_FFFF),
            ];
            let mut case = GeneratedCase::for_qemu(op, &code, &ins, &[R(6), Cr]).with_memory(&memory);
            if let Some(question) = &mut case.question {
                question.memory = true;
            }
            cases.push(case);
        }
    }
}
