//! Vertex shading: shades each distinct index once, in groups of lanes.
//!
//! Invariant: vertices are numbered by the first use of their index, so a shader's memory exports
//! happen once for each distinct index, in an order that follows from the indices alone.

use std::collections::BTreeMap;

use super::indices::indices;
use super::tessellate;
use crate::Cancel;
use crate::backend::BackendError;
use crate::draw_state::{DrawCall, VertexKill};
use crate::enums::Primitive;
use crate::fetch::{Bindings, Fetcher};
use crate::limits::{DrawLimits, SHADER_STEPS, TEXTURE_BYTES};
use crate::memory::PhysicalMemory;
use crate::microcode::{LANES, Mask, Program, ShaderInterpreter};
use crate::texture::TextureCache;

/// Shaded vertices and their drawing order.
pub(crate) struct Vertices {
    /// Primitive type that the order forms.
    pub(crate) primitive: Primitive,
    /// Vertex number for each index of the draw; `None` restarts the strip.
    pub(crate) order: Vec<Option<u32>>,
    /// Number of shaded vertices.
    pub(crate) count: usize,
    /// Positions in clip space.
    pub(crate) positions: Vec<[f32; 4]>,
    /// Interpolators, `interpolators` of them per vertex.
    pub(crate) attributes: Vec<[f32; 4]>,
    /// Number of interpolators per vertex.
    pub(crate) interpolators: usize,
    /// Point sizes, if the shader exports them; else all have the draw's.
    pub(crate) point_sizes: Option<Vec<f32>>,
    /// Kill flags, if the draw uses them.
    killed: Option<Vec<bool>>,
}

impl Vertices {
    /// Creates an empty list whose order will form this primitive.
    pub(crate) fn new(call: &DrawCall, primitive: Primitive) -> Self {
        let program = &call.vertex_shader.program;
        Self {
            primitive,
            order: Vec::new(),
            count: 0,
            positions: Vec::new(),
            attributes: Vec::new(),
            interpolators: (call.interpolators as usize).min(16),
            // The same export has flags, which may be written alone.
            point_sizes: (program.point_size & 1 != 0).then(Vec::new),
            killed: call.vertex_kill.map(|_| Vec::new()),
        }
    }

    /// Whether a primitive with these vertices is killed.
    pub(crate) fn are_killed(&self, call: &DrawCall, numbers: &[u32]) -> bool {
        let Some((kill, killed)) = call.vertex_kill.zip(self.killed.as_ref()) else { return false };
        let mut killed = numbers.iter().map(|number| killed.get(*number as usize).copied().unwrap_or(false));
        match kill {
            VertexKill::Any => killed.any(|killed| killed),
            VertexKill::All => killed.all(|killed| killed),
        }
    }

    /// Appends vertices without a position: the step limit has been reached.
    fn leave_out(&mut self, count: usize) {
        self.count += count;
        if self.positions.is_empty() {
            self.order.clear(); // no vertex has a position
            return;
        }
        // The clipper drops triangles with a corner that is not finite.
        self.positions.resize(self.count, [f32::NAN; 4]);
        self.attributes.resize(self.count * self.interpolators, [0.0; 4]);
        if let Some(sizes) = &mut self.point_sizes {
            sizes.resize(self.count, 0.0);
        }
    }

    /// Shades `count` vertices (1 to 16) whose input registers are set, and appends them.
    pub(crate) fn shade(
        &mut self,
        call: &DrawCall,
        count: usize,
        interpreter: &mut ShaderInterpreter,
        fetch: &mut Fetcher<'_>,
    ) {
        let program = &call.vertex_shader.program;
        if interpreter.is_over() {
            return self.leave_out(count);
        }
        let mask = (Mask::MAX as u32 >> (LANES - count)) as Mask;
        let exports = interpreter.run(program, call.constants.vertex_stage(), mask, fetch);
        self.count += count;
        if !program.writes(Program::POSITION) {
            self.order.clear(); // writes memory only, so there are no primitives to draw
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
            if let Some(killed) = &mut self.killed {
                // The vertex is killed by any value but zero, of either sign.
                killed.push(at(Program::POINT_SIZE)[2].to_bits() << 1 != 0);
            }
            if let Some(sizes) = &mut self.point_sizes {
                // The bits are clamped as integers, so that a NaN becomes one of the limits.
                let [least, most] = call.point_limits.map(|limit| limit.to_bits() as i32);
                let bits = at(Program::POINT_SIZE)[0].to_bits() as i32;
                sizes.push(f32::from_bits(bits.max(least).min(most) as u32));
            }
        }
    }
}

