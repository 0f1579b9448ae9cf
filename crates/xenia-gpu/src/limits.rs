//! What draws may cost the host. Titles come nowhere near; shaders and textures made to take all
//! memory or all time end here, with a problem counted by name and the rest of the draw left out.
//!
//! What is left out follows from registers, microcode and memory alone, so that a title sees the
//! same on every host and with any number of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Name of the limit on textures.
pub const TEXTURE_BYTES: &str = "draw_texture_bytes";
/// Name of the limit on shaders and pixels.
pub const SHADER_STEPS: &str = "draw_shader_steps";

/// Name of the limit on copies out of the EDRAM.
pub const COPY_ROWS: &str = "copy_rows";

/// Bytes of memory that draws which wait for their thread may hold between them.
pub(crate) const QUEUED_BYTES: usize = 512 << 20;

/// What one draw may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawLimits {
    /// Bytes of decoded texels, and of the memory that they are decoded from, for each of its
    /// shaders. Textures beyond read as zeros.
    pub texture_bytes: u64,
    /// Steps of the vertex shader, each for a group of lanes. Vertices beyond are nowhere.
    pub vertex_steps: u64,
    /// Steps of the pixel shader in a row of EDRAM tiles, each for a group of lanes; looking at a
    /// group of pixels counts as well. Pixels beyond are not drawn.
    pub band_steps: u64,
    /// The same in all rows of tiles together: what is left between batches of triangles is dealt
    /// out to the rows that the next one lies in.
    pub draw_steps: u64,
}

impl Default for DrawLimits {
    /// 512 MiB; a second or so of a host's time for the vertices, as much for each row of tiles, a
    /// few for all of them.
    fn default() -> Self {
        Self { texture_bytes: 512 << 20, vertex_steps: 1 << 26, band_steps: 1 << 24, draw_steps: 1 << 28 }
    }
}

/// Ends the draw or the copy that is under way, and those that come, when nobody wants them any
/// more. What they leave behind is not to be looked at; whether there are such is remembered.
/// Copies are the same token.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    is_set: AtomicBool,
    has_cut: AtomicBool,
}

impl Cancel {
    /// Ends draws and copies.
    pub fn set(&self) {
        self.0.is_set.store(true, Relaxed);
    }

    /// Whether they are to end.
    pub fn is_set(&self) -> bool {
        self.0.is_set.load(Relaxed)
    }

    /// Whether what asks has to end here, with more of it to do.
    pub(crate) fn cuts(&self) -> bool {
        let cuts = self.is_set();
        if cuts {
            self.0.has_cut.store(true, Relaxed);
        }
        cuts
    }

    /// Whether a draw or a copy has ended before its time. A token that was set while nothing was
    /// drawn has cut nothing.
    pub fn has_cut(&self) -> bool {
        self.0.has_cut.load(Relaxed)
    }
}
