//! Sound: clients of the render driver, their schedule, and allocation of XMA decoder contexts.
//! Decoding and output are behind the ports.

mod callbacks;
mod render_driver;
mod xma_contexts;

pub use callbacks::RenderCallbacks;
pub(crate) use render_driver::RenderDriverState;
pub use render_driver::{FRAME_TICKS, RenderDriver, SoundFigures};
pub use xma_contexts::XmaContexts;
