//! The baseline tier: host code for guest code at first sight.
//!
//! ```text
//!  interpreter ──► baseline ──► optimizing tier (Cranelift)
//!  (restless       at first     by samples of slices (`tier`)
//!   pages, odd     sight
//!   modes)
//! ```
//!
//! One pass over a function's words: templates over a fixed map of guest to host registers (`map`),
//! guest calls as host calls, direct jumps between units. It compiles a guest instruction in about
//! 0.08 µs to about 9 bytes; see docs/src/decisions/0105-a-baseline-tier.md.
//!
//! | question | modules |
//! |---|---|
//! | what is compiled together? | `unit`, `leaves`, `source` |
//! | what does it become? | `emit`, `templates`, `encode` |
//! | where does it lie, what leads to it, when does it go? | `cache`, `links`, `sites` |
//! | what gains in the optimizing tier? | `worth`, `survey` |
//! | how is it entered and left? | `tier`, `enter`, `services` |
//!
//! Invariants:
//! - Code runs contexts in 32-bit mode with XER\[SO\] = 0; instructions that may change either are
//!   the interpreter's.
//! - Between two guest instructions all guest state is in the mapped registers and the context.
//! - `unsafe` is in `enter` and its thunks only.

mod cache;
mod call_table;
mod condition_thunk;
mod emit;
mod encode;
#[allow(unsafe_code)]
mod enter;
mod leaves;
mod links;
mod map;
mod services;
mod single_thunks;
mod sites;
mod source;
mod survey;
mod templates;
mod tier;
mod unit;
mod worth;

pub(crate) use survey::{Survey, Surveyed};
pub(crate) use tier::{Baseline, SLICE, Visited};
