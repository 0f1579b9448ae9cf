//! Draws with the host's GPU, on wgpu: what the guest's chip is told to draw, and the window that
//! shows it.
//!
//! - [`backend`]: carries out draws and copies, with the EDRAM as one buffer.
//! - [`translate`]: the chip's shaders as naga modules.
//! - the window: the rest. `window` has its events, keys and texts, `present` its surface.
//!
//! The machine runs on a thread of its own and sends finished frames; the window shows the newest
//! one, scaled to fit. What flows back is the keys that are pressed, and what the window's own keys
//! ask for.
#![forbid(unsafe_code)]

pub mod backend;
mod present;
pub mod translate;
mod window;

pub use window::{
    BINDINGS, Binding, Client, Figures, Filter, FrameSender, KeyEvent, Overlay, Phase, RenderError, Scaling,
    Sounding, Stopped, WindowConfig, run,
};
pub use winit::keyboard::KeyCode;
