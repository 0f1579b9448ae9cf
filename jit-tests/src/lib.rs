//! Conformance cases (data), their runner, and the instruction-sequence fuzzer.
//!
//! The folders beside `src` hold the cases: `<family>/<mnemonic>.s`, one file per mnemonic of the
//! instruction table, and `corpus/` with the fuzzer's seeds and the failures that it found and
//! shrank. [`conformance::run`] runs any such file on any engine; [`fuzz::run`] compares an engine
//! with the interpreter on random sequences.
#![forbid(unsafe_code)]

pub mod conformance;
pub mod fpscr;
pub mod fuzz;
pub mod qemu;
