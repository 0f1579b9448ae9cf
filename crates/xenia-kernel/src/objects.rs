//! Kernel objects: what handles name, who refers to them, what they are called.
//!
//! An object's body lies in guest memory, behind an `OBJECT_HEADER`, as the console has it; so
//! pointers to objects, embedded dispatcher objects and handles all lead to the same state. The
//! books here say which bodies exist, of which kind, and how many handles and pointers keep them.
//! What an object does is its subsystem's business ([`dispatcher`], files, modules), which keeps
//! its own state by body address.
//!
//! Handles count up from 0x1000 by 4 and are never reused: a stale one is an error.
//!
//! A call that has found an object by a handle or a pointer keeps it ([`ObjectRef`]) until it is
//! done, a wait until it has ended ([`HeldObject`]): nobody clears it away meanwhile.

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
mod table;
pub mod timer;
pub(crate) mod types;
mod wait_list;

pub use kind::ObjectKind;
pub use object_ref::{HeldObject, ObjectRef};
pub use table::{Deleted, Objects};
