//! The processor's part: single accesses to memory that other threads access, too, and emulation of
//! instructions that faulted.
//!
//! One folder per processor, with the same names in each.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::{accesses, emulate};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{accesses, emulate};
