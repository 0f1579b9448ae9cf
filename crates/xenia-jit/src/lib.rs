//! Just-in-time compiler: decides what guest code is compiled, caches and links the host code, and
//! enters it. xenia-lifter compiles a region; the baseline tier, which compiles code at its first
//! execution, is here.
//!
//! ```text
//!  Shared::plan ──► xenia-lifter ──► code::cache ─► code::memory
//!  (regions)        (host code)      (entries, links, versions)
//!                                         ▲
//!  Jit::run ──► enter ──► compiled code ──┘  returns to Jit: missing code, stale pages,
//!                  └─► hooks (software floats,     spent budget
//!                      faults)
//! ```
//!
//! | question | modules |
//! |---|---|
//! | Which functions are known? Which part of one is compiled at once? | `functions`; `plan` |
//! | What compiles code at its first execution? | `baseline` |
//! | When is code compiled? | `jit::warmth`, `tiering` |
//! | In which order do the steps run? | `compile` |
//! | Where does code lie, when is it freed, how does it persist? | `code` |
//! | How is it entered and left, what does it call? | `jit`; `runtime` |
//! | What do the engines of a machine share? | `shared` |
//! | What depends on the processor? | `arch`, and all of `baseline` |
//! | Is it right, how large is it? | `inspect` |
//! | Where does the time go? | `perf` |
//!
//! A module imports only those to its left, and `arch`, `config`, `counts`, `error`, `lock_order`
//! and `perf`, which import none of these:
//!
//! ```text
//!  functions ◄ code ◄ runtime ◄ baseline ◄ shared ◄ plan ◄ compile ◄ tiering ◄ jit ◄ inspect
//! ```
//!
//! Invariants:
//! - Host frames of guest functions hold only the address to which they expect the guest to return:
//!   all guest state is in the context at every call, exit and block boundary.
//! - Compiled code is position-independent towards the machine; see [`xenia_lifter::host`].
//! - Exactly the budget's number of instructions runs; the interpreter runs the last few of a
//!   visit.
//! - `unsafe` is in `code::{memory, sparse_words}`, `runtime::{enter, hooks}`, `arch` and
//!   `baseline::enter` only.
#![deny(unsafe_code)]

mod arch;
mod baseline;
mod code;
mod compile;
mod config;
mod counts;
mod error;
mod functions;
mod inspect;
mod jit;
mod lock_order;
mod perf;
mod plan;
mod runtime;
mod shared;
mod tiering;

pub use arch::HAS_BASELINE;
pub use code::CodeSize;
pub use code::store::{CodeStore, Keeper, MAX_BYTES, StoreOptions, StoreTally};
pub use config::{Granularity, JitConfig, JitTesting, Tiers};
pub use error::JitError;
pub use inspect::cost::{BlockCost, RegionCost};
pub use inspect::cross_check::{CheckUnit, CrossCheck};
pub use inspect::dump::Dump;
pub use jit::Jit;
pub use shared::CodeSizes;
pub use tiering::precompile::{Ahead, Precompiled};
pub use xenia_lifter::Effort;
