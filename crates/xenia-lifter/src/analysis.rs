//! Data-flow analyses of a region. Their results are hints: they decide the speed of the code, and
//! the lifter establishes on each edge the state that the target block expects.

pub(crate) mod assumptions;
pub(crate) mod block_params;
pub(crate) mod loop_carried;
