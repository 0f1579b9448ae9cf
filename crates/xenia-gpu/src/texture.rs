//! Textures: memory layout, formats and decoding.
//!
//! [`TextureInfo`] is a decoded fetch constant; [`layout`] computes the addresses of levels and
//! slices; [`decode_level`] converts a level to plain texels; [`TextureCache`] keeps decoded levels
//! until their memory is written.

mod blocks;
mod cache;
mod constant;
mod decode;
mod encode;
mod format;
mod info;
mod key;
pub mod layout;
mod number;

pub use cache::{CacheCounters, TextureCache, TextureLevel};
pub use decode::{Texels, decode_level};
pub(crate) use decode::{component, decoding_bytes, gamma_level_to_linear};
pub(crate) use encode::{encode, swap};
pub use format::{Layout, TexelFormat};
pub use format::{
    depth_float_to_single, depth_to_single, float10_to_single, half_to_single, single_to_depth_float,
    single_to_half,
};
pub use info::TextureInfo;
pub use key::TextureKey;
pub(crate) use number::{FieldNumber, FieldScale};
