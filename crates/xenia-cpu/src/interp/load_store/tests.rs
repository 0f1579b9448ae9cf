//! Loads and stores: widths, modes, faults.

use crate::interp::testing::*;
use crate::{ExceptionKind, Exit, msr_bit};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_memory::FaultKind;

const BYTES: u64 = 0x8182_8384_F5F6_F7F8;

fn machine_with_data() -> CpuHarness {
    let mut machine = CpuHarness::new();
    machine.memory.write(GuestAddr(DATA), BYTES).unwrap();
    machine.ctx.gpr[4] = u64::from(DATA) - 8;
    machine.ctx.gpr[5] = 8;
    machine
}

#[test]
fn loads_extend_reverse_and_update() {
    use Op::*;
    let base = u64::from(DATA) - 8;
    let table: [(Op, u64, bool, bool); 28] = [
        // (op, value, indexed, updates)
        (lbz, 0x81, false, false),
        (lbzx, 0x81, true, false),
        (lbzu, 0x81, false, true),
        (lbzux, 0x81, true, true),
        (lhz, 0x8182, false, false),
        (lhzx, 0x8182, true, false),
        (lhzu, 0x8182, false, true),
        (lhzux, 0x8182, true, true),
        (lha, 0xFFFF_FFFF_FFFF_8182, false, false),
        (lhax, 0xFFFF_FFFF_FFFF_8182, true, false),
        (lhau, 0xFFFF_FFFF_FFFF_8182, false, true),
        (lhaux, 0xFFFF_FFFF_FFFF_8182, true, true),
        (lwz, 0x8182_8384, false, false),
        (lwzx, 0x8182_8384, true, false),
        (lwzu, 0x8182_8384, false, true),
        (lwzux, 0x8182_8384, true, true),
        (lwa, 0xFFFF_FFFF_8182_8384, false, false),
        (lwax, 0xFFFF_FFFF_8182_8384, true, false),
        (lwaux, 0xFFFF_FFFF_8182_8384, true, true),
        (ld, BYTES, false, false),
        (ldx, BYTES, true, false),
        (ldu, BYTES, false, true),
        (ldux, BYTES, true, true),
        (lhbrx, 0x8281, true, false),
        (lwbrx, 0x8483_8281, true, false),
        (ldbrx, BYTES.swap_bytes(), true, false),
        (lwarx, 0x8182_8384, true, false),
        (ldarx, BYTES, true, false),
    ];
    for (op, value, indexed, updates) in table {
        let mut machine = machine_with_data();
        machine.one(if indexed { x(op, 3, 4, 5, 0) } else { d(op, 3, 4, 8) | op.row().bits });
        let expected = if updates { base + 8 } else { base };
        assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (value, expected), "{op:?}");
    }
}

#[test]
fn stores_write_their_width_and_update() {
    use Op::*;
    let value = 0x1112_1314_1516_1718_u64;
    // (op, bytes at DATA afterwards, indexed, updates)
    for (op, memory, indexed, updates) in [
        (stb, 0x1882_8384_F5F6_F7F8, false, false),
        (stbux, 0x1882_8384_F5F6_F7F8, true, true),
        (sth, 0x1718_8384_F5F6_F7F8, false, false),
        (sthu, 0x1718_8384_F5F6_F7F8, false, true),
        (sthbrx, 0x1817_8384_F5F6_F7F8, true, false),
        (stw, 0x1516_1718_F5F6_F7F8, false, false),
        (stwu, 0x1516_1718_F5F6_F7F8, false, true),
        (stwx, 0x1516_1718_F5F6_F7F8, true, false),
        (stwbrx, 0x1817_1615_F5F6_F7F8, true, false),
        (std, value, false, false),
        (stdu, value, false, true),
        (stdux, value, true, true),
        (stdbrx, value.swap_bytes(), true, false),
        (stfiwx, 0x1516_1718_F5F6_F7F8, true, false),
        (stfd, value, false, false),
        (stfdux, value, true, true),
    ] {
        let mut machine = machine_with_data();
        machine.ctx.gpr[3] = value;
        machine.ctx.fpr[3] = value;
        machine.one(if indexed { x(op, 3, 4, 5, 0) } else { d(op, 3, 4, 8) | op.row().bits });
        let read: u64 = machine.memory.read(GuestAddr(DATA)).unwrap();
        assert_eq!(read, memory, "{op:?}");
        let base = u64::from(DATA) - 8;
        assert_eq!(machine.ctx.gpr[4], if updates { base + 8 } else { base }, "{op:?}");
    }
}

