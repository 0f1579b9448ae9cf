//! Clipping in clip space: depth range, the plane behind the eye, user clip planes, and a guard
//! band that keeps screen coordinates within the range of the rasteriser's integers. The scissor
//! does the rest.

use crate::draw_state::DrawCall;
use crate::geometry::{Corner, MIN_W, Plane, depth_planes, distance, homogeneous};

/// Largest distance of a vertex from the origin, in pixels.
const MAX_GUARD_DISTANCE: f32 = 8000.0;

/// Planes that a draw's triangles are clipped by.
pub(super) fn planes(call: &DrawCall) -> Vec<Plane> {
    let viewport = &call.viewport;
    // The plane behind the eye must come first: `clip` finds it by its index.
    let mut planes = vec![[0.0, 0.0, 0.0, 1.0]];
    for axis in 0..2 {
        let scale = viewport.scale[axis];
        let offset = viewport.offset[axis] + viewport.window_offset[axis] as f32;
        let mut low = [0.0, 0.0, 0.0, MAX_GUARD_DISTANCE + offset];
        let mut high = [0.0, 0.0, 0.0, MAX_GUARD_DISTANCE - offset];
        // Position * scale / w + offset >= -MAX_GUARD_DISTANCE, times w.
        low[axis] = scale;
        high[axis] = -scale;
        planes.extend([low, high]);
    }
    if !call.clip_planes_only_cull {
        planes.extend(&call.clip_planes);
    }
    planes.extend(depth_planes(call));
    planes
}

/// Clips a triangle by the draw's [`planes`] and passes the resulting triangles to `take`.
pub(super) fn clip(
    call: &DrawCall,
    planes: &[Plane],
    triangle: [&Corner; 3],
    mut take: impl FnMut(&[Corner; 3]),
) {
    let mut corners = [*triangle[0], *triangle[1], *triangle[2]];
    for corner in &mut corners {
        homogeneous(call, corner);
        if corner.position.iter().any(|value| !value.is_finite()) {
            return;
        }
    }
    let inside = |plane: &Plane, corner: &Corner| distance(plane, corner) >= 0.0;
    let behind = |corner: &Corner| corner.position[3] < MIN_W;
    // Clip planes that only cull are not among `planes`, but reject whole triangles.
    if planes.iter().chain(&call.clip_planes).any(|plane| corners.iter().all(|corner| !inside(plane, corner)))
    {
        return;
    }
    if planes.iter().all(|plane| corners.iter().all(|corner| inside(plane, corner)))
        && !corners.iter().any(behind)
    {
        take(&corners);
        return;
    }
    let mut polygon = corners.to_vec();
    for (i, plane) in planes.iter().enumerate() {
        let distance = |corner: &Corner| distance(plane, corner) - if i == 0 { MIN_W } else { 0.0 };
        let mut next: Vec<Corner> = Vec::with_capacity(polygon.len() + 1);
        for (i, a) in polygon.iter().enumerate() {
            let b = &polygon[(i + 1) % polygon.len()];
            let da = distance(a);
            let db = distance(b);
            if da >= 0.0 {
                next.push(*a);
            }
            if (da >= 0.0) != (db >= 0.0) {
                // One distance is negative and the other is not, so their difference is not zero.
                let t = da / (da - db);
                next.push(Corner::combine(a, b, |a, b| a + (b - a) * t));
            }
        }
        polygon = next;
        if polygon.len() < 3 {
            return;
        }
    }
    for i in 1..polygon.len() - 1 {
        take(&[polygon[0], polygon[i], polygon[i + 1]]);
    }
}
