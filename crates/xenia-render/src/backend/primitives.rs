//! Primitives as lists of triangles by index: what the host draws.
//!
//! Strips, fans and quads become lists on the way, which also does away with restart indices. Flat
//! interpolators come from a triangle's first corner on the host, so triangles are turned until the
//! corner that the guest takes them from is the first.

use xenia_gpu::draw_state::{DrawCall, IndexSource};
use xenia_gpu::enums::Primitive;
use xenia_gpu::geometry::{MAX_COUNT, indices};
use xenia_gpu::{BackendError, PhysicalMemory};

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Corners {
    /// As many vertices as this, by their number.
    Counted(u32),
    /// Vertices by index.
    Indexed(Vec<u32>),
}

impl Corners {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Counted(count) => *count == 0,
            Self::Indexed(list) => list.is_empty(),
        }
    }

    /// The lowest and the highest number of a vertex, if there is one.
    pub(super) fn bounds(&self) -> Option<[u32; 2]> {
        match self {
            Self::Counted(count) => count.checked_sub(1).map(|last| [0, last]),
            Self::Indexed(list) => Some([*list.iter().min()?, *list.iter().max()?]),
        }
    }

    /// The indices, as the host reads them.
    pub(super) fn index_bytes(&self) -> &[u8] {
        match self {
            Self::Counted(_) => &[],
            Self::Indexed(list) => bytemuck::cast_slice(list),
        }
    }
}

/// Whether the corners of a primitive are found by shading vertices: rectangles have one that no
/// index names, points and lines have none of their own.
pub(super) fn is_expanded(primitive: Primitive) -> bool {
    matches!(
        primitive,
        Primitive::RectangleList
            | Primitive::PointList
            | Primitive::LineList
            | Primitive::LineStrip
            | Primitive::LineLoop
            | Primitive::LineStrip2d
    )
}

/// A triangle whose provoking corner (0 to 2) comes first, the same way round.
fn turned(corners: [u32; 3], provoking: usize) -> [u32; 3] {
    [0, 1, 2].map(|i: usize| corners[(i + provoking) % 3])
}

/// Whether vertices are drawn as they are counted.
fn is_plain(call: &DrawCall) -> bool {
    call.primitive == Primitive::TriangleList
        && call.indices == IndexSource::Counted
        && call.restart.is_none()
        && call.index_offset == 0
        && call.index_bounds[0] == 0
        && call.index_bounds[1] >= MAX_COUNT
        && (call.flat == 0 || !call.provoking_last)
}

/// The triangles of a draw, but for primitives that are expanded.
pub(super) fn triangles(call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<Corners, BackendError> {
    if is_plain(call) {
        let count = call.count.min(MAX_COUNT);
        return Ok(Corners::Counted(count - count % 3));
    }
    let order = indices(call, memory);
    let mut out = Vec::with_capacity(order.len() * 3);
    for run in order.split(Option::is_none) {
        let run: Vec<u32> = run.iter().flatten().copied().collect();
        list(call, &run, &mut out)?;
    }
    Ok(Corners::Indexed(out))
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
                // Every second one is turned round, so that all face the same way.
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
