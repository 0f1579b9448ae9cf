//! Kernel objects: their kinds, reference counts, handles and names.
//!
//! An object's body lies in guest memory behind an `OBJECT_HEADER`, as on the console, so pointers,
//! embedded dispatcher objects and handles all lead to the same state. [`Objects`] tracks which
//! bodies exist, their kinds and their handle and reference counts. The behaviour of an object
//! belongs to its subsystem ([`dispatcher`], files, modules), which keeps its state by body
//! address.
//!
//! Handle values start at 0x1000, step by 4 and are not reused, so a stale handle is an error.
//!
//! A call that has found an object by handle or pointer keeps it alive until the call returns
//! ([`ObjectRef`]); a wait keeps it alive until the wait has ended ([`HeldObject`]).

pub mod critical_section;
pub mod dispatcher;
mod handle_table;
mod kind;
pub mod lock_queue;
pub mod mutant;
mod object_ref;
pub mod read_write_lock;
mod sharded;
mod slab;
pub mod spin_lock;
mod state;
mod table;
pub mod timer;
mod wait_list;

pub use kind::ObjectKind;
pub use object_ref::{HeldObject, ObjectRef};
pub(crate) use state::{HeldState, MAX_SERIAL, check_thread};
pub(crate) use table::ObjectsState;
pub use table::{Deleted, ListedObject, Objects, RestoredUses};
