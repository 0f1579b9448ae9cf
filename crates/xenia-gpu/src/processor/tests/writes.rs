//! Tests of packets that write registers and memory.

use super::*;

#[test]
fn all_ways_to_write_registers() {
    let mut m = GpuHarness::new();
    m.memory.write_u32(DATA, 0x11);
    m.memory.write_u32(DATA + 4, 0x12);
    m.run(&[
        type0(0x2000, 2),
        1,
        2,
        type0(0x2010, 3) | 0x8000,
        3,
        4,
        5,
        0x4000_0000 | 0x21 << 11 | 0x20,
        6,
        7,
        TYPE2,
        type3(opcode::SET_CONSTANT, 3),
        0x0004_0020,
        8,
        9,
        type3(opcode::SET_CONSTANT, 2),
        0x0000_0005,
        10,
        type3(opcode::SET_CONSTANT, 2),
        0x0001_0006,
        11,
        type3(opcode::SET_CONSTANT, 2),
        0x0002_0001,
        12,
        type3(opcode::SET_CONSTANT, 2),
        0x0003_0002,
        13,
        type3(opcode::SET_CONSTANT2, 2),
        0x2030,
        14,
        type3(opcode::SET_SHADER_CONSTANTS, 2),
        0x4100,
        15,
        type3(opcode::LOAD_ALU_CONSTANT, 3),
        DATA,
        0x0000_0040,
        2,
        type3(opcode::REG_RMW, 3),
        0x20,
        0,
        0xf0,
        type3(opcode::REG_RMW, 3),
        0xc000_0030,
        0x20,
        0x21,
    ]);
    for (index, value) in [
        (0x2000, 1),
        (0x2001, 2),
        (0x30, 7),
        (0x2010, 5),
        (0x20, 0xf0),
        (0x21, 7),
        (0x2020, 8),
        (0x2021, 9),
        (0x4005, 10),
        (0x4806, 11),
        (0x4901, 12),
        (0x490a, 13),
        (0x2030, 14),
        (0x4100, 15),
        (0x4040, 0x11),
        (0x4041, 0x12),
    ] {
        assert_eq!(m.gpu.registers().get(index), value, "{index:#x}");
    }
    assert!(m.gpu.is_idle());
    assert_eq!(m.gpu.statistics().total_packets(), 14);
    assert!(m.gpu.statistics().problems.is_empty());
}

#[test]
fn all_ways_to_write_memory() {
    let mut m = GpuHarness::new();
    m.list(DATA + 0x40, &[7]);
    m.run(&[
        type3(opcode::MEM_WRITE, 3),
        DATA_BE,
        1,
        2,
        type3(opcode::MEM_WRITE, 2),
        DATA + 8,
        0x0102_0304,
        type3(opcode::MEM_WRITE, 2),
        (DATA + 12) | 1,
        0x0102_0304,
        type0(0x2000, 1),
        0x77,
        type3(opcode::REG_TO_MEM, 2),
        0x2000,
        DATA_BE + 16,
        type3(opcode::EVENT_WRITE_SHD, 3),
        3,
        DATA_BE + 20,
        0x55,
        type3(opcode::COND_WRITE, 6),
        0x113,
        (DATA + 0x40) | 2,
        7,
        u32::MAX,
        DATA_BE + 24,
        0x66,
        type3(opcode::COND_WRITE, 6),
        0x114,
        (DATA + 0x40) | 2,
        7,
        u32::MAX,
        DATA_BE + 28,
        0x66,
        type3(opcode::COND_WRITE, 6),
        0x003,
        0x2000,
        0x70,
        0xf0,
        0x2001,
        0x88,
        type3(opcode::EVENT_WRITE_EXT, 2),
        0x1a,
        (DATA + 32) | 1,
        type0(cp::SCRATCH_UMSK, 2),
        2,
        DATA + 64,
        type0(0x578, 2),
        9,
        10,
    ]);
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 6, 7].map(|i| m.data(i)),
        [1, 2, 0x0403_0201, 0x0304_0102, 0x77, 0x55, 0x66, 0]
    );
    assert_eq!([8, 9, 10].map(|i| m.data(i)), [1024, 1024, 1]);
    assert_eq!([16, 17].map(|i| m.data(i)), [7, 10], "only the second scratch register is repeated");
    assert_eq!(m.gpu.registers().get(0x2001), 0x88);
    assert_eq!(m.gpu.registers().get(crate::registers::vgt::VGT_EVENT_INITIATOR), 0x1a);
}

