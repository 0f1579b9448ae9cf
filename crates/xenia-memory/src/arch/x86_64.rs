//! Accesses and emulation on x86-64.

pub(crate) mod accesses;
pub(crate) mod emulate;
