//! Exact floating point and vectors in software, for operands that inline code does not decide.

pub mod exact_vector;
pub mod float_state;
pub(crate) mod soft_float;
pub mod soft_single;

pub use soft_float::ROOT_FRACTIONS;
