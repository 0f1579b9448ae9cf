//! The processor-specific part of the engine: entry to compiled code, exit from it, calls back from
//! it, and its floating-point state. The compiler's part is in `arch` of xenia-lifter.
//!
//! One folder per processor, with the same names in each; nothing else of the crate depends on the
//! processor, apart from the baseline tier, which is x86-64's.
//!
//! | module | contents |
//! |---|---|
//! | `enter` | ways in and out |
//! | `hooks` | the calling convention of hooks; entries that preserve all registers |
//! | `conditions` | the condition register's word |
//! | `float` | the floating-point state, as MXCSR's word |
//! | `inspect` | instructions in code, for measurements |

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use aarch64::HAS_BASELINE;
#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::{conditions, enter, float, hooks, inspect};
#[cfg(target_arch = "x86_64")]
pub use x86_64::HAS_BASELINE;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{conditions, enter, float, hooks, inspect};
