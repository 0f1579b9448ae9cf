//! Tests of the kernel's exports through the guest ABI; `tests/calls` calls single exports,
//! `tests/titles` runs whole titles.
//!
//! They are a crate because they are as long as a third of the kernel: a change of a test compiles
//! this crate only. The harness is that of xenia-exports, under its feature `testing`.
#![forbid(unsafe_code)]
