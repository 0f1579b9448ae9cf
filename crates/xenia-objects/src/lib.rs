//! Kernel objects: their kinds, reference counts, handles and names; waits and signals; the locks
//! that titles use; and the pool of guest memory in which the kernel keeps all of them. The
//! subsystems that give objects their meaning (threads, files, modules) are in xenia-kernel, which
//! re-exports this crate as `objects`. See docs/src/internals/kernel.md.
//!
//! | question | modules |
//! |---|---|
//! | Which objects exist, who holds them? | [`Objects`] and what it consists of |
//! | How do threads wait for them? | [`dispatcher`]; mutants and timers are its parts |
//! | How do locks that are not objects work? | [`critical_section`] and its neighbours |
//! | Where does their memory come from? | [`pool`] |
//! | How does an operation fail? | [`failure`] |
//!
//! An object's body follows its `OBJECT_HEADER` in guest memory, as on the console, so pointers,
//! embedded dispatcher objects and handles all lead to the same state. [`Objects`] tracks which
//! bodies exist, their kinds and their handle and reference counts. The behaviour of an object
//! belongs to its subsystem ([`dispatcher`], files, modules), which keeps its state by body
//! address.
//!
//! Invariants:
//! - Handle values are the console's: from 0xF8000000 in steps of 4, the one closed last first.
//! - A call that has found an object by handle or pointer keeps it alive until the call returns
//!   ([`ObjectRef`]); a wait keeps it alive until the wait has ended ([`HeldObject`]).
//! - Nothing here depends on a `Kernel`, an export or the guest's calling convention, and nothing
//!   blocks a host thread.
#![forbid(unsafe_code)]

pub mod clock;
pub mod critical_section;
pub mod dispatcher;
mod dispatcher_header;
pub mod failure;
mod handle;
mod handle_table;
mod kernel_pool;
mod kind;
pub mod lock_queue;
pub mod pool;
pub mod read_write_lock;
mod sharded;
mod slab;
pub mod spin_lock;
mod state;
mod table;

pub use handle::Handle;
pub use kernel_pool::KernelPool;
pub use kind::ObjectKind;
pub use state::{MAX_SERIAL, check_thread};
pub use table::{
    Deleted, ExistingNamed, HeldObject, HeldState, ListedObject, ObjectRef, Objects, ObjectsState,
    ReferenceCounts, RestoredUses,
};
