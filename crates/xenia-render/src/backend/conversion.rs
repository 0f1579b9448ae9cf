//! What pipelines of our own shaders are made of: those that carry data between the chip's layouts
//! and the host's. Like a recipe it is numbers only, so that it can be stored, and any numbers are
//! one.

use bytemuck::{Pod, Zeroable};

/// Conversions of the EDRAM by compute shaders have numbers from here on,
pub(super) const EDRAM_COMPUTE: u32 = 0;
/// those by drawing from here on,
pub(super) const EDRAM_RENDER: u32 = 0x100;
/// and decoding of textures has this one.
pub(super) const TEXTURE_DECODE: u32 = 0x200;

/// A shader's entry point, and the constants that a pipeline is specialised by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Zeroable, Pod)]
#[repr(C)]
pub(super) struct Conversion {
    pub(super) entry: u32,
    pub(super) constants: [u32; 7],
}