/// Numbers of distinct indices, in the order of their first use.
struct Numbers {
    /// Distinct indices so far.
    unique: Vec<u32>,
    /// Least index of the draw.
    least: u32,
    /// Number of each index, starting with the lowest; `u32::MAX` if none is assigned yet. Empty if
    /// the indices are too far apart.
    dense: Vec<u32>,
    sparse: BTreeMap<u32, u32>,
}

impl Numbers {
    /// Maximum number of table entries for each index of a draw.
    const MAX_ENTRIES: usize = 4;

    /// Prepares to number these indices.
    fn of(indices: &[Option<u32>]) -> Self {
        let used = || indices.iter().flatten().copied();
        let least = used().min().unwrap_or(0);
        let range = used().max().map_or(0, |most| (most - least) as usize + 1);
        let is_dense = range <= indices.len().saturating_mul(Self::MAX_ENTRIES);
        let dense = if is_dense { vec![u32::MAX; range] } else { Vec::new() };
        Self { unique: Vec::new(), least, dense, sparse: BTreeMap::new() }
    }

    /// Number of an index.
    fn number(&mut self, index: u32) -> u32 {
        let next = self.unique.len() as u32;
        // A table has all indices of the draw; an empty one sends each to the map.
        let number = match self.dense.get_mut(index.wrapping_sub(self.least) as usize) {
            Some(number) => number,
            None => self.sparse.entry(index).or_insert(u32::MAX),
        };
        if *number == u32::MAX {
            *number = next;
            self.unique.push(index);
        }
        *number
    }
}

/// Sources of a draw's vertices, and the interpreter that shades them.
pub(crate) struct ShadingInputs<'a> {
    /// Memory of the vertices and textures.
    pub(crate) memory: &'a dyn PhysicalMemory,
    /// Textures that are decoded already.
    pub(crate) textures: &'a mut TextureCache,
    /// Runs the vertex shader.
    pub(crate) interpreter: &'a mut ShaderInterpreter,
    /// Limits of the draw.
    pub(crate) limits: &'a DrawLimits,
}

/// Shades all vertices of a draw and passes them to `take`; tessellated patches come in several
/// batches. A shader that writes to memory needn't export positions; there are no vertices then. If
/// a limit is reached, the vertices shaded so far are still passed on.
pub(crate) fn shade(
    call: &DrawCall,
    inputs: ShadingInputs<'_>,
    cancel: &Cancel,
    take: &mut dyn FnMut(&Vertices) -> Result<(), BackendError>,
) -> Result<(), BackendError> {
    inputs.interpreter.allow(inputs.limits.vertex_steps, cancel);
    let program = &call.vertex_shader.program;
    if !program.writes(Program::POSITION) && !program.exports_memory() {
        return Err(BackendError::Invalid("the vertex shader exports no position".into()));
    }
    if let Some(tessellation) = call.tessellation {
        return tessellate::shade(call, tessellation, inputs, take);
    }
    let ShadingInputs { memory, textures, interpreter, limits } = inputs;
    let indices = indices(call, memory);
    let mut numbers = Numbers::of(&indices);
    let order = indices.iter().map(|index| index.map(|index| numbers.number(index))).collect();
    let unique = numbers.unique;
    let textures = Bindings::new(program, &call.constants, textures, memory, limits.texture_bytes);
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
    take(&vertices)?;
    within_limits(interpreter, &textures)
}

/// Returns an error if shading stopped early or textures were left out.
pub(super) fn within_limits(
    interpreter: &ShaderInterpreter,
    textures: &Bindings,
) -> Result<(), BackendError> {
    match (interpreter.is_spent(), textures.left_out()) {
        (true, _) => Err(BackendError::Limit(SHADER_STEPS)),
        (_, true) => Err(BackendError::Limit(TEXTURE_BYTES)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_numbered_in_the_order_of_their_first_use() {
        let numbered = |indices: &[u32]| {
            let indices: Vec<_> = indices.iter().copied().map(Some).chain([None]).collect();
            let mut numbers = Numbers::of(&indices);
            let order: Vec<_> = indices.iter().flatten().map(|index| numbers.number(*index)).collect();
            (order, numbers.unique, numbers.dense.len())
        };
        assert_eq!(numbered(&[7, 5, 7, 6]), (vec![0, 1, 0, 2], vec![7, 5, 6], 3));
        // Far apart: the table would be larger than the draw.
        let far = [u32::MAX, 0, 9, u32::MAX];
        assert_eq!(numbered(&far), (vec![0, 1, 2, 0], vec![u32::MAX, 0, 9], 0));
        assert_eq!(numbered(&[]), (vec![], vec![], 0));
    }
}
