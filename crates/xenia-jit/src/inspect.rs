//! Views of compiled code for developers: differential testing, code size, maps for `perf`.

pub(crate) mod cost;
pub(crate) mod cross_check;
pub(crate) mod jit_dump;
pub(crate) mod perf_map;
