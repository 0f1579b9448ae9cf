//! Module loader: maps an executable into guest memory and starts it.
//!
//! A reader in `xenia-formats` has already checked, decrypted and decompressed the file. The loader
//! sets up pages and their protection, import slots and thunks, the module's entry in guest memory,
//! the TLS layout and the first thread. Libraries that a title imports, or loads at run time, take
//! the same path; afterwards their entry point is called ([`operation`]).

mod dynamic;
pub mod image_headers;
mod imports;
mod libraries;
mod lock;
mod modules;
pub(crate) mod operation;
mod patches;
mod places;
mod start;

pub(crate) use dynamic::{base_name, count_loads, path_of};
pub(crate) use libraries::begin;
pub(crate) use lock::locked;
pub(crate) use modules::Identity;
pub use modules::{LoadError, Module, Modules};
