//! Vertex indices and vertex shading: every index once, in groups of lanes.

use std::collections::BTreeMap;

use super::fetch::{Bindings, Fetcher};
use super::tessellate;
use crate::backend::BackendError;
use crate::draw_state::{DrawCall, IndexSource};
use crate::enums::Primitive;
use crate::memory::PhysicalMemory;
use crate::microcode::{Interpreter, LANES, Mask, Program};
use crate::texture::TextureCache;

/// Most vertices that a draw can have: `VGT_DRAW_INITIATOR` counts in 16 bits.
pub const MAX_COUNT: u32 = 65_535;

/// Shaded vertices and the order they are drawn in.
pub(super) struct Vertices {
    /// What the order makes up.
    pub(super) primitive: Primitive,
    /// For each index of the draw the number of its vertex; `None` restarts the strip.
    pub(super) order: Vec<Option<u32>>,
    /// Vertices shaded.
    pub(super) count: usize,
    /// Positions in clip space.
    pub(super) positions: Vec<[f32; 4]>,
    /// Interpolators, `interpolators` of them for each vertex.
    pub(super) attributes: Vec<[f32; 4]>,
    /// Interpolators of a vertex.
    pub(super) interpolators: usize,
    /// Point sizes, where the shader exports them.
    pub(super) point_sizes: Option<Vec<f32>>,
}

/// The memory that a draw's indices are read from: physical address and bytes.
pub(super) fn index_range(call: &DrawCall) -> Option<(u32, u32)> {
    let IndexSource::Buffer { physical, wide, length, .. } = call.indices else { return None };
    let bytes = call.count.min(MAX_COUNT).min(length) * if wide { 4 } else { 2 };
    // A swap exchanges bytes within words, so the words are read from where they start.
    Some((physical & !3, (bytes + 8) & !3))
}

/// Reads the indices of a draw; the restart index comes out as `None`.
pub fn indices(call: &DrawCall, memory: &dyn PhysicalMemory) -> Vec<Option<u32>> {
    let count = call.count.min(MAX_COUNT);
    let raw: Vec<u32> = match &call.indices {
        IndexSource::Counted => (0..count).collect(),
        IndexSource::Buffer { physical, wide, endian, length } => {
            let count = count.min(*length) as usize;
            let bytes_per = if *wide { 4 } else { 2 };
            let (start, length) = index_range(call).unwrap_or_default();
            let mut bytes = vec![0; length as usize];
            memory.read(start, &mut bytes);
            for word in bytes.chunks_exact_mut(4) {
                let swapped = endian.swap(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
                word.copy_from_slice(&swapped.to_le_bytes());
            }
            let skip = (physical & 3) as usize;
            let index = |at: usize| {
                if *wide {
                    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) & 0xff_ffff
                } else {
                    u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
                }
            };
            (0..count).map(|i| index(skip + i * bytes_per)).collect()
        }
        IndexSource::Inline { words, wide } => {
            let half = |i: u32| (words.get(i as usize / 2).copied().unwrap_or(0) >> (16 * (i & 1))) & 0xffff;
            let whole = |i: u32| words.get(i as usize).copied().unwrap_or(0) & 0xff_ffff;
            (0..count).map(|i| if *wide { whole(i) } else { half(i) }).collect()
        }
    };
    let [lowest, highest] = call.index_bounds;
    raw.into_iter()
        .map(|index| {
            let restart = call.restart.is_some_and(|restart| restart == index);
            let index = (index.wrapping_add_signed(call.index_offset) & 0xff_ffff).min(highest).max(lowest);
            (!restart).then_some(index)
        })
        .collect()
}

impl Vertices {
    /// None yet; their order will make up this primitive.
    pub(super) fn new(call: &DrawCall, primitive: Primitive) -> Self {
        let program = &call.vertex_shader.program;
        Self {
            primitive,
            order: Vec::new(),
            count: 0,
            positions: Vec::new(),
            attributes: Vec::new(),
            interpolators: (call.interpolators as usize).min(16),
            point_sizes: program.writes(Program::POINT_SIZE).then(Vec::new),
        }
    }

    /// Shades so many vertices (1 to 16) whose first registers are set, and appends them.
    pub(super) fn shade(
        &mut self,
        call: &DrawCall,
        count: usize,
        interpreter: &mut Interpreter,
        fetch: &mut Fetcher<'_>,
    ) {
        let program = &call.vertex_shader.program;
        let mask = (Mask::MAX as u32 >> (LANES - count)) as Mask;
        let exports = interpreter.run(program, &call.constants, call.constants.vertex_base, mask, fetch);
        self.count += count;
        if !program.writes(Program::POSITION) {
            self.order.clear(); // it writes to memory and draws nothing
            return;
        }
        for lane in 0..count {
            let at = |export: u8| [0, 1, 2, 3].map(|c: usize| exports.values[export as usize][c][lane]);
            self.positions.push(at(Program::POSITION));
            for interpolator in 0..self.interpolators {
                let interpolator = interpolator as u8;
                let written = program.writes(interpolator);
                self.attributes.push(if written { at(interpolator) } else { [0.0; 4] });
            }
            if let Some(sizes) = &mut self.point_sizes {
                // Clamped as the integers that the bits are, so that a NaN is one end or the other.
                let [least, most] = call.point_limits.map(|limit| limit.to_bits() as i32);
                let bits = at(Program::POINT_SIZE)[0].to_bits() as i32;
                sizes.push(f32::from_bits(bits.max(least).min(most) as u32));
            }
        }
    }
}

/// Shades all vertices of a draw and hands them on, in several parts if they are cut out of patches. A
/// shader that writes to memory needn't export positions; there are no vertices then.
pub(super) fn shade(
    call: &DrawCall,
    memory: &dyn PhysicalMemory,
    textures: &mut TextureCache,
    interpreter: &mut Interpreter,
    take: &mut dyn FnMut(&Vertices) -> Result<(), BackendError>,
) -> Result<(), BackendError> {
    let program = &call.vertex_shader.program;
    if !program.writes(Program::POSITION) && !program.exports_memory() {
        return Err(BackendError::Invalid("the vertex shader exports no position".into()));
    }
    if let Some(tessellation) = call.tessellation {
        return tessellate::shade(call, tessellation, memory, textures, interpreter, take);
    }
    let mut unique = Vec::new();
    let mut numbers = BTreeMap::new();
    let order = indices(call, memory)
        .into_iter()
        .map(|index| {
            index.map(|index| {
                *numbers.entry(index).or_insert_with(|| {
                    unique.push(index);
                    unique.len() as u32 - 1
                })
            })
        })
        .collect();
    let textures = Bindings::new(program, &call.constants, textures, memory);
    let mut fetch = Fetcher::new(&call.constants, memory, &textures);
    let mut vertices = Vertices { order, ..Vertices::new(call, call.primitive) };
    vertices.positions.reserve(unique.len());
    vertices.attributes.reserve(unique.len() * vertices.interpolators);
    for group in unique.chunks(LANES) {
        interpreter.clear(program);
        for (lane, &index) in group.iter().enumerate() {
            interpreter.register(0)[0][lane] = index as f32;
        }
        vertices.shade(call, group.len(), interpreter, &mut fetch);
    }
    take(&vertices)
}
