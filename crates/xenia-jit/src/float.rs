//! Exact floating point and vectors in software, for operands that inline code does not decide.

pub(crate) mod exact_vector;
pub(crate) mod float_state;
pub(crate) mod soft_float;
pub(crate) mod soft_single;
