//! Run time of compiled code: when code is compiled, where it is stored, how it is entered and
//! left, and the routines that it calls.

pub(crate) mod ahead;
pub(crate) mod background;
pub(crate) mod code_cache;
#[allow(unsafe_code)]
pub(crate) mod code_memory;
#[allow(unsafe_code)]
pub(crate) mod enter;
pub(crate) mod epochs;
pub(crate) mod exact_vector;
pub(crate) mod fault_exit;
pub(crate) mod float_state;
#[allow(unsafe_code)]
pub(crate) mod hooks;
pub(crate) mod host;
pub(crate) mod idle;
pub(crate) mod jit_dump;
pub(crate) mod perf_map;
pub(crate) mod precompile;
pub(crate) mod relocation;
pub(crate) mod restore;
pub(crate) mod shared;
pub(crate) mod soft_float;
pub(crate) mod soft_single;
pub(crate) mod store;
pub(crate) mod strings;
pub(crate) mod warmth;
