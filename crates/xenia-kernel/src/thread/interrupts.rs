//! Interrupt callbacks and deferred procedure calls: guest functions that the kernel runs on a
//! hardware thread.
//!
//! Each hardware thread has a service thread of the highest priority, which runs them one after the
//! other, with a control region of its own: `KPCR+0x10C` names the hardware thread, `KPCR+0x150`
//! says that a deferred call is active. It is made when it is first needed, and is idle in between.

use crate::limits::{Limit, Limits};
use crate::status::failure::Fallible;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_sched::{HW_THREADS, ThreadRef};

/// Interrupts of one source that wait for a hardware thread; more are dropped, as an interrupt line
/// can't be more than raised.
const PENDING_INTERRUPTS: usize = 16;

/// What a service thread is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// The title's graphics interrupt callback.
    Graphics,
    /// A deferred procedure call: its object.
    Dpc(GuestAddr),
}

/// One call that a service thread makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceCall {
    /// Why.
    pub kind: ServiceKind,
    /// The function.
    pub pc: GuestAddr,
    /// Its arguments.
    pub args: [u64; 4],
}

/// The title's graphics interrupt callback: `callback(source, data)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphicsCallback {
    /// The function.
    pub pc: GuestAddr,
    /// Its second argument.
    pub data: u32,
}

/// A hardware thread's service thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceThread {
    /// Its name.
    pub thread: ThreadRef,
    /// Its control region.
    pub kpcr: GuestAddr,
    /// Whether it waits for a call. Who sets this to `false` wakes it.
    pub idle: bool,
    /// The call that it is woken for, until it has it.
    pub begun: Option<ServiceCall>,
}

/// What is queued for the service threads.
#[derive(Debug, Default)]
pub struct Interrupts {
    /// Set by `VdSetGraphicsInterruptCallback`.
    pub callback: Option<GraphicsCallback>,
    queues: [VecDeque<ServiceCall>; HW_THREADS],
    /// The deferred calls in the queues, each in one.
    dpcs: BTreeSet<GuestAddr>,
    limits: Arc<Limits>,
    threads: [Option<ServiceThread>; HW_THREADS],
}

impl Interrupts {
    /// Nothing queued yet; what is refused is counted in `limits`.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Queues a call; `false` if it is a graphics interrupt and enough of its source wait already,
    /// or a deferred call that is queued already.
    pub fn push(&mut self, hw_id: u8, call: ServiceCall) -> Fallible<bool> {
        let queue = &mut self.queues[usize::from(hw_id) % HW_THREADS];
        match call.kind {
            ServiceKind::Graphics => {
                // By source: vertical blanks that pile up keep no other interrupt away.
                let is_like =
                    |queued: &&ServiceCall| queued.kind == call.kind && queued.args[0] == call.args[0];
                if queue.iter().filter(is_like).count() >= PENDING_INTERRUPTS {
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

    /// The next call for a hardware thread.
    fn pop(&mut self, hw_id: u8) -> Option<ServiceCall> {
        let call = self.queues[usize::from(hw_id) % HW_THREADS].pop_front()?;
        if let ServiceKind::Dpc(dpc) = call.kind {
            self.dpcs.remove(&dpc);
        }
        Some(call)
    }

    /// Takes a deferred call out of every queue; `false` if it was in none.
    pub fn remove_dpc(&mut self, dpc: GuestAddr) -> bool {
        let found = self.dpcs.remove(&dpc);
        if found {
            for queue in &mut self.queues {
                queue.retain(|call| call.kind != ServiceKind::Dpc(dpc));
            }
        }
        found
    }

    /// Whether a deferred call is queued.
    pub fn has_dpc(&self, dpc: GuestAddr) -> bool {
        self.dpcs.contains(&dpc)
    }

    /// The service thread of a hardware thread, if it has been made.
    pub fn thread(&self, hw_id: u8) -> Option<ServiceThread> {
        self.threads[usize::from(hw_id) % HW_THREADS]
    }

    /// Says which thread serves a hardware thread.
    pub fn set_thread(&mut self, hw_id: u8, thread: ServiceThread) {
        self.threads[usize::from(hw_id) % HW_THREADS] = Some(thread);
    }

    /// Gives an idle service thread its next call: the caller wakes it. `None` if it has one
    /// already, or nothing is queued.
    pub fn begin(&mut self, hw_id: u8) -> Option<(ServiceThread, ServiceCall)> {
        let index = usize::from(hw_id) % HW_THREADS;
        let service = self.threads[index].filter(|service| service.idle)?;
        let call = self.pop(hw_id)?;
        self.threads[index] = Some(ServiceThread { idle: false, begun: Some(call), ..service });
        Some((service, call))
    }

    /// The call that a service thread was woken for; it gets it once.
    pub fn take_begun(&mut self, thread: ThreadRef) -> Option<ServiceCall> {
        self.threads.iter_mut().flatten().find(|service| service.thread == thread)?.begun.take()
    }

    /// The call that a service thread makes after one has returned; `None`: it is idle from now on.
    pub fn go_on(&mut self, hw_id: u8) -> Option<ServiceCall> {
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
        assert_eq!((interrupts.go_on(3), interrupts.go_on(3)), (Some(dpc(6)), None));
        assert_eq!(interrupts.begin(3), None, "idle, and nothing is queued");
        interrupts.push(3, dpc(7)).unwrap();
        let service = ServiceThread { begun: None, ..interrupts.thread(3).unwrap() };
        assert_eq!(interrupts.begin(3), Some((service, dpc(7))));
        assert_eq!((interrupts.take_begun(thread), interrupts.take_begun(thread)), (Some(dpc(7)), None));
        let interrupt = ServiceCall { kind: ServiceKind::Graphics, pc: GuestAddr(4), args: [0; 4] };
        let accepted = (0..100).filter(|_| interrupts.push(0, interrupt) == Ok(true)).count();
        assert_eq!(accepted, PENDING_INTERRUPTS);
        let of_commands = ServiceCall { args: [1, 0, 0, 0], ..interrupt };
        assert_eq!(interrupts.push(0, of_commands), Ok(true), "another source");
        let refused = (10..).find_map(|n| interrupts.push(0, dpc(n)).err()).unwrap();
        assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
        assert_eq!(interrupts.dpcs.len() as u64, Limit::Dpcs.row().value);
        assert!(interrupts.remove_dpc(GuestAddr(10)));
        assert_eq!(interrupts.push(0, dpc(10)), Ok(true), "there is room again");
    }
}
