//! A [`Backend`](xenia_gpu::Backend) that draws with wgpu.
//!
//! ```text
//!   DrawCall ──► vertices ──► pipeline ──► render targets (host textures)
//!                textures ──►    ▲              │ dump      ▲ load
//!              translate(shaders)┘              ▼           │
//!                                    EDRAM: one buffer of 10 MiB, laid out as the chip's
//!                                               │ resolve
//!                                               ▼
//!                                          guest memory
//! ```
//! The EDRAM buffer is the truth; render targets are caches of parts of it. Whoever needs a tile that
//! another target has drawn to gets it through the buffer, in the chip's own bits, so that titles may
//! reinterpret one format as another.

mod device;
#[allow(dead_code, reason = "used by the drawing that follows")]
mod edram;
#[expect(dead_code, reason = "the backend that binds textures comes after them")]
mod textures;

pub use device::{Device, DeviceError};
