//! Cross-checking engine: it reports a divergence if and only if there is one.

use crate::common::*;
use std::sync::Arc;
use xenia_cpu::{Execute, PpcContext};
use xenia_guest::GuestAddr;
use xenia_jit::{CheckUnit, CrossCheck, JitConfig, JitTesting};
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Protect};

/// An infinite loop that sums words and stores the running sums back.
const PROGRAM: [u32; 8] = [
    0x3880_0010, // li r4,16
    0x7C89_03A6, // mtctr r4
    0x7D45_5378, // mr r5,r10
    0x80C5_0000, // lwz r6,0(r5)
    0x7C63_3214, // add r3,r3,r6
    0x9065_0000, // stw r3,0(r5)
    0x38A5_0004, // addi r5,r5,4
    0x4200_FFF0, // bdnz -16
];

fn run(unit: CheckUnit, wrong_addi: bool) -> (CrossCheck, PpcContext) {
    let memory = GuestMemory::new().unwrap();
    let testing = JitTesting { wrong_addi, ..JitTesting::default() };
    let config = JitConfig { warm_up: 1, testing, ..JitConfig::default() };
    let mut engine = CrossCheck::new(Arc::clone(&memory), config, unit).unwrap();
    for addr in [CODE, DATA] {
        memory.alloc_fixed(GuestAddr(addr), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    }
    let mut words = PROGRAM.to_vec();
    words.push(b(CODE + 32, CODE, false));
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
    memory.write(GuestAddr(DATA), 7_u32).unwrap();
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.gpr[10] = u64::from(DATA);
    let mut devices = DeviceQueue::new();
    for visit in 0..50 {
        ctx.begin_visit(1000 + visit, 0, u32::MAX);
        engine.run(&mut ctx, &mut devices);
        if engine.divergence().is_some() {
            break;
        }
    }
    engine.compare_memory(&ctx);
    (engine, ctx)
}

#[test]
fn cross_check_finds_no_difference_in_any_unit() {
    for unit in [CheckUnit::Quantum, CheckUnit::Block, CheckUnit::Instruction] {
        let (engine, _) = run(unit, false);
        assert_eq!(engine.divergence(), None);
        let counters = engine.counters();
        assert_eq!(counters.cross_check.instructions, (1000..1050).sum::<u64>());
        assert_eq!(counters.cross_check.differences, 0);
        assert!(counters.compiled_guest_instructions >= 8, "{unit:?}: {counters:?}");
        assert!(counters.interpreted_instructions < 5000, "{unit:?}: {counters:?}");
    }
}

#[test]
fn a_wrong_lifter_arm_is_found_and_explained() {
    for unit in [CheckUnit::Quantum, CheckUnit::Block, CheckUnit::Instruction] {
        let (engine, _) = run(unit, true);
        let report = engine.divergence().expect("a difference");
        assert_eq!(engine.counters().cross_check.differences, 1);
        assert!(report.contains("jit"), "{report}");
        if unit == CheckUnit::Instruction {
            assert!(report.contains("r5: jit 0x10000005, interpreter 0x10000004"), "{report}");
            assert!(report.contains("addi"), "{report}");
            assert!(report.contains("function"), "CLIF: {report}");
        }
    }
}

#[test]
fn a_stray_store_is_found_in_memory() {
    let memory = GuestMemory::new().unwrap();
    let mut engine = CrossCheck::new(Arc::clone(&memory), JitConfig::default(), CheckUnit::Quantum).unwrap();
    memory.alloc_fixed(GuestAddr(DATA), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    engine.compare_memory(&PpcContext::default());
    assert_eq!(engine.divergence(), None);
    // Stores through `GuestMemory` are not mirrored, so this one reaches one memory only.
    memory.store_u32(DATA + 0x100, 1, &mut DeviceQueue::new()).unwrap();
    engine.compare_memory(&PpcContext::default());
    let report = engine.divergence().expect("a difference");
    assert!(report.contains("memory differs at 0x1000010"), "{report}");
}
