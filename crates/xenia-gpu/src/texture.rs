//! Textures: where their texels lie in memory and what they mean.
//!
//! [`TextureInfo`] is a fetch constant by its fields; [`layout`] says where levels and slices lie;
//! [`decode_level`] turns one level into plain texels; [`TextureCache`] keeps decoded levels as
//! long as nobody writes to their memory.

mod blocks;
mod cache;
mod decode;
mod encode;
mod format;
mod info;
pub mod layout;

pub use cache::{CacheCounters, TextureCache, TextureLevel};
pub use decode::{Texels, decode_level};
pub(crate) use decode::{component, decoding_bytes, gamma_level_to_linear};
pub(crate) use encode::{encode, swap};
pub use format::{Format, Layout};
pub use format::{depth_float_to_single, half_to_single, single_to_depth_float, single_to_half};
pub use info::TextureInfo;
