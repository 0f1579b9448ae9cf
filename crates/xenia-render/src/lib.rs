//! Presents the guest's picture with wgpu, in a winit window.
//!
//! The machine runs on a thread of its own and sends finished frames; the window shows the newest
//! one, scaled to fit with its aspect ratio kept. What flows back is the keys that are pressed.

pub mod backend;
mod present;
pub mod translate;
mod window;

pub use window::{FrameSender, KeyEvent, RenderError, WindowConfig, run};
pub use winit::keyboard::KeyCode;
