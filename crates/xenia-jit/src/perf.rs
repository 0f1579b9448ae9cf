//! Files for the profiler `perf`: names and bytes of compiled code.

pub(crate) mod jit_dump;
pub(crate) mod map;
