//! Threads' priorities: their own, and what is lent to them by those who wait for a lock that they
//! hold.
//!
//! A thread of low priority that holds what one of high priority waits for runs at the high one
//! until it holds no adaptive lock any more (one boost ends only when all are over: locks of one
//! thread aren't told apart). Nothing here decides who holds a lock: a priority that is read a
//! moment too late wakes a thread in another order, no more. So a boost that passes along a
//! chain of waits may come late, or stay until that thread next gives its last lock back.

use crate::atomic::{per_process, per_thread};
use crate::node::{THREADS, thread_number};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering::Relaxed};

/// How many waits a loan is passed along.
const LONGEST_CHAIN: usize = 16;

/// What is told of a thread's new priority: the thread's number, and the priority that it has from
/// now on.
pub type PriorityHook = fn(u16, u8);

per_process! {
    /// By number; 0 is every thread without one.
    static OWN: [AtomicU8; THREADS + 1] = [const { AtomicU8::new(0) }; THREADS + 1];
    static LENT: [AtomicU8; THREADS + 1] = [const { AtomicU8::new(0) }; THREADS + 1];
    /// Whom a thread waits for, asleep.
    static WAITS_FOR: [AtomicU16; THREADS + 1] = [const { AtomicU16::new(0) }; THREADS + 1];
}
static HOOK: OnceLock<PriorityHook> = OnceLock::new();

per_thread! {
    /// Adaptive locks that this thread holds.
    static HOLDS: Cell<u32> = const { Cell::new(0) };
}

/// Sets this thread's own priority; 0 is the lowest, and what a thread begins with. Returns the
/// number by which the hook knows the thread: 0 if there are too many threads for it to have one,
/// and then it has no priority.
pub fn set_priority(priority: u8) -> u16 {
    let number = thread_number();
    if number != 0 {
        OWN[usize::from(number)].store(priority, Relaxed);
    }
    number
}

/// The priority that this thread runs at: its own, or the highest lent to it.
pub fn priority() -> u8 {
    priority_of(thread_number())
}

/// Lets `hook` know when a loan changes a thread's priority, so that it can change what the host's
/// scheduler thinks. It is called by a thread that is about to sleep or has just given a lock back;
/// it must not take an adaptive lock. False if there is one already.
pub fn on_priority(hook: PriorityHook) -> bool {
    HOOK.set(hook).is_ok()
}

pub(crate) fn priority_of(number: u16) -> u8 {
    let number = usize::from(number);
    OWN[number].load(Relaxed).max(LENT[number].load(Relaxed))
}

/// Whether a thread sleeps for another adaptive lock.
pub(crate) fn is_asleep(number: u16) -> bool {
    WAITS_FOR[usize::from(number)].load(Relaxed) != 0
}

/// Thread `number` is about to sleep for what `owner` holds.
pub(crate) fn begin_wait(number: u16, owner: u16) {
    if number != 0 {
        WAITS_FOR[usize::from(number)].store(owner, Relaxed);
    }
}

/// Thread `number` is awake.
pub(crate) fn end_wait(number: u16) {
    WAITS_FOR[usize::from(number)].store(0, Relaxed);
}

/// Lends a priority to `owner`, to whom that one waits for, and so on.
pub(crate) fn lend(priority: u8, owner: u16) {
    let mut owner = owner;
    for _ in 0..LONGEST_CHAIN {
        if owner == 0 {
            return;
        }
        let before = priority_of(owner);
        LENT[usize::from(owner)].fetch_max(priority, Relaxed);
        if before < priority {
            tell(owner);
        }
        owner = WAITS_FOR[usize::from(owner)].load(Relaxed);
    }
}

/// This thread has taken a lock.
pub(crate) fn holds_one_more() {
    HOLDS.with(|holds| holds.set(holds.get() + 1));
}

/// This thread has given a lock back.
pub(crate) fn holds_one_less() {
    let left = HOLDS.with(|holds| holds.get() - 1);
    HOLDS.with(|holds| holds.set(left));
    if left == 0 {
        let number = thread_number();
        let lent = &LENT[usize::from(number)];
        if lent.load(Relaxed) != 0 {
            let before = priority_of(number);
            lent.store(0, Relaxed);
            if priority_of(number) < before {
                tell(number);
            }
        }
    }
}

fn tell(number: u16) {
    if let Some(hook) = HOOK.get() {
        hook(number, priority_of(number));
    }
}

/// The number goes to another thread.
#[cfg(not(feature = "modelled"))]
pub(crate) fn forget(number: u16) {
    OWN[usize::from(number)].store(0, Relaxed);
    LENT[usize::from(number)].store(0, Relaxed);
}
