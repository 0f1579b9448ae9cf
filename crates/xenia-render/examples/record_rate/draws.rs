//! Draws of a frame: kinds, vertices and indices.

/// Width and height of textures, in texels.
pub(crate) const TEXTURE_SIDE: u32 = 64;
/// Number of vertices, each in a place of its own in a square of a few pixels.
pub(crate) const VERTICES: u32 = 256;

/// A kind of draw.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) indices: u32,
    pub(crate) textures: u32,
    pub(crate) draws: u32,
}

/// The vertices: x, y, and a colour.
pub(crate) fn vertices() -> Vec<[f32; 5]> {
    (0..VERTICES).map(|i| [(i % 16) as f32 / 4.0, (i / 16) as f32 / 4.0, 0.25, 0.5, 0.75]).collect()
}

/// Indices of a draw's triangles, which are small.
pub(crate) fn indices(count: u32) -> Vec<u16> {
    (0..count).map(|i| ((i / 3 * 7 + [0, 1, 16][i as usize % 3]) % VERTICES) as u16).collect()
}
