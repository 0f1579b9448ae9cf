//! Criterion benches of the hot paths; the benches themselves are in `benches/`.
#![forbid(unsafe_code)]
