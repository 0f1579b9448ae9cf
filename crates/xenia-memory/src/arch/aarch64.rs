//! Accesses and emulation on AArch64.

#[allow(unsafe_code)]
pub(crate) mod accesses;
#[allow(unsafe_code)]
pub(crate) mod emulate;
