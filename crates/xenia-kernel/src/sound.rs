//! Sound: who makes it and when, and which contexts of the XMA decoder are in use. Decoding and
//! output lie behind the ports.

mod callbacks;
mod render_driver;
mod xma_contexts;

pub use render_driver::{FRAME_TICKS, RenderDriver, SoundFigures};
pub use xma_contexts::XmaContexts;