#[test]
fn addresses_have_32_bits_and_updates_follow_the_mode() {
    for (sf, updated) in [(false, u64::from(DATA)), (true, 7 << 32 | u64::from(DATA))] {
        let mut machine = machine_with_data();
        machine.ctx.msr |= u64::from(sf) << 63;
        assert_eq!(machine.ctx.msr & msr_bit::SF != 0, sf);
        machine.ctx.gpr[4] = 7 << 32 | (u64::from(DATA) - 8);
        machine.one(d(Op::lwzu, 3, 4, 8));
        assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (0x8182_8384, updated), "sf={sf}");
    }
    // RA = 0 is the number 0 in plain forms, and r0 in (invalid) update forms; the address wins
    // over RT.
    let mut machine = machine_with_data();
    machine.ctx.gpr[0] = u64::from(DATA);
    machine.ctx.gpr[5] = u64::from(DATA);
    machine.one(x(Op::lwzx, 3, 0, 5, 0));
    machine.one(d(Op::lwzu, 6, 0, 4));
    assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[6]), (0x8182_8384, 0xF5F6_F7F8));
    assert_eq!(machine.ctx.gpr[0], u64::from(DATA) + 4);
    machine.one(d(Op::lwzu, 4, 4, 8));
    assert_eq!(machine.ctx.gpr[4], u64::from(DATA));
}

#[test]
fn loads_widen_singles_and_stores_narrow_them() {
    let mut machine = machine_with_data();
    machine.memory.write(GuestAddr(DATA), 1.5_f32.to_bits()).unwrap();
    machine.one(d(Op::lfs, 1, 4, 8));
    assert_eq!(machine.ctx.fpr[1], 1.5_f64.to_bits());
    machine.one(d(Op::stfsu, 1, 4, 12));
    assert_eq!(machine.word(DATA + 4), 1.5_f32.to_bits());
    assert_eq!(machine.ctx.gpr[4], u64::from(DATA) + 4);
}

#[test]
fn a_float_load_without_msr_fp_is_unavailable() {
    let mut machine = machine_with_data();
    machine.ctx.msr &= !msr_bit::FP;
    let word = d(Op::lfs, 1, 4, 0);
    let Exit::Exception(exception) = machine.one_exit(word) else { panic!("no exception") };
    assert_eq!(exception.kind, ExceptionKind::Unavailable { word });
}

/// A machine with eight words at [`DATA`], multiples of 0x0102_0304, to which r4 points.
fn machine_with_words() -> CpuHarness {
    let mut machine = CpuHarness::new();
    machine.ctx.gpr[4] = u64::from(DATA);
    for n in 0..8 {
        machine.memory.write(GuestAddr(DATA + 4 * n), 0x0102_0304_u32 * (n + 1)).unwrap();
    }
    machine
}

#[test]
fn multiple_forms_move_words_of_the_registers_up_to_r31() {
    let mut machine = machine_with_words();
    machine.ctx.gpr[29] = u64::MAX;
    machine.one(d(Op::lmw, 29, 4, 0));
    assert_eq!(machine.ctx.gpr[29..], [0x0102_0304, 0x0204_0608, 0x0306_090C]);
    machine.one(d(Op::stmw, 30, 4, 0x100));
    assert_eq!((machine.word(DATA + 0x100), machine.word(DATA + 0x104)), (0x0204_0608, 0x0306_090C));
}

