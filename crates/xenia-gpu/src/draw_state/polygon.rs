//! How polygons are filled, and how wide lines are.

use crate::enums::{PolygonFill, Primitive};
use crate::registers::{RegisterFile, pa};

/// `PA_SU_SC_MODE_CNTL`'s mode in which the fills of both faces count; a title was seen to leave
/// points in them in another mode and to want its triangles filled.
const DUAL: u32 = 1;

/// Whether a primitive has faces: it can be culled, and be drawn as lines or points. Patches of the
/// tessellator have the numbers of two kinds of rectangles.
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

/// The fills of front and back faces of polygons; `None` where both are filled.
pub(super) fn fills(registers: &RegisterFile) -> Option<[PolygonFill; 2]> {
    let control = registers.read::<pa::PaSuScModeCntl>();
    let fills = [control.polymode_front_ptype(), control.polymode_back_ptype()];
    (control.poly_mode() == DUAL && fills != [PolygonFill::Triangles; 2]).then_some(fills)
}

/// Half the width of lines in pixels. A register that nobody has written makes them a pixel wide.
pub(super) fn line_width(registers: &RegisterFile) -> f32 {
    match registers.read::<pa::PaSuLineCntl>().width() {
        0 => 0.5,
        width => width as f32 / 16.0,
    }
}
