//! The table of levels: as values, which the checker compares while a program runs, and as types,
//! which the compiler compares. Both come from one list, so they can't differ.

/// One line of the list: its value, its type, and which levels it may be followed by.
macro_rules! levels {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// Where a lock stands in the order. A thread that holds a level may wait for levels further down this list only.
        ///
        /// The order runs from what calls to what is called: the kernel's subsystems, devices, the scheduler that all of
        /// them wake threads in, guest memory. Why each stands where it does: docs/src/decisions/0041-the-lock-order.md.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Level {
            $($(#[doc = $doc])+ $name),+
        }

        impl Level {
            /// All levels, in their order.
            pub const ALL: &[Level] = &[$(Level::$name),+];
        }

        /// The levels as types: what [`Held`](crate::Held) and [`LevelMutex`](crate::LevelMutex) are told apart by.
        pub mod levels {
            use super::sealed::Sealed;
            use super::{Below, Level, Place};

            /// No lock at all.
            #[derive(Clone, Copy, Debug)]
            pub enum Nothing {}

            impl Sealed for Nothing {}

            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug)]
                pub enum $name {}

                impl Sealed for $name {}

                impl Place for $name {
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

/// A type that stands for a [`Level`].
pub trait Place: sealed::Sealed {
    /// The level.
    const LEVEL: Level;
}

/// A thread that holds at most `Self` may wait for a lock of level `L`.
#[diagnostic::on_unimplemented(
    message = "a lock of level `{L}` can't be taken while one of level `{Self}` is held",
    label = "against the order of `xenia_sync::Level`"
)]
pub trait Below<L>: sealed::Sealed {}

mod sealed {
    /// Nobody else adds levels or arrows.
    pub trait Sealed {}
}

levels! {
    /// Who waits for which kernel object; timers, deferred calls. Sharded by address: the ordinal is the shard.
    Dispatcher,
    /// Kernel objects and handles.
    Objects,
    /// What the kernel knows about each guest thread.
    Threads,
    /// Files and devices of the virtual file system.
    Files,
    /// Loaded modules.
    Modules,
    /// Configuration, users, notifications.
    Settings,
    /// Video, audio and input state of the kernel.
    Devices,
    /// Which hardware threads exist and where guest threads live.
    Topology,
    /// One hardware thread's run queues. The ordinal is its number.
    Slot,
    /// Guest memory's heaps.
    Memory,
    /// Logs and counters: may be taken under anything.
    Leaf,
}
