//! Interrupt callbacks and deferred procedure calls (DPCs): guest functions that the kernel runs on
//! a given hardware thread.
//!
//! Each hardware thread has a service thread of the highest priority, which runs them in order and
//! has a separate control region: `KPCR+0x10C` names the hardware thread, `KPCR+0x150` says that a
//! DPC is active. It is created on first use and idles between calls.

mod state;

pub(crate) use state::InterruptsState;

use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_limits::{Limit, ResourceLimits};
use xenia_sched::{HW_THREADS, ThreadRef};

/// Maximum number of pending interrupts of one source on a hardware thread. Further ones are
/// dropped, as a raised interrupt line can't be raised again.
const MAX_PENDING_INTERRUPTS: usize = 16;

/// Kind of a service thread's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceKind {
    /// The title's graphics interrupt callback.
    Graphics,
    /// A DPC, by the address of its object.
    Dpc(GuestAddr),
}

/// One call that a service thread makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCall {
    pub kind: ServiceKind,
    /// Address of the function.
    pub pc: GuestAddr,
    /// The function's arguments.
    pub args: [u64; 4],
}

/// The title's graphics interrupt callback: `callback(source, data)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphicsCallback {
    /// Address of the function.
    pub pc: GuestAddr,
    /// The function's second argument.
    pub data: u32,
}

/// A hardware thread's service thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceThread {
    pub thread: ThreadRef,
    /// The thread's control region.
    pub kpcr: GuestAddr,
    /// Whether it waits for a call. The caller that sets this to `false` must wake it.
    pub idle: bool,
    /// The call for which it is being woken, until it takes it.
    pub begun: Option<ServiceCall>,
}

/// Calls queued for the service threads.
#[derive(Debug, Default)]
pub struct Interrupts {
    /// Set by `VdSetGraphicsInterruptCallback`.
    pub callback: Option<GraphicsCallback>,
    queues: [VecDeque<ServiceCall>; HW_THREADS],
    /// The DPCs in the queues, each in at most one.
    dpcs: BTreeSet<GuestAddr>,
    limits: Arc<ResourceLimits>,
    threads: [Option<ServiceThread>; HW_THREADS],
}

