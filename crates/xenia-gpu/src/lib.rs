//! The graphics chip a title sees: registers, packets, microcode, texture layouts, reference
//! rasteriser.
//!
//! [`CommandProcessor`] walks the command stream and turns it into plain descriptions of draws and
//! copies ([`draw_state`]); a [`Backend`] carries them out. Nothing in here knows a host's graphics
//! interface, and nothing outside knows packets or registers.
#![forbid(unsafe_code)]

pub mod backend;
pub mod draw_state;
pub mod edram;
pub mod enums;
pub mod fetch;
pub mod fnv;
pub mod geometry;
pub mod limits;
pub mod memory;
pub mod microcode;
pub mod packets;
mod present;
pub mod processor;
pub mod reference;
pub mod registers;
pub mod resolve;
pub mod texture;
pub mod trace;

pub use backend::{Backend, BackendError, Frame, GammaRamps, Inputs, NullBackend, PresentCall};
pub use limits::Cancel;
pub use memory::{PhysicalMemory, Ram};
pub use present::present;
pub use processor::{CommandProcessor, Config, GpuEvent, Observer, Statistics};
pub use reference::Reference;
