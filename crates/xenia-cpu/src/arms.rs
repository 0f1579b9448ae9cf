//! Access to single interpreter handlers (*arms*), for an engine that interprets instructions it
//! has no code for.

use crate::interp::{CpuView, Retirement, RowHandler, handler_of, run_one};
use crate::{EngineConfig, PpcContext};
use std::hash::{Hash, Hasher};
use std::ptr::fn_addr_eq;
use xenia_isa::{Instruction, Op};
use xenia_memory::{DeviceQueue, GuestMemory};

/// The interpreter's handler of an instruction: a function pointer, chosen once.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Arm(RowHandler);

impl Arm {
    /// The handler of `i`, whose row is `op`. MSR must enable the facility that it needs.
    pub fn of(op: Op, i: Instruction) -> Self {
        Self(handler_of(op, i))
    }

    pub fn address(self) -> usize {
        self.0 as usize
    }

    /// Runs an instruction that this handler was chosen for by [`Self::of`]. The instruction must
    /// neither branch nor end a visit, change the mode, or read pc or the budget, which stay
    /// unchanged. False if it did not complete: the context is then unchanged.
    #[inline]
    pub fn run(
        self,
        ctx: &mut PpcContext,
        memory: &GuestMemory,
        devices: &mut DeviceQueue,
        config: EngineConfig,
        i: Instruction,
    ) -> bool {
        let mut cpu = CpuView::new(ctx, memory, devices, config);
        matches!(run_one(&mut cpu, self.0, i), Ok(Retirement::Next))
    }
}

impl PartialEq for Arm {
    fn eq(&self, other: &Self) -> bool {
        fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Arm {}

impl Hash for Arm {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}
