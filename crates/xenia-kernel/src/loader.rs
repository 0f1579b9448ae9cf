//! Placing an executable in guest memory and starting it.
//!
//! A reader (xenia-formats) has already checked, decrypted and decompressed the file. What happens
//! here: pages with their protection, import slots and thunks, the module's entry in guest memory,
//! TLS layout, the first thread. Libraries that a title imports from, or loads while it runs, go
//! the same way, and then their entry is called ([`operation`]).

mod dynamic;
pub mod image_headers;
mod imports;
mod libraries;
mod lock;
mod modules;
pub(crate) mod operation;
mod places;
mod start;

pub(crate) use dynamic::{base_name, count_loads, path_of};
pub(crate) use libraries::begin;
pub(crate) use lock::locked;
pub(crate) use modules::Identity;
pub use modules::{LoadError, Module, Modules};
