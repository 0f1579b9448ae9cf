//! Tests of parallel machines whose ring buffer never ends or never advances.

use super::{Machine, MachineOptions};
use crate::config::{MachineConfig, VideoConfig};
use crate::machine_tests::assembled;
use xenia_gpu::packets::{opcode, type3};
use xenia_gpu::registers::cp::CP_RB_WPTR;
use xenia_guest::GuestAddr;
use xenia_memory::{Heap, Protect, physical};
use xenia_sched::{Limits, RunEnd, TICKS_PER_SECOND};

/// A title that runs until it is stopped. Its import is never called.
const SPIN: &str = "
again:  b again
unused: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

/// Guest time of a run.
const RUN: u64 = TICKS_PER_SECOND / 10;

/// A machine in parallel mode.
fn machine() -> Machine {
    let mut config = MachineConfig::default();
    config.executor.parallel = true;
    let video = VideoConfig::default();
    Machine::new(&assembled(SPIN, "unused", 0x191, ""), MachineOptions::new(&config, &video)).unwrap()
}

/// Submits the words that `words` returns for their physical address.
fn submit(machine: &Machine, words: impl FnOnce(u32) -> Vec<u32>) {
    let memory = machine.memory();
    let view =
        memory.alloc_physical(Heap::Physical4K, 0x1000, 0x1000, 0, u32::MAX, Protect::READ_WRITE).unwrap();
    let ring = physical(view).unwrap();
    let words = words(ring);
    for (at, &word) in (view.0..).step_by(4).zip(&words) {
        memory.write(GuestAddr(at), word).unwrap();
    }
    let mut processor = machine.inside.processor.lock();
    processor.initialize_ring(ring, 8);
    processor.store_register(CP_RB_WPTR, words.len() as u32, 0);
}

/// Runs until some vertical blanks have passed; returns the number of words that were read.
fn run_for_blanks(machine: &mut Machine) -> u64 {
    let count = |machine: &Machine| {
        let processor = machine.inside.processor.lock();
        (processor.statistics().vblanks, processor.statistics().words)
    };
    let before = count(machine);
    for _ in 0..100 {
        let ticks = Some(machine.position().now + RUN);
        assert_eq!(machine.run_until(&Limits { ticks, ..Limits::default() }), RunEnd::Ticks);
        let after = count(machine);
        if after.0 >= before.0 + 3 {
            return after.1 - before.1;
        }
    }
    panic!("there are no vertical blanks");
}

#[test]
fn a_recursive_buffer_delays_neither_blanks_nor_pauses_nor_states() {
    let mut machine = machine();
    submit(&machine, |ring| vec![type3(opcode::INDIRECT_BUFFER, 2), ring, 3, 0x8000_0000]);
    for _ in 0..3 {
        assert!(run_for_blanks(&mut machine) > 0);
    }
    machine.save_state().unwrap();
}

#[test]
fn a_wait_without_end_holds_up_neither_blanks_nor_pauses_nor_states() {
    let mut machine = machine();
    // Waits for a word of the ring to be another.
    submit(&machine, |ring| vec![type3(opcode::WAIT_REG_MEM, 5), 3 | 0x10, ring | 2, 1, u32::MAX, 1]);
    assert!(run_for_blanks(&mut machine) > 0);
    machine.save_state().unwrap();
    assert!(!machine.inside.processor.lock().is_idle());
}
