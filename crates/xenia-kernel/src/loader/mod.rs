//! Placing an executable in guest memory and starting it.
//!
//! A reader (xenia-formats) has already checked, decrypted and decompressed the file. What happens here: pages with their
//! protection, import slots and thunks, the module's entry in guest memory, TLS layout, the first thread.

mod imports;
mod modules;
mod start;

pub use modules::{LoadError, Module, Modules};
