//! The optimizing tier: compiles a region with Cranelift, from a guest address to published code.

pub(crate) mod compile;
pub(crate) mod cost;
pub(crate) mod function_tier;
