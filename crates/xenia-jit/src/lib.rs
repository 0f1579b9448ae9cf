//! Just-in-time compiler: lifts guest code to Cranelift IR, compiles, caches and links it, and
//! enters the host code. A baseline tier compiles code at its first execution.
//!
//! ```text
//!  cfg ──► transform ──► analysis ──► emit ──► code_cache ──► code_memory
//!  (regions)                          (host    (entries, links, versions)
//!                                      code)        ▲
//!  Jit::run ──► enter ──► compiled code ────────────┘  returns to Jit: missing code, stale pages,
//!                  └─► hooks (software floats,         spent budget
//!                      faults)
//! ```
//!
//! | question | modules |
//! |---|---|
//! | Which instructions form a region? | `cfg`: `functions`, `function_bounds`, `region` |
//! | Which edges and loops does it have? | `cfg`: `graph`, `loops` |
//! | Which part of a function is compiled at once? | `transform`: `plan`, `pieces`, `inlining` |
//! | Which values cross block boundaries? | `analysis`: `block_params`, `loop_carried` |
//! | Which formats do floating-point registers have? | `analysis`: `assumptions` |
//! | Which host code does it become? | `emit`, `emit::function_tier`; `transform::dead_loads` |
//! | What compiles code at its first execution? | `baseline` |
//! | When is code compiled? | `runtime`: `warmth`, `background`, `ahead`, `precompile`, `idle` |
//! | In which order do the steps run? | `compile` |
//! | How large is it? | `cost` |
//! | Where does it lie? | `runtime`: `relocation`, `code_memory`, `code_cache` |
//! | When is it freed? | `runtime`: `code_cache`, `epochs` |
//! | How does code persist between runs? | `runtime`: `store`, `restore` |
//! | How is it entered and left? | `jit`; `runtime`: `enter`, `host`, `shared`, `fault_exit` |
//! | What does it call? | `runtime`: `hooks`, `exact_vector`, `strings` |
//! | How is floating point exact? | `runtime`: `soft_float`, `soft_single`, `float_state` |
//! | Is it right, and where does the time go? | `cross_check`; `runtime`: `perf_map`, `jit_dump` |
//!
//! Invariants:
//! - Host frames of guest functions hold only the address to which they expect the guest to return:
//!   all guest state is in the context at every call, exit and block boundary.
//! - Compiled code is position-independent towards the machine; see `host`.
//! - Exactly the budget's number of instructions runs; the interpreter runs the last few of a
//!   visit.
//! - `unsafe` is in `runtime::{code_memory, enter, hooks}` and `baseline::enter` only.
#![deny(unsafe_code)]

mod analysis;
mod baseline;
mod cfg;
mod compile;
mod config;
mod cost;
mod cross_check;
mod emit;
mod error;
mod jit;
mod mode;
mod runtime;
mod transform;

pub use compile::Dump;
pub use config::{Granularity, JitConfig, Tiers};
pub use cost::{BlockCost, RegionCost};
pub use cross_check::{CrossCheck, Unit};
pub use emit::function_tier::Effort;
pub use error::JitError;
pub use jit::Jit;
pub use runtime::precompile::{Ahead, Precompiled};
pub use runtime::shared::CodeSizes;
pub use runtime::store::{CodeStore, Keeper, MOST_BYTES, StoreOptions, StoreTally};
