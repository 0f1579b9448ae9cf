//! Shading of tessellated patches: runs the vertex shader for each vertex of the tessellated patch.
//!
//! The shader's inputs depend on the primitive, as seen in titles' shaders:
//!
//! | primitive | r0 | r1 |
//! |---|---|---|
//! | triangle list, strip, fan | weights of corners 3, 2 and 1 | indices of the corners |
//! | triangle patch | the same | patch, 0 |
//! | quadrilateral list | u, v, index of the first corner | indices of the others, around |
//! | quadrilateral patch | patch, u, v | 0 |
//!
//! Strips and fans of triangles are treated as the equivalent lists.
//!
//! The zeros mean that weights have the order given here; the chip permutes them for some edges,
//! and shaders must undo that.

use super::indices::{index_range, indices};
use super::subdivide::{Grid, steps};
use super::vertex::{ShadingInputs, Vertices, within_limits};
use crate::backend::BackendError;
use crate::draw_state::{DrawCall, IndexSource, Tessellation};
use crate::enums::{Primitive, TessellationMode};
use crate::fetch::{Bindings, Fetcher};
use crate::memory::PhysicalMemory;
use crate::microcode::{LANES, ShaderInterpreter};

/// Number of shaded vertices after which a batch is emitted.
const CHUNK: usize = 4096;

/// Patch: indices of its corners, or the patch number in the first element.
type Patch = [u32; 4];

/// Whether a primitive's patches have three corners; `None` for an unsupported primitive.
fn has_three(primitive: Primitive) -> Option<bool> {
    match primitive {
        Primitive::TriangleList
        | Primitive::TriangleStrip
        | Primitive::TriangleFan
        | Primitive::CopyRectList1 => Some(true),
        Primitive::QuadList | Primitive::CopyRectList2 => Some(false),
        _ => None,
    }
}

/// Patches of a draw whose levels don't come from its index buffer.
fn patches(call: &DrawCall, corners: usize, memory: &dyn PhysicalMemory) -> Vec<Patch> {
    let order = indices(call, memory);
    let mut patches = Vec::new();
    for run in order.split(Option::is_none) {
        let run: Vec<u32> = run.iter().flatten().copied().collect();
        match call.primitive {
            // Every second triangle of a strip is reversed, so that all have the same winding.
            Primitive::TriangleStrip => patches.extend(
                run.windows(3)
                    .enumerate()
                    .map(|(i, t)| if i & 1 == 0 { [t[0], t[1], t[2], 0] } else { [t[1], t[0], t[2], 0] }),
            ),
            Primitive::TriangleFan => {
                patches.extend(run.get(1..).unwrap_or(&[]).windows(2).map(|t| [run[0], t[0], t[1], 0]));
            }
            _ => patches.extend(run.chunks_exact(corners).map(|corners| {
                let mut patch = [0; 4];
                patch[..corners.len()].copy_from_slice(corners);
                patch
            })),
        }
    }
    patches
}

/// Reads levels from the index buffer, which has one for each edge of each patch.
fn edge_levels(call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<Vec<f32>, BackendError> {
    let IndexSource::Buffer { wide: true, endian, length, .. } = call.indices else {
        return Err(BackendError::Invalid("adaptive tessellation without a buffer of 32-bit levels".into()));
    };
    let range = index_range(call).unwrap_or_default();
    let mut bytes = vec![0; call.count.min(length).min(u32::from(u16::MAX)) as usize * 4];
    memory.read(range.start, &mut bytes);
    let words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    Ok(words.map(|word| f32::from_bits(endian.swap(word))).collect())
}

/// Initial values of registers 0 and 1 for a vertex.
fn registers(primitive: Primitive, patch: &Patch, [a, b, c]: [f32; 3]) -> [[f32; 4]; 2] {
    let index = patch.map(|index| index as f32);
    match primitive {
        Primitive::TriangleList | Primitive::TriangleStrip | Primitive::TriangleFan => {
            [[c, b, a, 0.0], [index[0], index[1], index[2], 0.0]]
        }
        Primitive::QuadList => [[a, b, index[0], 0.0], [index[1], index[2], index[3], 0.0]],
        Primitive::CopyRectList1 => [[c, b, a, 0.0], [index[0], 0.0, 0.0, 0.0]],
        _ => [[index[0], a, b, 0.0], [0.0; 4]],
    }
}

/// Batch of vertices to shade.
struct Shading<'a> {
    call: &'a DrawCall,
    interpreter: &'a mut ShaderInterpreter,
    fetch: Fetcher<'a>,
    waiting: usize,
    vertices: Vertices,
}

