//! Resolves (copies out of the EDRAM): the registers as a plain description.

use super::color::INFO as COLOR_INFO;
use super::{Scissor, VertexBuffer, scissor};
use crate::enums::{ColorTargetFormat, CopyCommand, DepthFormat, Msaa};
use crate::memory::{PAGE_SIZE, PHYSICAL_SIZE, PhysicalRange};
use crate::registers::{self, RegisterFile, pa, rb};
use crate::texture::TexelFormat;
use crate::texture::layout::MACRO_TILE;

/// Texture format of one 8-bit component. Direct3D resolves to it with a swap for alpha textures,
/// and without one for luminance textures.
const FORMAT_8: u32 = 2;
/// Largest height in `RB_COPY_DEST_PITCH`.
const MAX_HEIGHT: u32 = 0x3fff;

/// Render target that a resolve reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopySource {
    /// A colour target.
    Color {
        /// First EDRAM tile.
        base: u32,
        format: ColorTargetFormat,
    },
    /// The depth target.
    Depth {
        /// First EDRAM tile.
        base: u32,
        format: DepthFormat,
    },
}

/// Height of a destination in texels.
///
/// Direct3D may add the top of the source rectangle to the height in `RB_COPY_DEST_PITCH`. For the
/// distance of slices, `RB_COPY_SURFACE_SLICE` has the texels of one.
fn texture_height(registers: &RegisterFile) -> u32 {
    let size = registers.read::<rb::RbCopyDestPitch>();
    let texels = registers.get(rb::RB_COPY_SURFACE_SLICE);
    match texels.checked_div(size.copy_dest_pitch()) {
        Some(rows @ 1..=MAX_HEIGHT) if registers.read::<rb::RbCopyDestInfo>().copy_dest_array() => rows,
        _ => size.copy_dest_height(),
    }
}

/// Destination of a resolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyDestination {
    pub physical: u32,
    /// Pitch of the texture in texels, or in blocks for [`CopyCommand::Compare`].
    pub pitch: u32,
    /// Height of the texture in texels.
    pub height: u32,
    /// Texture format number.
    pub format: u32,
    /// Number format: unsigned or signed fraction, unsigned or signed integer, float (7).
    pub number: u32,
    /// Byte order: none, 8 in 16, 8 in 32, 16 in 32, 8 in 64, 8 in 128.
    pub endian: u32,
    /// Values are multiplied by two to this power.
    pub exponent_bias: i32,
    /// Exchanges red and blue; for a texture of one 8-bit component, stores alpha.
    pub swap: bool,
    /// Slice of a 3D texture; `None` for other textures.
    pub slice: Option<u32>,
}

impl CopyDestination {
    /// Component that is exchanged with red if `swap` is set.
    pub const fn swapped_with_red(&self) -> usize {
        if self.format == FORMAT_8 { 3 } else { 2 }
    }

    /// Physical address of the row of macro tiles to which [`left`](Self::left) belongs.
    pub(crate) const fn first_tile(&self, bytes: u32) -> u32 {
        self.physical.wrapping_sub(self.left(bytes) * MACRO_TILE * bytes)
    }

    /// Texels of `bytes` bytes to the left of the rectangle's origin, up to the start of a page.
    ///
    /// Direct3D adds the macro tiles before a rectangle to the base. Two or four of them with 16 or
    /// 8 bits a texel share a page, so a base within one is not the address of a tile but a count.
    pub(crate) const fn left(&self, bytes: u32) -> u32 {
        let tile = MACRO_TILE * MACRO_TILE * bytes;
        if self.slice.is_some() { 0 } else { self.physical % PAGE_SIZE / tile * MACRO_TILE }
    }
}

/// Comparison by which components become bits ([`CopyCommand::Compare`]), red in the lowest bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyComparison {
    /// Comparison functions of the components, four bits each.
    pub functions: u32,
    /// References of the components, a byte each.
    pub reference: u32,
    /// Mask of both operands, a byte for each component.
    pub mask: u32,
}

/// Clear of the depth target after a resolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthClear {
    /// First EDRAM tile.
    pub base: u32,
    /// Word that each sample becomes.
    pub word: u32,
}

/// Resolve: a copy out of the EDRAM, with the clears that go with it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolveCall {
    /// Conversion of the samples' values.
    pub command: CopyCommand,
    /// Render target to read.
    pub source: CopySource,
    /// Sample selection: 0 to 3, or the mean of 0 and 1 (4), of 2 and 3 (5), or of all (6).
    pub sample_select: u32,
    /// Width of the render target in pixels.
    pub pitch: u32,
    /// Samples per pixel.
    pub msaa: Msaa,
    /// Vertex fetch constant 0 (two words) of the rectangle's three vertices; each has a float x
    /// and y.
    pub vertices: [u32; 2],
    /// Added to the vertices in pixels, before the window offset.
    pub half_pixel: f32,
    /// Added to the vertices after rounding.
    pub window_offset: [i32; 2],
    /// Pixels that may be resolved.
    pub scissor: Scissor,
    pub destination: CopyDestination,
    /// Comparison of components, for the command that makes bits of them.
    pub comparison: CopyComparison,
    /// Words to clear the colour target to, if it is cleared (the first is the one of 32-bit
    /// formats, red and green of 64-bit ones).
    pub clear_color: Option<[u32; 2]>,
    /// Clear of the depth target, if it is cleared.
    pub clear_depth: Option<DepthClear>,
}

