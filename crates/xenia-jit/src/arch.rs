//! The processor's part of the engine: how compiled code is entered, left and called back, what its
//! faults and relocations look like, which features and which memory order the processor has.
//!
//! One folder per processor, with the same names in each; nothing else of the crate depends on the
//! processor, apart from the baseline tier, which is x86-64's.
//!
//! | module | contents |
//! |---|---|
//! | `enter` | ways in and out; thunks in front of code |
//! | `hooks` | the calling convention of hooks; entries that preserve all registers |
//! | `conditions` | the condition register's word |
//! | `float` | the floating-point state, as MXCSR's word |
//! | `fault_exit` | marks behind accesses in loops |
//! | `features` | instructions that Cranelift may use; properties that change the lifter's code |
//! | `peephole` | optimisation of finished code |
//! | `relocation` | how code refers to link slots and to itself |
//! | `inspect` | instructions in code, for measurements |

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::{
    conditions, enter, fault_exit, features, float, hooks, inspect, peephole, relocation,
};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{
    conditions, enter, fault_exit, features, float, hooks, inspect, peephole, relocation,
};
