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
mod object_types;
pub mod operation;
mod patches;
mod places;
mod start;

pub(crate) use dynamic::MAX_FILE;
pub use dynamic::{base_name, count_loads, path_of};
pub(crate) use libraries::begin;
pub use lock::locked;
pub use modules::Identity;
pub(crate) use modules::ModulesState;
pub use modules::{LoadError, Module, Modules};
pub use places::Symbolizer;

use crate::files::Files;
use crate::imports::ImportBindings;
use crate::objects::{KernelPool, Objects};
use xenia_formats::KeyRing;
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_patches::PatchSet;
use xenia_sync::Mutex;

/// Loading and unloading of modules.
#[derive(Clone, Copy)]
pub struct ModuleLoader<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) limits: &'k ResourceLimits,
    pub(crate) pool: &'k KernelPool,
    pub(crate) objects: &'k Objects,
    pub(crate) files: &'k Mutex<Files>,
    pub(crate) imports: &'k ImportBindings,
    pub(crate) modules: &'k Mutex<Modules>,
    /// Keys of the executables that the title loads.
    pub(crate) keys: &'k KeyRing,
    /// Guest path of the title's executable; modules named without a path lie beside it.
    pub(crate) image_path: &'k str,
    /// Patches that are switched on for the title.
    pub(crate) patches: &'k PatchSet,
}