#[test]
fn string_forms_move_bytes_and_go_on_at_r0_after_r31() {
    let mut machine = machine_with_words();
    // Seven bytes wrap from r31 to r0; unfilled bytes are 0.
    machine.ctx.gpr[31] = u64::MAX;
    machine.ctx.gpr[0] = u64::MAX;
    machine.one(x(Op::lswi, 31, 4, 7, 0));
    assert_eq!((machine.ctx.gpr[31], machine.ctx.gpr[0]), (0x0102_0304, 0x0204_0600));
    machine.ctx.set_xer_word(6);
    machine.ctx.gpr[5] = 0x200;
    machine.one(x(Op::stswx, 31, 4, 5, 0));
    let stored: u64 = machine.memory.read(GuestAddr(DATA + 0x200)).unwrap();
    assert_eq!(stored, 0x0102_0304_0204_0000);
    machine.one(x(Op::lswx, 9, 4, 5, 0));
    assert_eq!((machine.ctx.gpr[9], machine.ctx.gpr[10]), (0x0102_0304, 0x0204_0000));
    machine.ctx.set_xer_word(0);
    machine.ctx.gpr[9] = 77;
    machine.one(x(Op::lswx, 9, 4, 5, 0));
    assert_eq!(machine.ctx.gpr[9], 77);
    // NB = 0 is 32 bytes.
    machine.one(x(Op::lswi, 8, 4, 0, 0));
    assert_eq!((machine.ctx.gpr[8], machine.ctx.gpr[15]), (0x0102_0304, 0x0810_1820));
}

#[test]
fn a_fault_leaves_the_context_unchanged() {
    let end = DATA + 0x1_0000;
    for word in [
        d(Op::lmw, 20, 4, 0),
        d(Op::lwzu, 3, 4, 8),
        d(Op::stwu, 3, 4, 8),
        x(Op::lswi, 3, 4, 16, 0),
        x(Op::lwarx, 3, 4, 6, 0),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[4] = u64::from(end) - 8;
        machine.ctx.gpr[6] = 8;
        machine.ctx.budget = 10;
        let before = machine.ctx.clone();
        let Exit::Exception(exception) = machine.one_exit(word) else { panic!("no exception") };
        let ExceptionKind::Memory(fault) = exception.kind else { panic!("{exception:?}") };
        assert_eq!((exception.pc, fault.kind), (GuestAddr(CODE), FaultKind::Unmapped), "{word:#x}");
        assert_eq!(fault.addr, GuestAddr(end), "{word:#x}");
        assert_eq!(machine.ctx.first_difference(&before), None, "{word:#x}");
        assert_eq!(machine.ctx.budget, 10);
    }
}

#[test]
fn cache_block_clears_clear_a_line() {
    for op in [Op::dcbz, Op::dcbz128] {
        let mut machine = CpuHarness::new();
        machine.memory.fill(GuestAddr(DATA), 0x400, 0xFF).unwrap();
        machine.ctx.gpr[4] = u64::from(DATA) + 0x17F;
        machine.one(x(op, 0, 0, 4, 0));
        let mut bytes = [0; 0x400];
        machine.memory.read_bytes(GuestAddr(DATA), &mut bytes).unwrap();
        let cleared: Vec<_> = (0..0x400).filter(|&n| bytes[n] == 0).collect();
        assert_eq!(cleared, (0x100..0x180).collect::<Vec<_>>(), "{op:?}");
    }
}

#[test]
fn a_log_names_what_a_run_stores() {
    let mut machine = CpuHarness::new();
    machine.interp.log_stores();
    machine.ctx.gpr[4] = u64::from(DATA) + 0x44;
    machine.put(
        CODE,
        &[
            d(Op::stb, 3, 4, 1),
            d(Op::stw, 3, 4, -4),
            x(Op::stvx, 3, 0, 4, 0),
            x(Op::dcbz, 0, 0, 4, 0),
            x(Op::lwarx, 3, 0, 4, 0),
            x(Op::stwcx, 3, 0, 4, RC),
            d(Op::lwz, 3, 4, 0),
        ],
    );
    assert_eq!(machine.run(7), Exit::Budget);
    let stores: Vec<_> = machine.interp.stores().iter().map(|s| (s.addr.0 - DATA, s.size)).collect();
    let line = (0..0x80).step_by(16).map(|at| (at, 16));
    let expected = [(0x45, 1), (0x40, 4), (0x40, 16)].into_iter().chain(line).chain([(0x44, 4)]);
    assert_eq!(stores, expected.collect::<Vec<_>>());
    machine.put(CODE, &[d(Op::stw, 3, 4, 4)]);
    machine.ctx.pc = CODE;
    machine.run(1);
    assert_eq!(machine.interp.stores().len(), 1, "each run has its own log");
}
