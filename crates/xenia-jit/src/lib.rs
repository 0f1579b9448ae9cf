//! Just-in-time compiler: lifts guest code to Cranelift IR, compiles, caches and links it, and
//! enters the host code. A baseline tier compiles code at its first execution.
//!
//! ```text
//!  cfg ──► transform ──► analysis ──► emit ──► code::cache ─► code::memory
//!  (regions)                          (host    (entries, links, versions)
//!                                      code)        ▲
//!  Jit::run ──► enter ──► compiled code ────────────┘  returns to Jit: missing code, stale pages,
//!                  └─► hooks (software floats,         spent budget
//!                      faults)
//! ```
//!
//! | question | modules |
//! |---|---|
//! | Which instructions form a region, with which edges and loops? | `cfg` |
//! | Which part of a function is compiled at once? | `transform`: `plan`, `pieces`, `inlining` |
//! | What is known about its values? | `analysis` |
//! | Which host code does it become? | `emit`; `transform::dead_loads` |
//! | What compiles code at its first execution? | `baseline` |
//! | When is code compiled? | `tiering` |
//! | In which order do the steps run? | `compile` |
//! | Where does code lie, when is it freed, how does it persist? | `code` |
//! | How is it entered and left, what does it call? | `jit`; `runtime` |
//! | How is floating point exact? | `float` |
//! | What depends on the processor? | `arch`, and all of `baseline` |
//! | Is it right, how large is it, where does the time go? | `inspect` |
//!
//! Invariants:
//! - Host frames of guest functions hold only the address to which they expect the guest to return:
//!   all guest state is in the context at every call, exit and block boundary.
//! - Compiled code is position-independent towards the machine; see `host`.
//! - Exactly the budget's number of instructions runs; the interpreter runs the last few of a
//!   visit.
//! - `unsafe` is in `code::memory`, `runtime::{enter, hooks}`, `arch` and `baseline::enter` only.
#![deny(unsafe_code)]

mod analysis;
mod arch;
mod baseline;
mod cfg;
mod code;
mod compile;
mod config;
mod emit;
mod error;
mod float;
mod inspect;
mod jit;
mod lock_order;
mod mode;
mod runtime;
mod tiering;
mod transform;

pub use arch::features::HAS_BASELINE;
pub use code::store::{CodeStore, Keeper, MOST_BYTES, StoreOptions, StoreTally};
pub use compile::Dump;
pub use config::{Granularity, JitConfig, Tiers};
pub use emit::function_tier::Effort;
pub use error::JitError;
pub use inspect::cost::{BlockCost, RegionCost};
pub use inspect::cross_check::{CheckUnit, CrossCheck};
pub use jit::Jit;
pub use runtime::shared::CodeSizes;
pub use tiering::precompile::{Ahead, Precompiled};
