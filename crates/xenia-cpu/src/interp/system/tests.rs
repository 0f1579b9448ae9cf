//! Special registers, privilege, traps, the time base.

use super::*;
use crate::interp::testing::*;
use crate::{Execute, Exit, GuestException};
use xenia_guest::GuestAddr;
use xenia_isa::Op;

/// Encodes an SPR number.
fn spr_field(n: u32) -> u32 {
    (n & 31) << 16 | (n >> 5) << 11
}

fn mfspr(rd: u32, n: u32) -> u32 {
    x(Op::mfspr, rd, 0, 0, spr_field(n))
}

fn mtspr(rs: u32, n: u32) -> u32 {
    x(Op::mtspr, rs, 0, 0, spr_field(n))
}

fn exception_of(exit: Exit) -> ExceptionKind {
    match exit {
        Exit::Exception(GuestException { pc: GuestAddr(CODE), kind }) => kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn special_registers_keep_only_implemented_bits() {
    for (number, kept) in
        [(1, 0xE000_007F), (8, u64::MAX), (9, u64::MAX), (256, 0xFFFF_FFFF), (272, u64::MAX), (275, u64::MAX)]
    {
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[3] = u64::MAX;
        machine.one(mtspr(3, number));
        machine.one(mfspr(4, number));
        assert_eq!(machine.ctx.gpr[4], kept, "SPR {number}");
    }
    let mut machine = CpuHarness::new();
    machine.ctx.hw_id = 4;
    machine.one(mfspr(4, 287));
    machine.one(mfspr(5, 1023));
    assert_eq!((machine.ctx.gpr[4], machine.ctx.gpr[5]), (0x0071_0700, 4));
}

#[test]
fn privileged_instructions_and_missing_sprs_raise() {
    for (word, problem_state) in [
        (mfspr(3, 77), false),
        (mtspr(3, 287), false),
        (mtspr(3, 284), false),
        (mfspr(3, 272), true),
        (mtspr(3, 272), true),
        (x(Op::mfmsr, 3, 0, 0, 0), true),
        (x(Op::mtmsr, 3, 0, 0, 0), true),
        (x(Op::mtmsrd, 3, 0, 0, 0), true),
        (x(Op::dcbi, 0, 0, 3, 0), true),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.msr |= u64::from(problem_state) << 14;
        assert_eq!(exception_of(machine.one_exit(word)), ExceptionKind::Privileged { word }, "{word:#x}");
    }
}

#[test]
fn moves_to_msr_change_only_their_bits() {
    const L: u32 = 1 << 16;
    let ee_ri = msr_bit::EE | msr_bit::RI;
    let all = !msr_bit::PR;
    // (word, MSR before, source, MSR after)
    for (word, before, source, after) in [
        (x(Op::mtmsrd, 3, 0, 0, L), 0, u64::MAX, ee_ri),
        (x(Op::mtmsr, 3, 0, 0, L), msr_bit::FP | ee_ri, 0, msr_bit::FP),
        (x(Op::mtmsr, 3, 0, 0, 0), msr_bit::SF, all, msr_bit::SF | all & 0xFFFF_EFFE),
        (x(Op::mtmsrd, 3, 0, 0, 0), 0, msr_bit::SF, msr_bit::SF),
        (x(Op::mtmsrd, 3, 0, 0, 0), 0, msr_bit::PR, msr_bit::PR | msr_bit::EE | 0x30),
        (x(Op::mtmsrd, 3, 0, 0, 0), 1 << 60 | 1 << 12, 0, 1 << 60 | 1 << 12),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.msr = before;
        machine.ctx.gpr[3] = source;
        machine.one(word);
        assert_eq!(machine.ctx.msr, after, "{word:#x}");
    }
}

#[test]
fn turning_a_facility_off_is_seen_by_the_next_instruction_and_by_cached_blocks() {
    let mut machine = CpuHarness::new();
    let lfs = d(Op::lfs, 1, 4, 0);
    machine.ctx.gpr[4] = u64::from(DATA);
    machine.put(CODE, &[lfs, x(Op::mtmsr, 3, 0, 0, 0), Op::bx.row().bits | (0x3FF_FFF8)]);
    machine.ctx.gpr[3] = msr_bit::VEC;
    let exit = machine.run(100);
    assert_eq!(exception_of(exit), ExceptionKind::Unavailable { word: lfs });
    assert_eq!(machine.ctx.executed(), 3);
    machine.ctx.msr |= msr_bit::FP;
    machine.ctx.gpr[3] = msr_bit::FP;
    assert_eq!(machine.run(100), Exit::Budget);
}

#[test]
fn moves_of_the_condition_register_take_fields() {
    let mut machine = CpuHarness::new();
    machine.ctx.set_cr_word(0x1234_5678);
    machine.one(x(Op::mfcr, 3, 0, 0, 0));
    machine.one(x(Op::mfcr, 4, 0, 0, 1 << 20 | 0x20 << 12));
    assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (0x1234_5678, 0x0030_0000));
    machine.ctx.gpr[5] = 0xFFFF_FFFF_ABCD_EF01;
    machine.one(x(Op::mtcrf, 5, 0, 0, 0x81 << 12));
    assert_eq!(machine.ctx.cr_word(), 0xA234_5671);
    machine.one(x(Op::mtcrf, 5, 0, 0, 1 << 20 | 0x40 << 12));
    assert_eq!(machine.ctx.cr_word(), 0xAB34_5671);
    machine.ctx.set_xer_word(0xA000_0011);
    machine.one(x(Op::mcrxr, 3 << 2, 0, 0, 0));
    assert_eq!((machine.ctx.cr[3].nibble(), machine.ctx.xer_word()), (0b1010, 0x11));
}

#[test]
fn traps_test_the_orders_that_to_names() {
    let a = 0xFFFF_FFFF_0000_0001_u64;
    let b = 0x2_u64;
    // As words: 1 < 2 either way. As doublewords: negative, and greater as unsigned.
    for (op, holds) in [(Op::tw, 16 | 2), (Op::td, 16 | 1)] {
        for to in 0..32 {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[4] = a;
            machine.ctx.gpr[5] = b;
            let word = x(op, to, 4, 5, 0);
            if to & holds != 0 {
                assert_eq!(exception_of(machine.one_exit(word)), ExceptionKind::Trap { word });
            } else {
                machine.one(word);
            }
        }
    }
    let mut machine = CpuHarness::new();
    machine.ctx.gpr[4] = 0xFFFF_FFFF;
    for word in [d(Op::twi, 4, 4, -1), d(Op::twi, 31, 4, 22), d(Op::tdi, 8, 4, -1)] {
        assert_eq!(exception_of(machine.one_exit(word)), ExceptionKind::Trap { word }, "{word:#x}");
    }
}

#[test]
fn a_trap_in_the_middle_of_a_block_is_exact() {
    let mut machine = CpuHarness::new();
    let trap = d(Op::twi, 31, 0, 0);
    machine.put(CODE, &[d(Op::addi, 3, 3, 1), d(Op::addi, 3, 3, 1), trap, d(Op::addi, 3, 3, 1)]);
    let exit = machine.run(100);
    let kind = ExceptionKind::Trap { word: trap };
    assert_eq!(exit, Exit::Exception(GuestException { pc: GuestAddr(CODE + 8), kind }));
    assert_eq!((machine.ctx.pc, machine.ctx.executed(), machine.ctx.gpr[3]), (CODE + 8, 2, 2));
}

#[test]
fn time_base_reads_count_prior_instructions_and_end_the_visit() {
    let mut machine = CpuHarness::new();
    let mftb = |rd| x(Op::mftb, rd, 0, 0, spr_field(268));
    let nop = d(Op::ori, 0, 0, 0);
    // 16 instructions a tick: the reads come after 31, 32 and 33 instructions.
    let mut code = vec![nop; 31];
    code.extend([mftb(3), mftb(4), x(Op::mftb, 5, 0, 0, spr_field(269)), nop, nop]);
    machine.put(CODE, &code);
    for reads in [3, 8] {
        machine.ctx.pc = CODE;
        machine.ctx.begin_visit(1000, 0x7_0000_0000, reads);
        machine.ctx.budget = 1000;
        let exit = machine.interp.run(&mut machine.ctx, &mut machine.devices);
        let ctx = &machine.ctx;
        assert_eq!((ctx.gpr[3], ctx.gpr[4], ctx.gpr[5]), (0x7_0000_0001, 0x7_0000_0002, 7));
        if reads == 3 {
            assert_eq!((exit, ctx.pc, ctx.executed()), (Exit::Yield, CODE + 34 * 4, 34));
        } else {
            // The zeros that follow are illegal instructions.
            assert_eq!(ctx.executed(), 36);
            assert!(matches!(exit, Exit::Exception(_)));
        }
    }
}

#[test]
fn mfspr_reads_the_time_base() {
    let mut machine = CpuHarness::new();
    machine.put(CODE, &[mfspr(3, 268), mfspr(4, 269)]);
    machine.ctx.begin_visit(100, 5 << 32 | 9, 2);
    assert_eq!(machine.interp.run(&mut machine.ctx, &mut machine.devices), Exit::Yield);
    assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (5 << 32 | 9, 5));
}

#[test]
fn system_calls_pass_their_level() {
    for lev in [0, 1, 2, 127] {
        let mut machine = CpuHarness::new();
        machine.put(CODE, &[d(Op::sc, 0, 0, lev << 5 | 2)]);
        assert_eq!(machine.run(9), Exit::Syscall { lev: lev as u8 });
        assert_eq!((machine.ctx.pc, machine.ctx.executed()), (CODE + 4, 1));
    }
}
