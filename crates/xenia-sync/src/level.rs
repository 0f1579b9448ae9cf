//! The table of lock levels: as values for the run-time checker, and as types for the compiler. One
//! list defines both.

/// Defines the levels: for each, its value, its type, and the levels that may follow it.
macro_rules! levels {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// The place of a lock in the lock order. A thread that holds a level may wait only for
        /// levels further down this list.
        ///
        /// The order follows the calls: the kernel's subsystems, devices, the scheduler, in which
        /// all of them wake threads, and guest memory. docs/src/decisions/0041-lock-order.md
        /// has the reasons.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Level {
            $($(#[doc = $doc])+ $name),+
        }

        impl Level {
            /// All levels, in ascending order.
            pub const ALL: &[Level] = &[$(Level::$name),+];
        }

        /// The levels as types, for mutexes whose order the compiler checks.
        pub mod levels {
            use super::sealed::Sealed;
            use super::{Below, Level, LevelType};

            /// The state of holding no lock.
            #[derive(Clone, Copy, Debug)]
            pub enum Nothing {}

            impl Sealed for Nothing {}

            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug)]
                pub enum $name {}

                impl Sealed for $name {}

                impl LevelType for $name {
                    const LEVEL: Level = Level::$name;
                }

                impl Below<$name> for Nothing {}
            )+

            levels!(@below $($name)+);
        }
    };
    (@below $first:ident $($rest:ident)*) => {
        $(impl Below<$rest> for $first {})*
        levels!(@below $($rest)*);
    };
    (@below) => {};
}

/// Exclusive upper bound of the ordinals of a level's locks.
pub(crate) const ORDINALS: u32 = 1 << 24;

/// A type that represents a [`Level`].
pub trait LevelType: sealed::Sealed {
    /// The level as a value.
    const LEVEL: Level;
}

/// A thread that holds at most `Self` may wait for a lock of level `L`.
#[diagnostic::on_unimplemented(
    message = "a lock of level `{L}` can't be taken while one of level `{Self}` is held",
    label = "against the order of `xenia_sync::Level`"
)]
pub trait Below<L>: sealed::Sealed {}

mod sealed {
    /// Prevents other crates from adding levels or relations.
    pub trait Sealed {}
}

levels! {
    /// The program around a machine: players, windows and watchdogs, under whose locks the machine
    /// is asked. The ordinals are those of `lock_order` in the crate xenia.
    Program,
    /// Wait lists of kernel objects, timers, deferred calls. Sharded by address: the ordinal is the
    /// shard.
    Dispatcher,
    /// Kernel objects and handles.
    Objects,
    /// The kernel's data about each guest thread.
    Threads,
    /// Files and devices of the virtual file system.
    Files,
    /// Table of loaded modules.
    Modules,
    /// Configuration, users, notifications.
    Settings,
    /// Video, audio and input state of the kernel.
    Devices,
    /// The command processor, queues and devices of the graphics backends.
    Graphics,
    /// Allocation of thread names and locations of guest threads.
    Topology,
    /// One hardware thread's run queues. The ordinal is its number.
    Slot,
    /// The compilers of the engines, each held while code is compiled, and the queue of orders for
    /// the compiler thread. The ordinals are those of `lock_order` in xenia-jit.
    Compiler,
    /// Caches of host code, and the store that keeps it. The ordinals are those of xenia-jit's
    /// `lock_order`.
    Code,
    /// The host's inputs and outputs: controllers, recordings, sound. The ordinals are those of
    /// `lock_order` in the crate xenia.
    Host,
    /// Allocation metadata of guest memory.
    Memory,
    /// Logs and counters: may be acquired under any other lock.
    Leaf,
}
