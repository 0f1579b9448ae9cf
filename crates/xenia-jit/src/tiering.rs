//! Compilation beside the guest: which code is compiled, when, and by which thread.

pub(crate) mod ahead;
pub(crate) mod background;
pub(crate) mod idle;
pub(crate) mod precompile;
