//! Shared parts of the interpreter's tests: a machine with one page of code and some pages of data,
//! and words made from the table's rows.
#![allow(dead_code)] // some families use a part of it

use super::Interpreter;
use crate::{EngineConfig, Execute, Exit, PpcContext};
use std::sync::Arc;
use xenia_guest::GuestAddr;
pub(crate) use xenia_isa::mask::{OE, RC};
use xenia_isa::{Instruction, Op};
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Protect};

/// Address of the tests' code (64 KiB).
pub(crate) const CODE: u32 = 0x8200_0000;
/// Address of the tests' data (64 KiB).
pub(crate) const DATA: u32 = 0x1000_0000;

pub(crate) struct CpuHarness {
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) interp: Interpreter,
    pub(crate) ctx: PpcContext,
    pub(crate) devices: DeviceQueue,
}

/// Memory with [`CODE`] and [`DATA`] committed.
pub(crate) fn memory() -> Arc<GuestMemory> {
    let memory = GuestMemory::new().unwrap();
    for addr in [CODE, DATA] {
        memory.alloc_fixed(GuestAddr(addr), 0x1_0000, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    }
    memory
}

impl CpuHarness {
    pub(crate) fn new() -> Self {
        Self::on(memory(), EngineConfig::default())
    }

    pub(crate) fn on(memory: Arc<GuestMemory>, config: EngineConfig) -> Self {
        let interp = Interpreter::new(Arc::clone(&memory), config);
        let ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        Self { memory, interp, ctx, devices: DeviceQueue::new() }
    }

    /// Writes words at `addr`.
    pub(crate) fn put(&self, addr: u32, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.memory.write_bytes(GuestAddr(addr), &bytes).unwrap();
    }

    /// Runs `budget` instructions from the context's pc.
    pub(crate) fn run(&mut self, budget: i64) -> Exit {
        self.ctx.begin_visit(budget, 0, u32::MAX);
        self.interp.run(&mut self.ctx, &mut self.devices)
    }

    /// Runs one instruction that must complete.
    pub(crate) fn one(&mut self, word: u32) {
        let exit = self.interp.execute(&mut self.ctx, &mut self.devices, Instruction(word));
        assert_eq!(exit, None, "{word:#010x}");
    }

    /// Runs one instruction that must end the run.
    pub(crate) fn one_exit(&mut self, word: u32) -> Exit {
        self.interp.execute(&mut self.ctx, &mut self.devices, Instruction(word)).expect("an exit")
    }

    pub(crate) fn word(&self, addr: u32) -> u32 {
        self.memory.read(GuestAddr(addr)).unwrap()
    }
}

/// A word with three register-sized fields at bits 21, 16 and 11 and other bits in `rest`.
pub(crate) fn x(op: Op, first: u32, second: u32, third: u32, rest: u32) -> u32 {
    op.row().bits | first << 21 | second << 16 | third << 11 | rest
}

/// A word with two registers and a 16-bit immediate.
pub(crate) fn d(op: Op, first: u32, second: u32, immediate: i32) -> u32 {
    op.row().bits | first << 21 | second << 16 | immediate as u32 & 0xFFFF
}

/// A reproducible sequence of pseudo-random numbers.
pub(crate) fn random() -> impl FnMut() -> u64 {
    let mut dice = xenia_testing::Dice(1);
    move || dice.next()
}

/// Fills the registers: edge values, addresses of data and of a device, and random values.
pub(crate) fn scramble(ctx: &mut PpcContext, random: &mut impl FnMut() -> u64) {
    const EDGES: [u64; 8] =
        [0, 1, u64::MAX, 1 << 31, 1 << 63, DATA as u64, DATA as u64 + 0xFFFC, 0x7FC8_0700];
    let mut number = || {
        let pick = random();
        if pick.is_multiple_of(4) { random() } else { EDGES[(pick >> 8) as usize % EDGES.len()] }
    };
    ctx.gpr = std::array::from_fn(|_| number());
    ctx.ctr = number();
    ctx.lr = number();
    ctx.fpr = std::array::from_fn(|_| random());
    ctx.vr = std::array::from_fn(|_| u128::from(random()) << 64 | u128::from(random()));
    ctx.set_cr_word(random() as u32);
    ctx.set_xer_word(random() as u32);
    ctx.msr = PpcContext::default().msr | (random() & 1) << 63;
}
