//! Accesses and emulation on AArch64.

pub(crate) mod accesses;
pub(crate) mod emulate;
