//! Guest call frames: the calls of guest code that each thread is in, and their number over all
//! threads. A call that must check its own thread's frames takes no lock while that number is 0, as
//! it mostly is in titles.

mod state;

pub(crate) use state::{FramesState, check_guest_call};

use crate::abi::{Continuation, GuestCall, MAX_LOCALS};
use crate::status::failure::Fallible;
use crate::thread::records::Threads;
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use xenia_cpu::PpcContext;
use xenia_guest::layout::RED_ZONE;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::Limit;
use xenia_memory::GuestMemory;

/// Size in bytes of the stack frame for a guest function that the kernel calls: linkage, parameter
/// save area and locals.
const CALL_FRAME: u64 = 0x80;
/// Offset of the locals in that frame.
const LOCALS: u32 = 0x70;

/// The frame of a call that is made at this stack pointer.
fn call_frame(stack_pointer: u64) -> u64 {
    (stack_pointer as u32 as u64).saturating_sub(RED_ZONE + CALL_FRAME) & !15
}

/// Address of the locals of a call that was made at this stack pointer.
pub fn call_frame_locals(stack_pointer: u64) -> GuestAddr {
    GuestAddr(call_frame(stack_pointer) as u32).offset(LOCALS)
}

/// A call of guest code by an export, with the state to which the thread returns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GuestCallFrame {
    /// The thread's pc in the export's stub.
    pub pc: u32,
    /// The thread's link register.
    pub lr: u64,
    /// The thread's stack pointer.
    pub stack_pointer: u64,
    /// Continuation of the export, which gets the result.
    pub then: Continuation,
}

/// Number of frames of all threads. A thread that reads it sees its own frames.
#[derive(Clone, Debug, Default)]
pub struct FrameCount(Arc<AtomicUsize>);

impl FrameCount {
    /// Whether no thread has a frame.
    pub fn is_zero(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

/// The frames of one thread, innermost last.
#[derive(Debug)]
pub struct Frames {
    list: Vec<GuestCallFrame>,
    all: FrameCount,
}

impl Frames {
    /// Creates an empty list, whose frames are counted in `all`.
    pub fn new(all: &FrameCount) -> Self {
        Self { list: Vec::new(), all: all.clone() }
    }

    /// Adds a frame as the thread calls guest code.
    pub fn push(&mut self, frame: GuestCallFrame) {
        self.list.push(frame);
        self.all.0.fetch_add(1, Relaxed);
    }

    /// Removes the innermost frame, whose call has returned.
    pub fn pop(&mut self) -> Option<GuestCallFrame> {
        let frame = self.list.pop()?;
        self.all.0.fetch_sub(1, Relaxed);
        Some(frame)
    }

    /// Drops frames of calls that can't return any more: those made with a stack pointer from `low`
    /// to `stack_pointer`. The frames of such a call lay below, and the thread has left it without
    /// returning, by `longjmp` for example. Calls made on another stack are kept.
    pub fn forget(&mut self, low: u32, stack_pointer: u32) {
        let before = self.list.len();
        self.list.retain(|frame| !(low..=stack_pointer).contains(&(frame.stack_pointer as u32)));
        self.all.0.fetch_sub(before - self.list.len(), Relaxed);
    }

    /// Removes all frames.
    pub fn clear(&mut self) {
        self.all.0.fetch_sub(self.list.len(), Relaxed);
        self.list.clear();
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Deref for Frames {
    type Target = [GuestCallFrame];
    fn deref(&self) -> &[GuestCallFrame] {
        &self.list
    }
}

impl Threads {
    /// Makes a thread call guest code, and saves the state to which it returns. The caller has
    /// access to the thread's registers.
    pub fn push_frame(
        &mut self,
        memory: &GuestMemory,
        id: u32,
        ctx: &mut PpcContext,
        guest: GuestCall,
    ) -> Fallible<()> {
        let kpcr = GuestAddr(ctx.gpr[13] as u32);
        let at = ctx.gpr[1] as u32;
        let frame = GuestCallFrame { pc: ctx.pc, lr: ctx.lr, stack_pointer: ctx.gpr[1], then: guest.then };
        let stack_pointer = call_frame(ctx.gpr[1]);
        memory.write(GuestAddr(stack_pointer as u32), frame.stack_pointer as u32)?;
        ctx.gpr[1] = stack_pointer;
        ctx.pc = guest.pc.0;
        ctx.lr = u64::from(self.call_return.0);
        let mut registers = ctx.gpr[3..11].iter_mut();
        // In this order: `zip` must run out of arguments before it takes another register.
        for (&value, register) in guest.args.iter().zip(registers.by_ref()) {
            *register = value;
        }
        let mut local = GuestAddr(stack_pointer as u32).offset(LOCALS);
        for (&word, register) in guest.locals.iter().take(MAX_LOCALS).zip(registers) {
            memory.write(local, word)?;
            *register = u64::from(local.0);
            local = local.offset(4);
        }
        if let Some(link) = guest.link {
            ctx.gpr[12] = u64::from(link.0);
        }
        let Self { records, limits, .. } = self;
        let record = records.get_mut(&id).ok_or(NtStatus::INVALID_HANDLE)?;
        record.drop_abandoned_frames(memory, kpcr, at);
        limits.admit(Limit::NestedCalls, record.frames.len())?;
        record.frames.push(frame);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::ExportResumption;

    fn frame(stack_pointer: u64) -> GuestCallFrame {
        let then = Continuation::Export(ExportResumption::ThreadCreation);
        GuestCallFrame { pc: 0, lr: 0, stack_pointer, then }
    }

    #[test]
    fn the_count_is_that_of_all_threads() {
        let all = FrameCount::default();
        let mut first = Frames::new(&all);
        let mut second = Frames::new(&all);
        for at in [0x500, 0x400, 0x300, 0x900] {
            first.push(frame(at));
            second.push(frame(at));
        }
        assert!(second.pop().is_some_and(|frame| frame.stack_pointer == 0x900));
        second.forget(0x300, 0x400);
        assert_eq!(second.iter().map(|frame| frame.stack_pointer).collect::<Vec<_>>(), [0x500]);
        assert_eq!(all.0.load(Relaxed), 5);
        first.clear();
        assert!(first.pop().is_none() && !all.is_zero());
        drop(second);
        assert!(all.is_zero());
    }
}
