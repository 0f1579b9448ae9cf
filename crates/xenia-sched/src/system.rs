//! What the layers above the scheduler do for it.

use crate::{GuestTicks, Scheduler, ThreadRef, ThreadsReport};
use xenia_cpu::{GuestException, PpcContext};
use xenia_memory::DeviceStore;

/// How a machine ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// The title ended.
    Exit {
        /// Its exit code.
        code: u32,
    },
    /// The guest did something that nobody handles.
    Crash {
        /// Guest thread id.
        thread: u32,
        /// Address of the instruction.
        pc: u32,
        /// Its thread's link register.
        lr: u32,
        /// The access that failed, if it was one.
        access: Option<FailedAccess>,
        /// Return addresses, innermost first.
        stack: Vec<u32>,
        /// What happened, as one line or more.
        text: String,
    },
}

/// An access to memory that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedAccess {
    /// `read`, `write` or `fetch`.
    pub kind: &'static str,
    /// Where to.
    pub address: u32,
}

/// What happens after a thread needed somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The slot goes on: with the same thread if it still has the slot, otherwise with the next.
    Continue,
    /// The visit ends; what is left of it counts as time, not as instructions.
    EndVisit,
    /// The machine stops.
    End(EndKind),
}

/// The operating system and the devices, as the executor sees them.
///
/// `Scheduler::now` is the guest time of the call in all of these.
pub trait System {
    /// `current` completed `sc` with this LEV; its `pc` is the instruction after.
    fn syscall(&mut self, scheduler: &mut Scheduler, current: ThreadRef, lev: u8) -> Disposition;

    /// An instruction of `current` could not complete.
    fn exception(
        &mut self,
        scheduler: &mut Scheduler,
        current: ThreadRef,
        exception: GuestException,
    ) -> Disposition;

    /// A slot that had nobody took `thread` from another, and it is about to run: what guests read of its processor
    /// is out of date.
    fn moved(&mut self, scheduler: &mut Scheduler, thread: ThreadRef);

    /// A slot's visit ended; its device stores take effect now, in order.
    fn end_visit(&mut self, scheduler: &mut Scheduler, hw_id: u8, stores: &[DeviceStore]);

    /// The deadline of `thread`'s wait has come.
    fn timed_out(&mut self, scheduler: &mut Scheduler, thread: ThreadRef);

    /// Guest time has moved on, at the end of a round or over a gap in which nothing ran.
    fn advance(&mut self, scheduler: &mut Scheduler);

    /// Guest time of the next thing that happens without any thread, and that a guest could notice:
    /// a timer, a vertical blank, the end of a transfer. `None` if there is none.
    fn next_event(&self) -> Option<GuestTicks>;

    /// Frames shown so far.
    fn frames(&self) -> u64;

    /// Nothing can ever run again: wakes some thread, counted by the caller; `false` if it can't.
    fn recover(&mut self, scheduler: &mut Scheduler, report: &ThreadsReport) -> bool;

    /// Return addresses of a thread, innermost first, for reports.
    fn call_stack(&self, context: &PpcContext) -> Vec<u32>;
}
