//! What every engine does: run a context until its budget is spent or the guest needs somebody.

use crate::{EngineCounters, PpcContext};
use xenia_guest::GuestAddr;
use xenia_memory::{DeviceQueue, MemoryFault};

/// How reservations are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReservationMode {
    /// In the context alone: the store succeeds if the word still holds the loaded value.
    #[default]
    Context,
    /// In the machine-wide table as well: a commit by another hardware thread ends them.
    Table,
    /// Like `Table`, and plain stores of other threads end them too.
    Strict,
}

/// Settings all engines share. None of them can be seen by a deterministic guest.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineConfig {
    /// See [`ReservationMode`].
    pub reservations: ReservationMode,
}

/// Why an instruction could not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionKind {
    /// The word is no instruction.
    IllegalInstruction {
        /// The word.
        word: u32,
    },
    /// A trap instruction's condition held.
    Trap {
        /// The trap instruction.
        word: u32,
    },
    /// A privileged instruction in problem state, or an SPR that does not exist.
    Privileged {
        /// The instruction.
        word: u32,
    },
    /// A load or store failed.
    Memory(MemoryFault),
    /// The instruction could not be fetched.
    Fetch(MemoryFault),
    /// An enabled floating-point exception occurred; the instruction did complete.
    FloatingPoint,
    /// MSR\[FP\] or MSR\[VEC\] is off.
    Unavailable {
        /// The instruction.
        word: u32,
    },
}

/// An exception, with the state exactly before the instruction that raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestException {
    /// Address of the instruction.
    pub pc: GuestAddr,
    /// What happened.
    pub kind: ExceptionKind,
}

/// Why [`Execute::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The budget is exactly 0.
    Budget,
    /// `sc` with this LEV completed; `pc` is the instruction after it. LEV 2 marks an import thunk.
    Syscall {
        /// The LEV field.
        lev: u8,
    },
    /// A yield hint, or the last allowed time-base read, completed.
    Yield,
    /// An instruction could not complete; it was not counted and `pc` is its address.
    Exception(GuestException),
}

/// An engine: runs guest code on contexts. All engines of one machine share its memory.
///
/// Contract: on return the context is exact (nothing lazy is pending), exactly
/// `visit_budget - budget` instructions have completed since the visit began, and the same
/// instructions in the same order would have completed in any other engine.
pub trait Execute: Send {
    /// Runs until the budget is 0 or something else ends it; what the last instruction itself
    /// causes comes before [`Exit::Budget`]. Device stores go to `devices`.
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit;

    /// Short name for reports: `interp`, `jit`, `cross-check`.
    fn name(&self) -> &'static str;

    /// The engine's figures so far. Those of an engine and of all its forks add up to the
    /// machine's: nothing is in two.
    fn counters(&self) -> EngineCounters;

    /// Another engine of this kind for the same machine, with the same settings and, where code is
    /// compiled, the same code, for another host thread. Its counters begin at 0. `None`: this
    /// kind runs on one host thread only.
    fn fork(&self) -> Option<Box<dyn Execute>> {
        None
    }

    /// The run has ended: an engine that checks now and then does so once more.
    fn finish(&mut self) {}

    /// A report of the first divergence a cross-checking engine found, if it is one and found one.
    fn divergence(&self) -> Option<String> {
        None
    }
}
