//! Presents the guest's picture with wgpu, in a winit window.
//!
//! The machine runs on a thread of its own and sends finished frames; the window shows the newest
//! one, scaled to fit. What flows back is the keys that are pressed, and what the window's own keys ask for.

pub mod backend;
mod present;
pub mod translate;
mod window;

pub use window::{
    BINDINGS, Binding, Client, Figures, Filter, FrameSender, KeyEvent, Overlay, Phase, RenderError, Scaling,
    Stopped, WindowConfig, run,
};
pub use winit::keyboard::KeyCode;
