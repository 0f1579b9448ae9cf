//! Control-flow graphs of guest code: the bounds of functions, the regions that are compiled, and
//! their edges and loops.

pub mod function_bounds;
pub(crate) mod graph;
pub(crate) mod loops;
pub mod ranges;
pub mod region;
#[cfg(test)]
pub(crate) mod testing;
