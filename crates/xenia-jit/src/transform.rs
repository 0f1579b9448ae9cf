//! Transformations of code between discovery and code generation.

pub(crate) mod dead_loads;
