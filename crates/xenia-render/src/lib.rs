//! Presents the guest's picture with wgpu, in a winit window.
//!
//! The machine runs on a thread of its own and sends finished frames; the window shows the newest
//! one, scaled to fit with its aspect ratio kept. Nothing flows back to the guest from here.

mod present;
mod window;

pub use window::{FrameSender, RenderError, WindowConfig, run};
