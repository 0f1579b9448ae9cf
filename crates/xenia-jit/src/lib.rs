//! Lifts guest code to Cranelift IR, compiles, caches, links, enters host code.
//!
//! ```text
//!  region ──► lift ──► function_tier ──► code_cache ──► code_memory
//!  (blocks)   (IR)     (host code)       (entries, links, versions)
//!                                             ▲
//!  Jit::run ──► enter ──► compiled code ──────┘  missing code, stale pages, spent budget come back to Jit
//!                  └─► hooks (software floats, faults)
//! ```
//!
//! | question | modules |
//! |---|---|
//! | when is what compiled? | `warmth`, `background`, `ahead`, `precompile`, `idle`; `functions`, `starts`, `plan`, `pieces`, `region` |
//! | what does it become? | `lift` (an arm for each instruction), `loops`, `unused`, `function_tier`; `cost` counts it |
//! | where does it lie, and for how long? | `compile`, `relocation`, `code_memory`, `code_cache`, `epochs`; `store` and `restore` for the next start |
//! | who goes in and out? | `jit`, `enter`, `host`, `mode`, `shared`, `fault_exit` |
//! | what does it call? | `hooks`; `soft_float`, `soft_single`, `exact_vector`, `float_state`, `strings` |
//! | is it right, and where does time go? | `cross_check`; `perf_map`, `jit_dump` |
//!
//! Invariants:
//! - Host frames of guest functions hold nothing but the address they expect the guest to return
//!   to: all guest state is in the context at every call, exit and block boundary.
//! - Compiled code is position-independent towards the machine; see `host`.
//! - Exactly the budget's number of instructions runs; the last few of a visit are the
//!   interpreter's.
//! - `unsafe` is in `code_memory`, `enter`, `baseline::enter` and `hooks` only.
#![deny(unsafe_code)]

mod ahead;
mod background;
mod baseline;
mod code_cache;
#[allow(unsafe_code)]
mod code_memory;
mod compile;
mod config;
mod cost;
mod cross_check;
#[allow(unsafe_code)]
mod enter;
mod epochs;
mod error;
mod exact_vector;
mod fault_exit;
mod float_state;
mod function_tier;
mod functions;
#[allow(unsafe_code)]
mod hooks;
mod host;
mod idle;
mod jit;
mod jit_dump;
mod lift;
mod loops;
mod mode;
mod perf_map;
mod pieces;
mod plan;
mod precompile;
mod region;
mod relocation;
mod restore;
mod shared;
mod soft_float;
mod soft_single;
mod starts;
mod store;
mod strings;
mod unused;
mod warmth;

pub use compile::Dump;
pub use config::{Granularity, JitConfig, Tiers};
pub use cost::{BlockCost, RegionCost};
pub use cross_check::{CrossCheck, Unit};
pub use error::JitError;
pub use function_tier::Effort;
pub use jit::Jit;
pub use precompile::{Ahead, Precompiled};
pub use shared::CodeSizes;
pub use store::{CodeStore, Keeper, MOST_BYTES, StoreOptions, StoreTally};
