//! Failures of calls: the error type of exports, and NT status codes as Win32 errors.

pub mod dos_error;

pub use xenia_objects::failure;
