//! Conversion of primitives to indexed triangle lists, which the host draws.
//!
//! Strips, fans and quads become lists, which also removes restart indices. The host takes flat
//! interpolators from a triangle's first corner, so triangles are rotated until the guest's
//! provoking corner comes first.

use std::convert::Infallible;

use xenia_gpu::draw_state::{DrawCall, IndexSource};
use xenia_gpu::enums::Primitive;
use xenia_gpu::geometry::{IndexReader, MAX_COUNT};
use xenia_gpu::{BackendError, PhysicalMemory};

/// List of indices on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeptList {
    /// Position of the first index in the device's buffer.
    pub(super) first: u32,
    pub(super) count: u32,
    /// Lowest and highest index.
    pub(super) bounds: [u32; 2],
}

/// Vertices to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Corners {
    /// Non-indexed: this many vertices in order.
    Counted(u32),
    /// Vertices with indices.
    Indexed(Vec<u32>),
    /// Vertices with indices that the device has.
    Kept(KeptList),
}

impl Corners {
    /// Number of vertices.
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::Counted(count) => *count,
            Self::Indexed(list) => list.len() as u32,
            Self::Kept(list) => list.count,
        }
    }

    /// Number of indices, if there are indices.
    pub(super) fn indices(&self) -> Option<u32> {
        (!matches!(self, Self::Counted(_))).then(|| self.count())
    }

    /// Lowest and highest vertex index, if there are any vertices.
    pub(super) fn bounds(&self) -> Option<[u32; 2]> {
        match self {
            Self::Counted(count) => count.checked_sub(1).map(|last| [0, last]),
            Self::Indexed(list) => (!list.is_empty()).then(|| {
                let widen = |[low, high]: [u32; 2], index: u32| [low.min(index), high.max(index)];
                list.iter().copied().fold([u32::MAX, 0], widen)
            }),
            Self::Kept(list) => Some(list.bounds),
        }
    }

    /// The indices that the device lacks, as bytes.
    pub(super) fn index_bytes(&self) -> &[u8] {
        match self {
            Self::Counted(_) | Self::Kept(_) => &[],
            Self::Indexed(list) => bytemuck::cast_slice(list),
        }
    }
}

/// Whether corners follow from the shaded vertices: rectangles have a corner without an index, and
/// those of points and lines are not vertices.
pub(super) fn is_expanded(primitive: Primitive) -> bool {
    matches!(primitive, Primitive::RectangleList | Primitive::PointList) || primitive.is_line()
}

/// Vertices of each primitive that is expanded.
pub(super) fn vertices_of(primitive: Primitive) -> u32 {
    match primitive {
        Primitive::RectangleList => 3,
        Primitive::PointList => 1,
        _ => 2,
    }
}

/// Rotates a triangle so that its provoking corner (0 to 2) comes first; the winding is preserved.
fn turned(corners: [u32; 3], provoking: usize) -> [u32; 3] {
    [0, 1, 2].map(|i: usize| corners[(i + provoking) % 3])
}

/// Whether the indices count from zero.
fn counts(call: &DrawCall) -> bool {
    call.indices == IndexSource::Counted
        && call.restart.is_none()
        && call.index_offset == 0
        && call.index_bounds[0] == 0
        && call.index_bounds[1] >= MAX_COUNT
}

/// Whether the vertices are drawn unchanged, without indices.
fn is_plain(call: &DrawCall) -> bool {
    // Without flat interpolators it does not matter which corner comes first.
    call.primitive == Primitive::TriangleList && counts(call) && (call.flat == 0 || !call.provoking_last)
}

/// Converter of draws to triangles, in memory that it uses again for the next draw.
#[derive(Default)]
pub(super) struct TriangleLists {
    reader: IndexReader,
    /// Memory of the last list.
    spare: Vec<u32>,
}

