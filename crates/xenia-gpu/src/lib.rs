//! The Xbox 360's graphics chip: registers, packets, texture layouts, and a reference rasteriser.
//!
//! [`CommandProcessor`] reads the command stream and converts it to plain descriptions of draws and
//! resolves ([`draw_state`]), which a [`Backend`] executes. This crate does not depend on any
//! graphics API of the host, and packets and registers are confined to it.
#![forbid(unsafe_code)]

pub mod backend;
pub mod draw_state;
pub mod edram;
pub mod fetch;
pub mod geometry;
pub mod limits;
pub mod memory;
pub mod named_counters;
pub mod packets;
mod place;
mod present;
pub mod processor;
pub mod reference;
pub mod registers;
pub mod replay;
pub mod resolve;
pub mod texture;
pub mod trace;

pub use backend::{
    Backend, BackendError, DevicePicture, Frame, GammaRamps, Inputs, NullBackend, PixelSize, PresentCall,
    QueryReports, Readback, SwapPicture,
};
pub use memory::{PhysicalMemory, PhysicalRange, Ram};
pub use place::place_of;
pub use present::{FrontBuffer, PixelTable, present};
pub use processor::{CommandProcessor, Config, EdramGeneration, GpuEvent, GpuState, Observer, Statistics};
pub use reference::Reference;
pub use xenia_microcode as microcode;
pub use xenia_microcode::{Cancel, enums, fnv};
