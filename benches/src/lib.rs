//! Criterion benchmarks of the hot paths; the benchmarks themselves are in `benches/`.
#![forbid(unsafe_code)]
