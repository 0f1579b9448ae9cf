//! An engine whose instructions store ascending numbers to a device register, and that calls after
//! the last.

use std::sync::Arc;
use xenia_cpu::{EngineCounters, ExceptionKind, Execute, Exit, GuestException, PpcContext};
use xenia_guest::GuestAddr;
use xenia_memory::{DeviceQueue, GPU_REGISTERS, GuestMemory};

#[derive(Clone)]
pub(crate) struct Storer {
    memory: Arc<GuestMemory>,
    /// Number of stores of one instruction.
    each: u64,
    last: u64,
    register: GuestAddr,
}

impl Storer {
    pub(crate) fn new(each: u64, last: u64) -> Self {
        Self { memory: GuestMemory::new().unwrap(), each, last, register: GPU_REGISTERS }
    }

    /// Stores to another register.
    pub(crate) fn to(self, register: GuestAddr) -> Self {
        Self { register, ..self }
    }
}

impl Execute for Storer {
    /// r3 is the last stored number.
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        while ctx.budget > 0 {
            loop {
                let value = ctx.gpr[3] + 1;
                let stored = self.memory.device_store(self.register.0, 4, u128::from(value), devices);
                if let Err(fault) = stored {
                    let kind = ExceptionKind::Memory(fault);
                    return Exit::Exception(GuestException { pc: GuestAddr(ctx.pc), kind });
                }
                ctx.gpr[3] = value;
                if value.is_multiple_of(self.each) {
                    break;
                }
            }
            ctx.budget -= 1;
            if ctx.gpr[3] >= self.last {
                return Exit::Syscall { lev: u8::MAX };
            }
        }
        Exit::Budget
    }

    fn name(&self) -> &'static str {
        "storer"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters::default()
    }

    fn fork(&self) -> Option<Box<dyn Execute>> {
        Some(Box::new(self.clone()))
    }
}
