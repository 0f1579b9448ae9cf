//! Just-in-time compiler: lifts guest code to Cranelift IR, compiles, caches and links it, and
//! enters the host code. A baseline tier compiles code at its first execution.
//!
//! ```text
//!  cfg ─────► lift ──► optimizing ──► code::cache ──► code::memory
//!  (blocks)   (IR)     (host code)    (entries, links, versions)
//!                                             ▲
//!  Jit::run ──► enter ──► compiled code ──────┘  returns to Jit: missing code, stale pages,
//!                  └─► hooks (software floats,   spent budget
//!                      faults)
//! ```
//!
//! | question | modules |
//! |---|---|
//! | Which code is compiled, and when? | `tiering` |
//! | Which instructions form a region, with which edges and loops? | `cfg` |
//! | What is known about its values? | `analysis` |
//! | What compiles code at its first execution? | `baseline` |
//! | Which host code does it become? | `lift`, `transform`, `optimizing` |
//! | Where does it lie, when is it freed, how does it persist? | `code` |
//! | How is it entered and left, what does it call? | `jit`, `runtime` |
//! | How is floating point exact? | `float` |
//! | Is it right, and where does the time go? | `inspect` |
//!
//! Invariants:
//! - Host frames of guest functions hold only the address to which they expect the guest to return:
//!   all guest state is in the context at every call, exit and block boundary.
//! - Compiled code is position-independent towards the machine; see `host`.
//! - Exactly the budget's number of instructions runs; the interpreter runs the last few of a
//!   visit.
//! - `unsafe` is in `code::memory`, `runtime::enter`, `runtime::hooks` and `baseline::enter` only.
#![deny(unsafe_code)]

mod analysis;
mod baseline;
mod cfg;
mod code;
mod config;
mod error;
mod float;
mod inspect;
mod jit;
mod lift;
mod optimizing;
mod runtime;
mod tiering;
mod transform;

pub use code::store::{CodeStore, Keeper, MOST_BYTES, StoreOptions, StoreTally};
pub use config::{Granularity, JitConfig, Tiers};
pub use error::JitError;
pub use inspect::cross_check::{CrossCheck, Unit};
pub use jit::Jit;
pub use optimizing::compile::Dump;
pub use optimizing::cost::{BlockCost, RegionCost};
pub use optimizing::function_tier::Effort;
pub use runtime::shared::CodeSizes;
pub use tiering::precompile::{Ahead, Precompiled};
