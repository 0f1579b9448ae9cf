//! Control-flow graphs: the bounds of guest functions, regions of basic blocks, loops.

pub(crate) mod function_bounds;
pub(crate) mod functions;
pub(crate) mod graph;
pub(crate) mod loops;
pub(crate) mod pieces;
pub(crate) mod region;