/// Clear colour of a target. `RB_COLOR_CLEAR` has the high word of 64-bit formats, as Direct3D
/// writes it, and the only one of others.
fn clear_words(registers: &RegisterFile, source: CopySource) -> [u32; 2] {
    let words = [registers.get(rb::RB_COLOR_CLEAR), registers.get(rb::RB_COLOR_CLEAR_LO)];
    match source {
        CopySource::Color { format, .. } if format.is_64_bit() => [words[1], words[0]],
        _ => words,
    }
}

impl ResolveCall {
    /// Memory that holds the vertices.
    pub const fn vertices_memory(&self) -> PhysicalRange {
        VertexBuffer::decode(self.vertices).memory()
    }

    /// Memory that the texels of a rectangle with these right and bottom edges lie in.
    pub(crate) fn destination_memory(&self, [right, bottom]: [u32; 2]) -> PhysicalRange {
        let CopyDestination { pitch, height, format, slice, .. } = self.destination;
        // Depths are words.
        let bytes = match self.source {
            CopySource::Depth { .. } => 4,
            // An unknown format counts as the widest: the range must not be too short.
            CopySource::Color { .. } => TexelFormat::from_number(format).map_or(16, |format| format.bytes),
        };
        let right = right.saturating_add(self.destination.left(bytes));
        // Tiles of smaller texels share pages.
        let texel = bytes.max(4);
        // Tiles are 32 texels wide and high; slices, as high as the texture, lie in fours.
        let tiles = |length: u32| u64::from(length.next_multiple_of(MACRO_TILE));
        let slices = u64::from(slice.map_or(0, |slice| slice.next_multiple_of(4) + 4));
        let area = tiles(pitch.max(right)) * (tiles(bottom.max(height)) + tiles(height) * slices);
        let length = (area * u64::from(texel)).min(u64::from(PHYSICAL_SIZE)) as u32;
        PhysicalRange { start: self.destination.first_tile(bytes), length }
    }

    /// Captures a resolve from the registers.
    pub fn capture(registers: &RegisterFile) -> Self {
        let control = registers.read::<rb::RbCopyControl>();
        let info = registers.read::<rb::RbCopyDestInfo>();
        let size = registers.read::<rb::RbCopyDestPitch>();
        let surface = registers.read::<rb::RbSurfaceInfo>();
        let depth = registers.read::<rb::RbDepthInfo>();
        let window = registers.read::<pa::PaScWindowOffset>();
        let raster = registers.read::<pa::PaSuScModeCntl>();
        let source = match COLOR_INFO.get(control.copy_src_select() as usize) {
            Some(&index) => {
                let info = rb::RbColorInfo(registers.get(index));
                CopySource::Color { base: info.color_base(), format: info.color_format() }
            }
            None => CopySource::Depth { base: depth.depth_base(), format: depth.depth_format() },
        };
        Self {
            command: control.copy_command(),
            source,
            sample_select: control.copy_sample_select(),
            pitch: surface.surface_pitch(),
            msaa: surface.msaa_samples(),
            vertices: [
                registers.get(registers::FETCH_CONSTANTS),
                registers.get(registers::FETCH_CONSTANTS + 1),
            ],
            half_pixel: if registers.read::<pa::PaSuVtxCntl>().pix_center() { 0.0 } else { 0.5 },
            window_offset: if raster.vtx_window_offset_enable() {
                [window.window_x_offset(), window.window_y_offset()]
            } else {
                [0; 2]
            },
            scissor: scissor(registers),
            destination: CopyDestination {
                physical: registers.get(rb::RB_COPY_DEST_BASE),
                pitch: size.copy_dest_pitch(),
                height: texture_height(registers),
                format: info.copy_dest_format(),
                number: info.copy_dest_number(),
                endian: info.copy_dest_endian(),
                exponent_bias: info.copy_dest_exp_bias(),
                swap: info.copy_dest_swap(),
                slice: info.copy_dest_array().then(|| info.copy_dest_slice()),
            },
            comparison: CopyComparison {
                functions: registers.get(rb::RB_COPY_FUNC),
                reference: registers.get(rb::RB_COPY_REF),
                mask: registers.get(rb::RB_COPY_MASK),
            },
            clear_color: control.color_clear_enable().then(|| clear_words(registers, source)),
            clear_depth: control
                .depth_clear_enable()
                .then(|| DepthClear { base: depth.depth_base(), word: registers.get(rb::RB_DEPTH_CLEAR) }),
        }
    }
}
