//! The processor's part of the compiler: code in front of regions, the form of its accesses' marks
//! and relocations, features, and the optimisation of finished code.
//!
//! One folder per processor, with the same names in each; nothing else of the crate depends on the
//! processor.
//!
//! | module | contents |
//! |---|---|
//! | `thunks` | code in front of regions' functions, and for addresses without code |
//! | `fault_exit` | marks after accesses in loops |
//! | `features` | instructions that Cranelift may use; properties that change the lifter's code |
//! | `peephole` | optimisation of finished code |
//! | `relocation` | how code refers to link slots and to itself |

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::{fault_exit, peephole, relocation};
#[cfg(target_arch = "aarch64")]
pub use aarch64::{features, thunks};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{fault_exit, peephole, relocation};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{features, thunks};

/// Processor of the host that code is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetCpu {
    /// This host's, with all features that it has.
    #[default]
    Native,
    /// The least one that is supported: x86-64-v2 or Armv8.0, whatever this host is.
    Portable,
}

/// Entries of a region that compare the host's stack pointer with the limit, so that calls do not
/// nest without bound on the host's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthCheck {
    /// No entry: the region calls nothing.
    None,
    /// The only entry.
    First,
    /// The first entry, and all others in one place.
    All,
}

/// Code in front of a region's function.
#[derive(Debug)]
pub struct FirstThunk {
    /// The code, directly followed by the function.
    pub code: Vec<u8>,
    /// Offset of the region's first entry in it.
    pub entry: usize,
    /// Offset that the other entries jump to: a check, or the code's end.
    pub others: usize,
}
