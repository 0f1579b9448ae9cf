//! The guest processor: its architected state, the interpreter, and the trait that every engine
//! implements.
//!
//! - [`PpcContext`]: one hardware thread's registers, laid out for compiled code as well.
//! - [`Execute`]: the interface of an engine; the scheduler uses only this.
//! - [`Interpreter`]: the reference engine. Written from the architecture books alone, it shares
//!   the decode table with the lifter, and no other code.
//!
//! Follows PowerISA 2.02 (books I–III), the AltiVec programming environments manual and the VMX128
//! notes. Where the books leave a choice, docs/src/decisions records which one and why.
#![forbid(unsafe_code)]

mod arms;
mod condition;
mod context;
mod counters;
mod execute;
pub mod fpscr;
mod interp;
mod tables;

pub use arms::Arm;
pub use condition::{CR_FIELDS, CrField};
pub use context::{
    FpLazy, HOST_WORDS, PROCESSOR_VERSION, PpcContext, RegisterDifference, Reservation, cr_bit, msr_bit,
    vscr_bit,
};
pub use counters::{CounterRow, Counters, CrossCheckCounters, EngineCounters, Figure, Longest, Part};
pub use execute::{EngineConfig, ExceptionKind, Execute, Exit, GuestException, ReservationMode};
pub use interp::{
    AccessNote, AccessNotes, AccessWatch, Interpreter, StoredBytes, Warmth, WatchedAccess, WatchedRange,
};
pub use tables::{ESTIMATE_TABLES, EstimateTables};
