//! Polygon fill modes and line widths.

use crate::enums::{PolygonFill, Primitive};
use crate::registers::{RegisterFile, pa};

/// `PA_SU_SC_MODE_CNTL`'s polygon mode in which the fill modes of both faces apply. One title
/// leaves points in these fields in another mode and expects filled triangles.
const DUAL: u32 = 1;

/// Whether a primitive has faces, so that it can be culled and be drawn as lines or points.
/// Tessellated patches share the numbers of two kinds of rectangle lists.
pub(super) fn is_polygonal(primitive: Primitive, is_tessellated: bool) -> bool {
    match primitive {
        Primitive::CopyRectList1 | Primitive::CopyRectList2 => is_tessellated,
        Primitive::TriangleList
        | Primitive::TriangleFan
        | Primitive::TriangleStrip
        | Primitive::TriangleStrip2d
        | Primitive::TriangleWithFlags
        | Primitive::QuadList
        | Primitive::QuadStrip
        | Primitive::Polygon => true,
        _ => false,
    }
}

/// Polygon fill modes of front and back faces; `None` if both are filled triangles.
pub(super) fn fills(registers: &RegisterFile) -> Option<[PolygonFill; 2]> {
    let control = registers.read::<pa::PaSuScModeCntl>();
    let fills = [control.polymode_front_ptype(), control.polymode_back_ptype()];
    (control.poly_mode() == DUAL && fills != [PolygonFill::Triangles; 2]).then_some(fills)
}

/// Half the width of lines in pixels. Zero makes lines a pixel wide, as after a reset. **Unsure**.
pub(super) fn line_width(registers: &RegisterFile) -> f32 {
    match registers.read::<pa::PaSuLineCntl>().width() {
        0 => 0.5,
        width => width as f32 / 16.0,
    }
}
