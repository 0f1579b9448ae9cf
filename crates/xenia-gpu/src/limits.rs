//! Limits on the host time and memory of draws. Titles come nowhere near; shaders and textures made
//! to exhaust memory or time are stopped here. Each limit has a name under which it is counted as a
//! problem, and the rest of the draw is left out.
//!
//! The effect of a limit depends on registers, microcode and memory alone, so a title sees the same
//! on every host and with any number of threads.

/// Name of the texture limit.
pub const TEXTURE_BYTES: &str = "draw_texture_bytes";
/// Name of the limit on shaders and pixels.
pub const SHADER_STEPS: &str = "draw_shader_steps";

/// Name of the limit on resolves.
pub const COPY_ROWS: &str = "copy_rows";

/// Maximum size in bytes of the snapshots of all queued draws together.
pub(crate) const MAX_QUEUED_BYTES: usize = 512 << 20;

/// Cost limits of one draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawLimits {
    /// Bytes of decoded texels and of their source memory, for each of the draw's shaders. Textures
    /// beyond the limit read as zeros.
    pub texture_bytes: u64,
    /// Steps of the vertex shader, each for a group of lanes. Vertices beyond the limit have no
    /// position.
    pub vertex_steps: u64,
    /// Steps of the pixel shader in a row of EDRAM tiles (a band), each for a group of lanes;
    /// testing a group of pixels counts as well. Pixels beyond the limit are not drawn.
    pub band_steps: u64,
    /// Same limit for all bands together. The remainder after a batch of triangles is divided among
    /// the bands of the next batch.
    pub draw_steps: u64,
}

impl Default for DrawLimits {
    /// Default limits: 512 MiB; about a second of host time for the vertices, as much for each
    /// band, a few seconds for all bands.
    fn default() -> Self {
        Self { texture_bytes: 512 << 20, vertex_steps: 1 << 26, band_steps: 1 << 24, draw_steps: 1 << 28 }
    }
}
