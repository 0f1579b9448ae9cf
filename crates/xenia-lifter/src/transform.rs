//! Transformations: inlining of leaf functions, and removal of dead loads from the lifted code.

pub(crate) mod dead_loads;
pub(crate) mod inlining;
