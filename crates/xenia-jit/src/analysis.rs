//! Data-flow analyses of a region, on its control-flow graph.

pub(crate) mod assumptions;
pub(crate) mod block_params;
