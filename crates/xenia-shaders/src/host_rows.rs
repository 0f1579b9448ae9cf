//! The host's rows of a stage's constants, and the flags in them.

use super::{Expansion, Stage};

/// Flag: w is exported as 1/w.
pub(super) const W_INVERTED: u32 = 1;
/// Flag: x and y are exported divided by w.
pub(super) const XY_DIVIDED: u32 = 2;
/// Flag: z is exported divided by w.
pub(super) const Z_DIVIDED: u32 = 4;
/// Flag: z is clipped to 0..w; else to -w..w.
pub(super) const DIRECT3D_DEPTH: u32 = 8;
/// Flag: a vertex whose kill flag is set kills its primitive.
pub(super) const KILLS: u32 = 16;
/// Vertex stage: row of the position's scale and the flags.
pub(super) const SCALE_ROW: u32 = 0;
/// Vertex stage: row of the position's offset and a NaN, which WGSL can't express as a literal.
pub(super) const OFFSET_ROW: u32 = 1;
/// Vertex stage: row of the steps of x and y, and of their offsets after rounding.
pub(super) const STEP_ROW: u32 = 2;
/// Vertex stage with clipping: first row of the user clip planes.
pub(super) const PLANE_ROW: u32 = 3;
/// Number of user clip planes.
pub(super) const PLANES: u32 = 6;
/// Vertex stage that expands primitives: row of the record of the guest's indices, and flags.
pub(super) const LIST_ROW: u32 = PLANE_ROW + PLANES;
/// Flag: the guest's indices are in a list; else they count from zero.
pub(super) const HAS_LIST: u32 = 1;
/// Flag: flat interpolators are those of the primitive's last vertex.
pub(super) const PROVOKING_LAST: u32 = 2;
/// Flag: depth is clipped.
pub(super) const CLIPS_DEPTH: u32 = 4;
/// Vertex stage that expands primitives: row of half their width and height in pixels, and of the
/// viewport's scale.
pub(super) const SIZE_ROW: u32 = LIST_ROW + 1;
/// Vertex stage that expands primitives: row of the least and largest size of points.
pub(super) const LIMIT_ROW: u32 = LIST_ROW + 2;
/// Rows of the largest stage.
#[cfg(test)]
pub(super) const MAX_ROWS: u32 = LIMIT_ROW + 1;
/// Pixel stage: row of the alpha test (function, reference), the depth scale, and the guest's
/// pixels per host pixel.
pub(super) const ALPHA_ROW: u32 = 0;
/// Flag beside the alpha test's function: alpha is converted to its level.
pub(super) const IN_LEVELS: u32 = 8;
/// Pixel stage: first row of the first target; each has two.
pub(super) const TARGET_ROW: u32 = 1;
/// Pixel stage with alpha to mask: row of the host samples' thresholds; the next row has the
/// offsets by which they are lowered in pixels with x and y even, y odd, x odd, and both odd.
pub(super) const MASK_ROW: u32 = TARGET_ROW + 2 * 4;

/// Number of rows of a stage, at least one.
pub(super) fn count(stage: Stage) -> u32 {
    match stage {
        Stage::Vertex { clip: false, expansion: Expansion::None, .. } => PLANE_ROW,
        Stage::Vertex { clip: true, expansion: Expansion::None, .. } => PLANE_ROW + PLANES,
        Stage::Vertex { .. } => LIMIT_ROW + 1,
        Stage::Pixel { alpha_to_mask: false, .. } => MASK_ROW,
        Stage::Pixel { alpha_to_mask: true, .. } => MASK_ROW + 2,
        Stage::Compute { .. } => 1,
    }
}
