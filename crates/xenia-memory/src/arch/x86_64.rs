//! Accesses and emulation on x86-64.

#[allow(unsafe_code)]
pub(crate) mod accesses;
#[allow(unsafe_code)]
pub(crate) mod emulate;
