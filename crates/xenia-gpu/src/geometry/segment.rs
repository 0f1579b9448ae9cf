//! Clip-space positions: conversion to homogeneous coordinates, and clipping of segments.

use super::assemble::Corner;
use crate::draw_state::DrawCall;

/// Smallest w that is drawn.
pub const MIN_W: f32 = 1e-6;

/// Clip plane: a corner is inside where the dot product with its position is not negative.
pub(crate) type Plane = [f32; 4];

pub(crate) fn distance(plane: &Plane, corner: &Corner) -> f32 {
    plane.iter().zip(&corner.position).map(|(a, b)| a * b).sum()
}

/// Clip planes at both ends of the depth range, if depth is clipped.
pub(crate) fn depth_planes(call: &DrawCall) -> impl Iterator<Item = Plane> {
    let near = if call.viewport.direct3d_depth { 0.0 } else { 1.0 };
    let planes = [[0.0, 0.0, 1.0, near], [0.0, 0.0, -1.0, 1.0]];
    planes.into_iter().filter(|_| !call.viewport.clip_disabled)
}

/// Undoes divisions that the vertex shader has already done, so that all positions are homogeneous.
pub(crate) fn homogeneous(call: &DrawCall, corner: &mut Corner) {
    let viewport = &call.viewport;
    let [x, y, z, w] = &mut corner.position;
    if viewport.w_inverted {
        *w = 1.0 / *w;
    }
    if viewport.xy_divided {
        if !w.is_finite() || *w == 0.0 {
            *w = 1.0;
        }
        *x *= *w;
        *y *= *w;
    }
    if viewport.z_divided {
        *z *= *w;
    }
}

/// Converts a homogeneous position to the form that the vertex shader exports: the inverse of
/// [`homogeneous`].
fn exported(call: &DrawCall, corner: &mut Corner) {
    let viewport = &call.viewport;
    let [x, y, z, w] = &mut corner.position;
    if viewport.z_divided {
        *z /= *w;
    }
    if viewport.xy_divided {
        *x /= *w;
        *y /= *w;
    }
    if viewport.w_inverted {
        *w = 1.0 / *w;
    }
}

/// Clips a segment to the half-space in front of the eye, and to the depth range if depth is
/// clipped. Positions are as the vertex shader exports them, before and after. `None` if the whole
/// segment is clipped.
///
/// A line's width is added on the screen, where positions whose w is not positive do not exist.
pub(crate) fn segment(call: &DrawCall, ends: [&Corner; 2]) -> Option<[Corner; 2]> {
    let mut corners = ends.map(|corner| {
        let mut corner = *corner;
        homogeneous(call, &mut corner);
        corner
    });
    let mut planes = vec![([0.0, 0.0, 0.0, 1.0], MIN_W)];
    planes.extend(depth_planes(call).map(|plane| (plane, 0.0)));
    let mut is_cut = false;
    for (plane, least) in planes {
        let [a, b] = corners.each_ref().map(|corner| distance(&plane, corner) - least);
        match (a >= 0.0, b >= 0.0) {
            (true, true) => {}
            (false, false) => return None,
            (from_first, _) => {
                let t = a / (a - b);
                let cut = Corner::combine(&corners[0], &corners[1], |a, b| a + (b - a) * t);
                corners[usize::from(from_first)] = cut;
                is_cut = true;
            }
        }
    }
    if !is_cut {
        return Some(ends.map(|corner| *corner));
    }
    for corner in &mut corners {
        exported(call, corner);
    }
    Some(corners)
}
