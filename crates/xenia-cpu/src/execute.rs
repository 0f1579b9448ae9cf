//! The engine interface: runs a context until its budget is spent or an exit needs handling.

use crate::{EngineCounters, PpcContext};
use xenia_guest::GuestAddr;
use xenia_memory::{DeviceQueue, MemoryFault};

/// How the engine tracks `lwarx` reservations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReservationMode {
    /// In the context only: the store succeeds if the word still holds the loaded value.
    #[default]
    Context,
    /// In the machine-wide table as well: a commit by another hardware thread ends a reservation.
    Table,
    /// Like `Table`, and plain stores of other threads end reservations too.
    Strict,
}

/// Settings shared by all engines. A deterministic guest cannot observe them.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineConfig {
    /// How reservations are tracked.
    pub reservations: ReservationMode,
}

/// Reason why an instruction could not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionKind {
    /// The word is not an instruction.
    IllegalInstruction { word: u32 },
    /// The condition of a trap instruction was true.
    Trap { word: u32 },
    /// A privileged instruction in problem state, or an SPR that does not exist.
    Privileged { word: u32 },
    /// A load or store failed.
    Memory(MemoryFault),
    /// The instruction could not be fetched.
    Fetch(MemoryFault),
    /// An enabled floating-point exception occurred; the instruction did complete.
    FloatingPoint,
    /// MSR\[FP\] or MSR\[VEC\] is off.
    Unavailable { word: u32 },
}

/// A guest exception, with the state exactly before the instruction that raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestException {
    /// Address of the instruction.
    pub pc: GuestAddr,
    /// Cause of the exception.
    pub kind: ExceptionKind,
}

/// Reason why [`Execute::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The budget is exactly 0.
    Budget,
    /// `sc` with this LEV completed; `pc` is the instruction after it. LEV 2 marks an import thunk.
    Syscall { lev: u8 },
    /// A yield hint, or the last allowed time-base read, completed.
    Yield,
    /// An instruction could not complete; it was not counted, and `pc` is its address.
    Exception(GuestException),
}

/// An execution engine: runs guest code on contexts. All engines of a machine share its memory.
///
/// Contract: on return the context is exact (no lazy state is pending), exactly
/// `visit_budget - budget` instructions have completed since the visit began, and any other engine
/// would have completed the same instructions in the same order.
pub trait Execute: Send {
    /// Runs until the budget is 0 or another exit occurs; an exit caused by the last instruction
    /// itself takes precedence over [`Exit::Budget`]. Device stores go to `devices`.
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit;

    /// Short name for reports: `interp`, `jit`, `cross-check`.
    fn name(&self) -> &'static str;

    /// The engine's counters. The counters of an engine and all its forks sum up to the machine's:
    /// no event is counted twice.
    fn counters(&self) -> EngineCounters;

    /// Creates another engine of this kind for the same machine, for use on another host thread:
    /// with the same settings and, if it compiles, the same code. Its counters begin at 0. `None`
    /// if this kind runs on one host thread only.
    fn fork(&self) -> Option<Box<dyn Execute>> {
        None
    }

    /// Called after a saved state's memory has replaced the present one: changes of code that the
    /// engine has counted so far do not indicate self-modifying code.
    fn reset_change_counts(&mut self) {}

    /// Called at the end of a run, so that an engine that checks periodically can check once more.
    fn finish(&mut self) {}

    /// A report of the first divergence that a cross-checking engine found.
    fn divergence(&self) -> Option<String> {
        None
    }
}
