//! Bytes to structs: XEX2, ELF and the containers titles come in; reads through one trait.
//!
//! Everything in a file is hostile until checked: sizes are capped before they are allocated,
//! offsets are checked before they are followed, and a refusal is a [`FormatError`] that names what
//! was read, at which offset, and why it was refused. Nothing here panics on input.
#![forbid(unsafe_code)]
#![allow(dead_code)] // the readers that use these land next

pub mod error;
pub mod image;
pub mod read_at;
pub mod xex;

pub use error::{FormatError, Reason};
pub use image::LoadedImage;
pub use read_at::ReadAt;
pub use xex::KeyRing;
