//! Tests of instruction memory.

use super::*;
use crate::registers::sq;

#[test]
fn a_shader_is_stored_with_what_loads_it_again() {
    let mut m = GpuHarness::new();
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 5), 1, 0x0040_0003, 7, 8, 9]);
    m.run(&[type3(opcode::IM_STORE, 2), DATA | 1, DATA + 0x20]);
    assert_eq!([0, 1, 2, 3].map(|i| m.data(i)), [7, 8, 9, 0]);
    assert_eq!(m.data(8), 0x0040_0003);
    assert!(m.gpu.statistics().problems.is_empty());
    // No vertex shader is loaded, and the third kind can't be stored.
    m.run(&[type3(opcode::IM_STORE, 2), DATA, DATA, type3(opcode::IM_STORE, 2), DATA | 2, DATA]);
    assert_eq!((m.data(0), m.gpu.statistics().problems.len()), (7, 2));
}

#[test]
fn the_split_of_instruction_memory_is_a_register() {
    let mut m = GpuHarness::new();
    m.run(&[type3(opcode::SET_SHADER_BASES, 1), 0x8123_0456]);
    assert_eq!(m.gpu.registers().get(sq::SQ_INST_STORE_MANAGMENT), 0x0123_0456);
}