impl TriangleLists {
    /// Converts a draw to triangles, except for primitives that are expanded.
    pub(super) fn triangles(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<Corners, BackendError> {
        if is_plain(call) {
            let count = call.count.min(MAX_COUNT);
            return Ok(Corners::Counted(count - count % 3));
        }
        let mut out = std::mem::take(&mut self.spare);
        out.clear();
        if call.restart.is_some() {
            self.reader.runs(call, memory, |run| {
                out.reserve(run.len() * 3);
                list(call, run, &mut out)
            })?;
            return Ok(Corners::Indexed(out));
        }
        let run = self.reader.without_restart(call, memory);
        // Such triangles are neither reordered nor turned.
        if call.primitive == Primitive::TriangleList && !call.provoking_last {
            out.extend_from_slice(&run[..run.len() - run.len() % 3]);
        } else {
            out.reserve(run.len() * 3);
            list(call, run, &mut out)?;
        }
        Ok(Corners::Indexed(out))
    }

    /// Finds the vertices of primitives that are expanded, each primitive's in order.
    pub(super) fn vertices(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Corners {
        let each = vertices_of(call.primitive);
        let is_list =
            matches!(call.primitive, Primitive::RectangleList | Primitive::PointList | Primitive::LineList);
        if is_list && counts(call) {
            let count = call.count.min(MAX_COUNT);
            return Corners::Counted(count - count % each);
        }
        let mut out = std::mem::take(&mut self.spare);
        out.clear();
        let Ok(()) = self.reader.runs(call, memory, |run| {
            if is_list {
                out.extend_from_slice(&run[..run.len() - run.len() % each as usize]);
            } else {
                strip(call.primitive, run, &mut out);
            }
            Ok::<(), Infallible>(())
        });
        Corners::Indexed(out)
    }

    /// Takes the memory of a list back, to convert the next one.
    pub(super) fn take_back(&mut self, corners: Corners) {
        if let Corners::Indexed(list) = corners {
            self.spare = list;
        }
    }
}

/// Appends the ends of the lines of a strip or a loop.
fn strip(primitive: Primitive, run: &[u32], out: &mut Vec<u32>) {
    for line in run.windows(2) {
        out.extend_from_slice(line);
    }
    if let ([first, .., last], Primitive::LineLoop) = (run, primitive) {
        out.extend([*last, *first]);
    }
}

/// Appends the triangles of a run of indices without restarts.
fn list(call: &DrawCall, run: &[u32], out: &mut Vec<u32>) -> Result<(), BackendError> {
    let provoking = |first: usize, last: usize| if call.provoking_last { last } else { first };
    match call.primitive {
        Primitive::TriangleList => {
            for t in run.chunks_exact(3) {
                out.extend(turned([t[0], t[1], t[2]], provoking(0, 2)));
            }
        }
        Primitive::TriangleStrip | Primitive::TriangleStrip2d => {
            for (i, t) in run.windows(3).enumerate() {
                // Every second triangle of a strip is reversed, so that all have the same winding.
                out.extend(if i & 1 == 0 {
                    turned([t[0], t[1], t[2]], provoking(0, 2))
                } else {
                    turned([t[1], t[0], t[2]], provoking(1, 2))
                });
            }
        }
        Primitive::TriangleFan | Primitive::Polygon => {
            for t in run.get(1..).unwrap_or(&[]).windows(2) {
                out.extend(turned([run[0], t[0], t[1]], provoking(1, 2)));
            }
        }
        Primitive::QuadList => {
            for q in run.chunks_exact(4) {
                out.extend([q[0], q[1], q[2], q[0], q[2], q[3]]);
            }
        }
        Primitive::QuadStrip => {
            for q in run.windows(4).step_by(2) {
                out.extend([q[0], q[1], q[3], q[0], q[3], q[2]]);
            }
        }
        other => return Err(BackendError::Unsupported(format!("primitive {other:?}"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use xenia_gpu::draw_state::DrawRequest;
    use xenia_gpu::enums::EdramMode;
    use xenia_gpu::memory::Ram;
    use xenia_gpu::microcode::{Shader, ShaderKind};
    use xenia_gpu::registers::{RegisterFile, rb, vgt};

    #[test]
    fn vertices_of_expanded_primitives_are_in_order() {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::Depth));
        let shader = Arc::new(Shader::new(ShaderKind::Vertex, &[]));
        let words: Arc<[u32]> = Arc::new([0x0002_0001, 0x0004_0003, 0x0005_ffff, 0x0007_0006]);
        let request = DrawRequest {
            initiator: vgt::VgtDrawInitiator(8 | 1 << 6 | 8 << 16),
            indices: IndexSource::Inline { words, wide: false },
        };
        let call = DrawCall::capture(&registers, request, Some(&shader), None, Arc::default()).unwrap();
        let call = DrawCall { restart: Some(0xffff), index_bounds: [0, 0xff_ffff], ..call };
        let mut lists = TriangleLists::default();
        let memory = Ram::new(0x1000);
        for (primitive, expected) in [
            (Primitive::RectangleList, &[1, 2, 3, 5, 6, 7][..]),
            (Primitive::PointList, &[1, 2, 3, 4, 5, 6, 7]),
            (Primitive::LineList, &[1, 2, 3, 4, 5, 6]),
            (Primitive::LineStrip, &[1, 2, 2, 3, 3, 4, 5, 6, 6, 7]),
            (Primitive::LineLoop, &[1, 2, 2, 3, 3, 4, 4, 1, 5, 6, 6, 7, 7, 5]),
        ] {
            let found = lists.vertices(&DrawCall { primitive, ..call.clone() }, &memory);
            assert_eq!(found, Corners::Indexed(expected.to_vec()), "{primitive:?}");
            lists.take_back(found);
        }
        let counted = DrawCall { indices: IndexSource::Counted, restart: None, ..call };
        assert_eq!(lists.vertices(&counted, &memory), Corners::Counted(6));
        let strip = DrawCall { primitive: Primitive::LineStrip, count: 3, ..counted };
        assert_eq!(lists.vertices(&strip, &memory), Corners::Indexed(vec![0, 1, 1, 2]));
    }
}
