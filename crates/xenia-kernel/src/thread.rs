//! Guest threads: records, creation and termination, APCs, DPCs and interrupts.

pub mod apc;
pub(crate) mod deferred;
pub mod frames;
pub mod holders;
pub(crate) mod interrupt_level;
pub mod interrupts;
pub mod life;
pub(crate) mod lists;
pub(crate) mod notification;
pub(crate) mod pending_count;
mod processes;
pub mod records;
pub(crate) mod section_entry;
pub mod service;
pub mod timer_calls;
pub mod tls;
pub mod waiting;

pub use processes::Processes;
