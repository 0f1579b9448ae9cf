//! Stands for the statistics of a window in builds without the feature `window`.

/// Statistics that nothing shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFigures;
