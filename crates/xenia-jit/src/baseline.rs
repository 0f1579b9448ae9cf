//! The baseline tier: compiles guest code to host code at its first execution.
//!
//! ```text
//!  interpreter ──► baseline ───► optimizing tier (Cranelift)
//!  (pages that     at first      for functions found hot by
//!   change, odd     execution     samples of slices (`tier`)
//!   modes)
//! ```
//!
//! One pass over a function's words: templates over a fixed map of guest to host registers (`map`),
//! guest calls as host calls, direct jumps between units. It compiles a guest instruction in about
//! 0.08 µs to about 9 bytes; see docs/src/decisions/0026-when-code-is-compiled.md.
//!
//! | question | modules |
//! |---|---|
//! | Which words are compiled together? | `unit`, `endings`, `source` |
//! | Which host code do they become? | `emit`, `templates`, `encode` |
//! | Where does the code lie, how is it linked, when is it freed? | `cache`, `links`, `sites` |
//! | Which functions gain in the optimizing tier? | `function_scan`, `worth`, `shares`, `ran` |
//! | How is the code entered and left? | `tier`, `slices`, `enter`, `services` |
//!
//! Invariants:
//! - Code runs contexts in 32-bit mode with XER\[SO\] = 0. The interpreter runs all instructions
//!   that may change either.
//! - Between two guest instructions all guest state is in the mapped registers and the context.
//! - `unsafe` is confined to `enter` and its thunks.
//!
//! The host code is x86-64's. On other processors no code is emitted and `unsupported` replaces
//! `enter`; only the static scan of functions is used there.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]

mod cache;
mod call_table;
mod condition_thunk;
pub(crate) mod device_sites;
mod emit;
mod encode;
mod endings;
#[allow(unsafe_code)]
#[cfg_attr(not(target_arch = "x86_64"), path = "baseline/unsupported.rs")]
mod enter;
mod entries;
mod float_thunks;
mod function_scan;
mod group_thunks;
mod links;
mod map;
mod ran;
mod reason;
mod services;
mod shares;
mod single_thunks;
mod sites;
mod slices;
mod source;
mod templates;
mod tier;
mod unit;
mod worth;

pub(crate) use function_scan::{FunctionScanner, ScannedFunction};
pub(crate) use slices::SLICE;
pub(crate) use templates::CodeOptions;
pub(crate) use tier::{Baseline, BaselineEnd};
pub(crate) use worth::Sampled;