impl Shading<'_> {
    fn patch(&mut self, patch: &Patch, grid: &Grid) {
        let first = (self.vertices.count + self.waiting) as u32;
        self.vertices.order.extend(grid.triangles.iter().flatten().map(|point| Some(first + point)));
        for point in &grid.points {
            if self.waiting == 0 {
                self.interpreter.clear(&self.call.vertex_shader.program);
            }
            for (register, value) in (0..).zip(registers(self.call.primitive, patch, *point)) {
                for (component, value) in self.interpreter.register(register).iter_mut().zip(value) {
                    component[self.waiting] = value;
                }
            }
            self.waiting += 1;
            if self.waiting == LANES {
                self.run();
            }
        }
    }

    fn run(&mut self) {
        let count = std::mem::take(&mut self.waiting);
        if count != 0 {
            self.vertices.shade(self.call, count, self.interpreter, &mut self.fetch);
        }
    }
}

/// Shades the patches of a draw and emits triangle lists in batches of bounded size.
pub(super) fn shade(
    call: &DrawCall,
    Tessellation { mode, levels: [least, most] }: Tessellation,
    inputs: ShadingInputs<'_>,
    take: &mut dyn FnMut(&Vertices) -> Result<(), BackendError>,
) -> Result<(), BackendError> {
    let ShadingInputs { memory, textures, interpreter, limits } = inputs;
    let is_patch = matches!(call.primitive, Primitive::CopyRectList1 | Primitive::CopyRectList2);
    let is_adaptive = mode == TessellationMode::Adaptive;
    let three = has_three(call.primitive).filter(|_| is_patch || !is_adaptive).ok_or_else(|| {
        BackendError::Unsupported(format!("{mode:?} tessellation of primitive {:?}", call.primitive))
    })?;
    let corners = if three { 3 } else { 4 };
    let bindings =
        Bindings::new(&call.vertex_shader.program, &call.constants, textures, memory, limits.texture_bytes);
    let mut shading = Shading {
        call,
        interpreter,
        fetch: Fetcher::new(&call.constants, memory, &bindings),
        waiting: 0,
        vertices: Vertices::new(call, Primitive::TriangleList),
    };
    let mut patch = |patch: &Patch, grid: &Grid, is_last: bool| {
        shading.patch(patch, grid);
        if is_last || shading.vertices.count >= CHUNK {
            // The order already names the vertices that wait for a full group of lanes.
            shading.run();
            let vertices =
                std::mem::replace(&mut shading.vertices, Vertices::new(call, Primitive::TriangleList));
            return take(&vertices);
        }
        Ok(())
    };
    if is_adaptive {
        let levels = edge_levels(call, memory)?;
        let count = levels.len() / corners;
        let [lowest, highest] = call.index_bounds;
        for (i, edges) in (0_u32..).zip(levels.chunks_exact(corners)) {
            let level = |edge: usize| edges.get(edge).map_or(0.0, |level| level.max(least).min(most));
            let grid = if three {
                Grid::adaptive_triangle(mode, [0, 1, 2].map(level))
            } else {
                Grid::adaptive_quad(mode, [0, 1, 2, 3].map(level))
            };
            let number = i.wrapping_add_signed(call.index_offset) & 0xff_ffff;
            patch(&[number.min(highest).max(lowest), 0, 0, 0], &grid, i as usize + 1 == count)?;
        }
    } else {
        let steps = steps(mode, most);
        let grid = if three { Grid::triangle(&steps) } else { Grid::quad([&steps, &steps]) };
        let patches = patches(call, if is_patch { 1 } else { corners }, memory);
        for (i, corners) in patches.iter().enumerate() {
            patch(corners, &grid, i + 1 == patches.len())?;
        }
    }
    within_limits(shading.interpreter, &bindings)
}
