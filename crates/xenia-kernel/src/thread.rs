//! Guest threads: records, creation and termination, APCs, DPCs and interrupts.

pub mod apc;
pub(crate) mod deferred;
pub mod frames;
mod holders;
pub(crate) mod interrupt_level;
pub mod interrupts;
pub mod life;
pub(crate) mod lists;
pub(crate) mod notification;
mod processes;
pub mod records;
mod service;
pub mod tls;

pub use processes::Processes;