impl Interrupts {
    /// Creates empty queues. Refused requests are counted in `limits`.
    pub fn new(limits: Arc<ResourceLimits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Queues a call. Returns `false` for a graphics interrupt if enough of its source are pending,
    /// and for a DPC that is queued already.
    pub fn push(&mut self, hw_id: u8, call: ServiceCall) -> Fallible<bool> {
        let queue = &mut self.queues[usize::from(hw_id) % HW_THREADS];
        match call.kind {
            ServiceKind::Graphics => {
                // Counted by source, so that accumulated vertical blanks don't crowd out other
                // interrupts.
                let is_like =
                    |queued: &&ServiceCall| queued.kind == call.kind && queued.args[0] == call.args[0];
                if queue.iter().filter(is_like).count() >= MAX_PENDING_INTERRUPTS {
                    return Ok(false);
                }
            }
            ServiceKind::Dpc(dpc) => {
                if self.dpcs.contains(&dpc) {
                    return Ok(false);
                }
                self.limits.admit(Limit::Dpcs, self.dpcs.len())?;
                self.dpcs.insert(dpc);
            }
        }
        queue.push_back(call);
        Ok(true)
    }

    /// Takes the next call for a hardware thread.
    fn pop(&mut self, hw_id: u8) -> Option<ServiceCall> {
        let call = self.queues[usize::from(hw_id) % HW_THREADS].pop_front()?;
        if let ServiceKind::Dpc(dpc) = call.kind {
            self.dpcs.remove(&dpc);
        }
        Some(call)
    }

    /// Removes a DPC from its queue; returns `false` if it is not queued.
    pub fn remove_dpc(&mut self, dpc: GuestAddr) -> bool {
        let found = self.dpcs.remove(&dpc);
        if found {
            for queue in &mut self.queues {
                queue.retain(|call| call.kind != ServiceKind::Dpc(dpc));
            }
        }
        found
    }

    /// Whether a DPC is queued.
    pub fn has_dpc(&self, dpc: GuestAddr) -> bool {
        self.dpcs.contains(&dpc)
    }

    /// The service thread of a hardware thread, if it has been created.
    pub fn thread(&self, hw_id: u8) -> Option<ServiceThread> {
        self.threads[usize::from(hw_id) % HW_THREADS]
    }

    /// Sets the service thread of a hardware thread.
    pub fn set_thread(&mut self, hw_id: u8, thread: ServiceThread) {
        self.threads[usize::from(hw_id) % HW_THREADS] = Some(thread);
    }

    /// Gives an idle service thread its next call; the caller must wake it. Returns `None` if it is
    /// busy or the queue is empty.
    pub fn begin(&mut self, hw_id: u8) -> Option<(ServiceThread, ServiceCall)> {
        let index = usize::from(hw_id) % HW_THREADS;
        let service = self.threads[index].filter(|service| service.idle)?;
        let call = self.pop(hw_id)?;
        self.threads[index] = Some(ServiceThread { idle: false, begun: Some(call), ..service });
        Some((service, call))
    }

    /// Takes the call for which a service thread was woken.
    pub fn take_begun(&mut self, thread: ThreadRef) -> Option<ServiceCall> {
        self.threads.iter_mut().flatten().find(|service| service.thread == thread)?.begun.take()
    }

    /// Takes the call that a service thread makes after one has returned; `None` makes it idle.
    pub fn next_call(&mut self, hw_id: u8) -> Option<ServiceCall> {
        let next = self.pop(hw_id);
        if let Some(service) = &mut self.threads[usize::from(hw_id) % HW_THREADS] {
            service.idle = next.is_none();
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_guest::NtStatus;

    #[test]
    fn queues_are_fifo_per_hardware_thread_and_bounded() {
        let mut interrupts = Interrupts::default();
        let dpc = |n| ServiceCall { kind: ServiceKind::Dpc(GuestAddr(n)), pc: GuestAddr(n), args: [0; 4] };
        for (hw_id, n) in [(2, 1), (2, 2), (3, 3)] {
            assert_eq!(interrupts.push(hw_id, dpc(n)), Ok(true));
        }
        assert_eq!(interrupts.push(4, dpc(3)), Ok(false), "queued already");
        assert!(interrupts.has_dpc(GuestAddr(1)) && interrupts.remove_dpc(GuestAddr(1)));
        assert!(!interrupts.remove_dpc(GuestAddr(1)));
        assert_eq!(interrupts.pop(2), Some(dpc(2)));
        assert_eq!(interrupts.pop(2), None);
        assert_eq!(interrupts.pop(3), Some(dpc(3)));
        interrupts.push(3, dpc(5)).unwrap();
        assert_eq!(interrupts.begin(3), None, "nobody serves it yet");
        let thread = ThreadRef { hw_id: 3, generation: 0, idx: 0 };
        let service = ServiceThread { thread, kpcr: GuestAddr(0x100), idle: true, begun: None };
        interrupts.set_thread(3, service);
        assert_eq!(interrupts.begin(3), Some((service, dpc(5))));
        assert_eq!(interrupts.take_begun(thread), Some(dpc(5)));
        interrupts.push(3, dpc(6)).unwrap();
        assert_eq!(interrupts.begin(3), None, "it has a call");
        assert_eq!((interrupts.next_call(3), interrupts.next_call(3)), (Some(dpc(6)), None));
        assert_eq!(interrupts.begin(3), None, "idle, and nothing is queued");
        interrupts.push(3, dpc(7)).unwrap();
        let service = ServiceThread { begun: None, ..interrupts.thread(3).unwrap() };
        assert_eq!(interrupts.begin(3), Some((service, dpc(7))));
        assert_eq!((interrupts.take_begun(thread), interrupts.take_begun(thread)), (Some(dpc(7)), None));
        let interrupt = ServiceCall { kind: ServiceKind::Graphics, pc: GuestAddr(4), args: [0; 4] };
        let accepted = (0..100).filter(|_| interrupts.push(0, interrupt) == Ok(true)).count();
        assert_eq!(accepted, MAX_PENDING_INTERRUPTS);
        let of_commands = ServiceCall { args: [1, 0, 0, 0], ..interrupt };
        assert_eq!(interrupts.push(0, of_commands), Ok(true), "another source");
        let refused = (10..).find_map(|n| interrupts.push(0, dpc(n)).err()).unwrap();
        assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
        assert_eq!(interrupts.dpcs.len() as u64, Limit::Dpcs.row().value);
        assert!(interrupts.remove_dpc(GuestAddr(10)));
        assert_eq!(interrupts.push(0, dpc(10)), Ok(true), "there is room again");
    }
}
