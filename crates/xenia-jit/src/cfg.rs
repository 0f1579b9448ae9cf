//! Control-flow graphs of guest code: the bounds of functions, the regions that are compiled, and
//! their loops.

pub(crate) mod function_bounds;
pub(crate) mod functions;
pub(crate) mod loops;
pub(crate) mod region;
