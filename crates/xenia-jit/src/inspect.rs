//! Views of compiled code for developers: differential testing, maps for `perf`.

pub(crate) mod cross_check;
pub(crate) mod jit_dump;
pub(crate) mod perf_map;
