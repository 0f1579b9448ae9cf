//! The lifter: turns a region of guest code into Cranelift's IR, and that into host code which can
//! be relocated. It depends on neither guest memory nor a machine; xenia-jit decides what is
//! compiled, stores the code and enters it. See docs/src/internals/jit.md.
//!
//! ```text
//!  guest words ──► discover ──► Region ──► Compiler::compile ──► Compiled: code, tables,
//!                  cfg                     analysis, emit,         relocations
//!                                          dead_loads, arch
//! ```
//!
//! | question | modules |
//! |---|---|
//! | Which instructions form a region, with which edges and loops? | [`cfg`] |
//! | What is known about its values? | `analysis` |
//! | Which host code does it become? | `emit`; `dead_loads`, `peephole` |
//! | What may the code assume of its surroundings? | [`host`], [`hook`], [`thunks`] |
//! | How is floating point exact? | [`float`] |
//! | What depends on the processor? | `arch` |
//!
//! Invariants:
//! - Nothing here runs the code that it makes.
//! - Code depends only on the guest's words, the [`LiftConfig`] and the [`CompilerConfig`]. It has
//!   no absolute host address but, as a setting, the base of guest memory.
//! - Host frames of guest functions hold only the address to which they expect the guest to return:
//!   all guest state is in the context at every call, exit and block boundary.
//! - Software arithmetic shares no code with the interpreter.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod analysis;
mod arch;
pub mod cfg;
mod dead_loads;
mod emit;
mod error;
mod fault_exit;
pub mod float;
pub mod hook;
pub mod host;
mod mode;
mod peephole;
mod relocation;

pub use arch::{DepthCheck, FirstThunk, TargetCpu, features, thunks};
pub use emit::function_tier::{
    Compiled, Compiler, CompilerConfig, Effort, EntryOffset, Landing, SiteStart, Tables, Texts,
};
pub use emit::{LiftConfig, MAX_IR, SINGLE_RESULT, Site};
pub use error::LiftError;
pub use fault_exit::FaultExits;
pub use mode::Mode;
pub use relocation::{Relocation, RelocationTarget};
