//! The lock order: levels, and the debug-build checker.

/// Where a lock stands in the order. A thread holding level *n* may take levels above *n* only.
///
/// The order runs from what calls to what is called: the machine's topology first, then the
/// kernel's subsystems, then devices, then guest memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Which hardware threads exist and where guest threads live.
    Topology = 10,
    /// One hardware thread's run queues.
    Slot = 20,
    /// Who waits for which kernel object; timers, deferred calls.
    Dispatcher = 25,
    /// Kernel objects and handles.
    Objects = 30,
    /// What the kernel knows about each guest thread.
    Threads = 35,
    /// Files and devices of the virtual file system.
    Files = 40,
    /// Loaded modules.
    Modules = 50,
    /// Configuration, users, notifications.
    Settings = 60,
    /// Video, audio and input state of the kernel.
    Devices = 70,
    /// Guest memory's heaps.
    Memory = 80,
    /// Logs and counters: may be taken under anything.
    Leaf = 90,
}

#[cfg(debug_assertions)]
mod checker {
    use super::Level;
    use std::cell::RefCell;

    thread_local! {
        static HELD: RefCell<Vec<Level>> = const { RefCell::new(Vec::new()) };
    }

    pub(crate) fn acquire(level: Level) {
        HELD.with_borrow_mut(|held| {
            if let Some(&highest) = held.iter().max() {
                assert!(
                    level > highest,
                    "lock order broken: a lock of level {level:?} taken while one of level {highest:?} is held"
                );
            }
            held.push(level);
        });
    }

    pub(crate) fn release(level: Level) {
        HELD.with_borrow_mut(|held| {
            if let Some(at) = held.iter().rposition(|&l| l == level) {
                held.remove(at);
            }
        });
    }
}

#[cfg(not(debug_assertions))]
mod checker {
    use super::Level;

    #[inline(always)]
    pub(crate) fn acquire(_: Level) {}
    #[inline(always)]
    pub(crate) fn release(_: Level) {}
}

pub(crate) use checker::{acquire, release};