#[test]
fn registers_are_rotated_and_stored_several_at_once() {
    let mut m = GpuHarness::new();
    m.run(&[
        type0(0x2000, 3),
        0x8000_0001,
        0x22,
        0x33,
        type3(opcode::REG_RMW, 3),
        4 << 24 | 0x1000,
        u32::MAX,
        5,
        type3(opcode::REG_TO_MEM, 2),
        2 << 18 | 0x2001,
        DATA_BE,
        type3(opcode::REG_RMW, 3),
        4 << 24 | 0x1fff,
        0,
        5,
    ]);
    assert_eq!([0, 1, 2].map(|i| m.data(i)), [0x22, 0x33, 0]);
    assert_eq!(m.gpu.registers().get(0x1fff), 5);
    m.run(&[type0(0x1800, 1), 0x8000_0001, type3(opcode::REG_RMW, 3), 4 << 24 | 0x1800, u32::MAX, 0x100]);
    assert_eq!(m.gpu.registers().get(0x1800), 0x118);
    assert!(m.gpu.statistics().problems.is_empty());
}

#[test]
fn a_context_is_loaded_from_its_copy() {
    let mut m = GpuHarness::new();
    m.memory.write_u32(DATA + 15 * 4, 0x15);
    m.list(DATA + 0x20 * 4, &[0x20, 0x21]);
    m.run(&[type3(opcode::LOAD_CONSTANT_CONTEXT, 5), DATA, 4 << 16 | 15, 1, 0x20, 2]);
    assert_eq!([0x200f, 0x4020, 0x4021].map(|i| m.gpu.registers().get(i)), [0x15, 0x20, 0x21]);
    assert!(m.gpu.statistics().problems.is_empty());
    m.run(&[type3(opcode::LOAD_CONSTANT_CONTEXT, 5), DATA, 1 << 24 | 15, 1, 9 << 16, 1]);
    assert_eq!(m.gpu.registers().get(0x400f), 0x15);
    assert_eq!(m.gpu.statistics().problems.len(), 2);
}

#[test]
fn events_can_be_fences() {
    let mut m = GpuHarness::new();
    m.run(&[
        type3(opcode::EVENT_WRITE, 1),
        6,
        type3(opcode::EVENT_WRITE, 3),
        4,
        DATA_BE,
        0x11,
        type3(opcode::EVENT_WRITE_CFL, 3),
        22,
        DATA_BE + 4,
        0x12,
    ]);
    assert_eq!([0, 1].map(|i| m.data(i)), [0x11, 0x12]);
    assert_eq!(m.gpu.registers().get(crate::registers::vgt::VGT_EVENT_INITIATOR), 22);
    // `MEM_WRITE_CNTR` writes the same counter as fences.
    m.run(&swap_commands([0; 6], 0, 8, 8));
    m.run(&[type3(opcode::MEM_WRITE_CNTR, 1), DATA_BE + 8]);
    m.run(&[type3(opcode::EVENT_WRITE_SHD, 3), 1 << 31, DATA_BE + 12, 0x77]);
    m.run(&[type3(opcode::EVENT_WRITE_CFL, 3), 1 << 31, DATA_BE + 16, 0x77]);
    assert_eq!([2, 3, 4].map(|i| m.data(i)), [1, 1, 1]);
    assert!(m.gpu.statistics().problems.is_empty());
    m.run(&[type3(opcode::EVENT_WRITE, 2), 4, DATA_BE]);
    assert_eq!((m.data(0), m.gpu.statistics().problems.len()), (0x11, 1));
}

#[test]
fn fences_above_physical_memory_go_to_the_write_back_window() {
    const WINDOW: u32 = 0xc000_4000;
    let mut m = GpuHarness::new();
    let fence = |address: u32, value| [type3(opcode::EVENT_WRITE_SHD, 3), 3, address | 2, value];
    // Without a window the upper bits have no meaning.
    m.run(&fence(0xc000_0000 | DATA, 1));
    assert_eq!(m.data(0), 1);
    m.run(&[type0(cp::WRITEBACK_BASE, 2), WINDOW, 0x1_0000]);
    m.run(&fence(WINDOW + DATA, 2));
    assert_eq!(m.data(0), 2, "in the window");
    m.run(&fence(WINDOW + 0x1_0000, 3));
    assert_eq!(m.memory.read_u32(0x1_4000), 3, "behind it");
    m.run(&[type0(cp::WRITEBACK_BASE, 1), 0x4000]);
    m.run(&fence(DATA, 4));
    assert_eq!(m.data(0), 4, "a physical address");
}
