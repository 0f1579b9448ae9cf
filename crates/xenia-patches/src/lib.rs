//! Patches of titles' executables, in the community's TOML format.
//!
//! ```toml
//! title_name = "A title"
//! title_id = "4D5307D1"
//! hash = "56209C4732826FCF"      # or a list: the executables that the addresses are of
//!
//! [[patch]]
//!     name = "60 FPS"
//!     author = "somebody"
//!     is_enabled = false
//!
//!     [[patch.be32]]
//!         address = 0x8250fa48
//!         value = 0x60000000
//! ```
//!
//! [`parse`] reads a file, [`executable_hash`] computes the hash that names an executable, and
//! [`PatchSet`] has the patches that are switched on. Files are other people's: each fault is
//! reported with its line, and a patch with a fault is never applied.
#![forbid(unsafe_code)]

mod file;
mod hash;
mod lines;
mod quotation;
mod set;
mod value;

pub use file::{PatchFault, PatchFile, PatchWrite, TitlePatch, parse};
pub use hash::{ExecutableHash, executable_hash};
pub use set::{PatchError, PatchSet, SwitchedOn};

/// Largest size of a patch file in bytes; the largest of the published collection has 14 KiB.
pub const MAX_FILE: usize = 1 << 20;
/// Largest number of patches in a file.
pub const MAX_PATCHES: usize = 4096;
/// Largest number of writes of a patch.
pub const MAX_WRITES: usize = 16_384;
/// Largest number of hashes in a file.
pub const MAX_HASHES: usize = 256;
/// Largest number of characters of the file in a message.
pub const MAX_QUOTED: usize = 60;
/// Largest number of faults reported for a file.
pub const MAX_FAULTS: usize = 100;
