//! Priority inheritance: the priorities of threads, their own and those lent by waiters for the
//! locks that they hold.
//!
//! A thread of low priority that holds a lock for which one of high priority waits runs at the high
//! priority until it holds no adaptive lock (the locks of one thread are not distinguished, so a
//! boost lasts until all are released). Priorities never decide who holds a lock: a priority that
//! is read a moment too late only changes the wake order. So a boost that passes along a chain of
//! waits may come late, or stay until that thread next releases its last lock.

use crate::node::thread_number;
use crate::per_process::per_process;
use crate::thread_priorities::{MAX_THREADS, end_loans, has_loan, lend_to, priority_of, set_own};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use xenia_sync::atomic::per_thread;

/// Limit of waits along which a loan is passed.
const MAX_CHAIN: usize = 16;

/// Receives a thread's number and its new priority.
pub type PriorityHook = fn(u16, u8);

per_process! {
    /// The owner of the lock for which a thread sleeps, by number.
    static WAITS_FOR: [AtomicU16; MAX_THREADS + 1] = [const { AtomicU16::new(0) }; MAX_THREADS + 1];
}
static HOOK: OnceLock<PriorityHook> = OnceLock::new();

per_thread! {
    /// Number of adaptive locks that this thread holds.
    static HOLDS: Cell<u32> = const { Cell::new(0) };
}

/// Sets this thread's own priority; 0 is the lowest and the default. Returns the number that
/// identifies the thread to the hook, or 0 if there are too many threads; the thread then has no
/// priority.
pub fn set_priority(priority: u8) -> u16 {
    let number = thread_number();
    if number != 0 {
        set_own(number, priority);
    }
    number
}

/// The effective priority of this thread: its own, or the highest lent to it.
pub fn priority() -> u8 {
    priority_of(thread_number())
}

/// Sets the hook that is called when a loan changes a thread's priority, so that it can change the
/// priority in the host's scheduler. It is called by a thread that is about to sleep or has just
/// released a lock, and must not acquire an adaptive lock. Returns false if there is a hook
/// already.
pub fn on_priority(hook: PriorityHook) -> bool {
    HOOK.set(hook).is_ok()
}

/// Whether a thread sleeps for an adaptive lock.
pub(crate) fn is_asleep(number: u16) -> bool {
    WAITS_FOR[usize::from(number)].load(Relaxed) != 0
}

/// Records that thread `number` is about to sleep for a lock of `owner`.
pub(crate) fn begin_wait(number: u16, owner: u16) {
    if number != 0 {
        WAITS_FOR[usize::from(number)].store(owner, Relaxed);
    }
}

/// Records that thread `number` is awake.
pub(crate) fn end_wait(number: u16) {
    WAITS_FOR[usize::from(number)].store(0, Relaxed);
}

/// Lends a priority to `owner`, to the owner of the lock for which that thread sleeps, and so on.
pub(crate) fn lend(priority: u8, owner: u16) {
    let mut owner = owner;
    for _ in 0..MAX_CHAIN {
        if owner == 0 {
            return;
        }
        let before = priority_of(owner);
        lend_to(owner, priority);
        if before < priority {
            call_hook(owner);
        }
        owner = WAITS_FOR[usize::from(owner)].load(Relaxed);
    }
}

/// Records that this thread has acquired a lock.
pub(crate) fn holds_one_more() {
    HOLDS.with(|holds| holds.set(holds.get() + 1));
}

/// Records that this thread has released a lock.
pub(crate) fn holds_one_less() {
    let left = HOLDS.with(|holds| holds.get() - 1);
    HOLDS.with(|holds| holds.set(left));
    if left == 0 {
        let number = thread_number();
        if has_loan(number) {
            let before = priority_of(number);
            end_loans(number);
            if priority_of(number) < before {
                call_hook(number);
            }
        }
    }
}

fn call_hook(number: u16) {
    if let Some(hook) = HOOK.get() {
        hook(number, priority_of(number));
    }
}
