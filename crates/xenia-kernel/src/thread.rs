//! Guest threads: records, creation and termination, APCs, DPCs and interrupts.

pub mod apc;
pub mod deferred;
pub mod frames;
pub mod holders;
pub mod interrupt_level;
pub mod interrupts;
pub mod life;
pub(crate) mod lists;
pub mod notification;
pub(crate) mod pending_count;
mod processes;
pub mod records;
pub mod section_entry;
pub mod service;
pub mod timer_calls;
pub mod tls;
pub mod waiting;

pub use processes::Processes;
