//! Pure functions behind exports of the run-time library: text, calendar, cryptography.
//!
//! - [`text`]: format strings (`sprintf`) and character sets.
//! - [`calendar`]: `FILETIME` as calendar fields.
//! - [`crypto`]: digests, ciphers, big-integer arithmetic, random numbers.
//!
//! Invariants: results depend on the arguments and on guest memory only; the only error is a fault
//! at an address that the caller passed.
#![forbid(unsafe_code)]

pub mod calendar;
pub mod crypto;
pub mod text;
