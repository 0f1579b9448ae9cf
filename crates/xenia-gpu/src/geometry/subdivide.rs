//! Tessellator: positions of the vertices in a patch, and the triangles between them.
//!
//! Patches whose edges have equal factors become a uniform grid. Others have a grid of the least
//! factor inside, and a ring around it whose outer vertices lie on the edges. Neighbouring patches
//! have the same factor on their common edge, so there are no cracks.
//!
//! Unsure: how vertices move on an edge whose factor grows continuously isn't documented. Here, as
//! Direct3D allows for even fractional factors, all segments but the first and the last have equal
//! lengths.

use crate::enums::TessellationMode;

/// Highest level of an edge: the documented limit in the registers of the chip's successor.
const MAX_LEVEL: f32 = 15.0;

/// Tessellated patch: vertices and the triangles between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Grid {
    /// Barycentric weights of a triangle's three corners, which sum to one; u, v and zero in a
    /// quadrilateral.
    pub(super) points: Vec<[f32; 3]>,
    /// Indices of points, with the winding of the patch's corners.
    pub(super) triangles: Vec<[u32; 3]>,
}

/// Positions of the vertices on an edge with this level, from 0 to 1. They are symmetric, so that
/// both patches of an edge agree.
pub(super) fn steps(mode: TessellationMode, level: f32) -> Vec<f32> {
    let factor = 1.0 + if level > 0.0 { level.min(MAX_LEVEL) } else { 0.0 };
    if mode == TessellationMode::Discrete {
        let parts = factor.ceil() as u32;
        return (0..=parts).map(|i| i as f32 / parts as f32).collect();
    }
    // An even number of parts; if the factor is smaller, the first and the last are shorter.
    let factor = factor.max(2.0);
    let parts = 2 * (factor / 2.0).ceil() as u32;
    let long = 1.0 / factor;
    let first_half = (0..parts / 2).map(|i| if i == 0 { 0.0 } else { 0.5 - (parts / 2 - i) as f32 * long });
    let first_half: Vec<f32> = first_half.collect();
    let second_half = first_half.iter().rev().map(|at| 1.0 - at);
    first_half.iter().copied().chain([0.5]).chain(second_half).collect()
}

impl Grid {
    fn point(&mut self, point: [f32; 3]) -> u32 {
        self.points.push(point);
        self.points.len() as u32 - 1
    }

    /// Tessellates a triangle whose edges have the same steps.
    pub(super) fn triangle(steps: &[f32]) -> Self {
        let mut grid = Self::default();
        grid.fill_triangle(steps, 0);
        grid
    }

    /// Fills a uniform triangle whose distance from the patch's edges is `margin` rows; returns its
    /// outline, edge by edge.
    fn fill_triangle(&mut self, steps: &[f32], margin: usize) -> [Vec<u32>; 3] {
        let parts = steps.len() - 1;
        // A row less at each of the three edges shortens a side by three parts.
        let size = parts - 3 * margin;
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(size + 1);
        for k in 0..=size {
            let row = (0..=size - k).map(|j| {
                let weights = [size - k - j, j, k].map(|i| steps[i + margin]);
                let sum: f32 = weights.iter().sum();
                // Steps of unequal lengths do not add up to one inside the triangle.
                self.point(weights.map(|weight| weight / sum))
            });
            rows.push(row.collect());
        }
        for (k, pair) in rows.windows(2).enumerate() {
            let [below, above] = [&pair[0], &pair[1]];
            for j in 0..size - k {
                self.triangles.push([below[j], below[j + 1], above[j]]);
                if j + 1 < above.len() {
                    self.triangles.push([below[j + 1], above[j + 1], above[j]]);
                }
            }
        }
        let first = rows[0].clone();
        let second = rows.iter().filter_map(|row| row.last().copied()).collect();
        let third = rows.iter().rev().map(|row| row[0]).collect();
        [first, second, third]
    }

    /// Tessellates a quadrilateral with these steps along u and v.
    pub(super) fn quad(along: [&[f32]; 2]) -> Self {
        let mut grid = Self::default();
        grid.fill_quad(along);
        grid
    }

    fn fill_quad(&mut self, [us, vs]: [&[f32]; 2]) -> [Vec<u32>; 4] {
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(vs.len());
        for &v in vs {
            rows.push(us.iter().map(|&u| self.point([u, v, 0.0])).collect());
        }
        for pair in rows.windows(2) {
            for (low, high) in pair[0].windows(2).zip(pair[1].windows(2)) {
                self.triangles.extend([[low[0], low[1], high[1]], [low[0], high[1], high[0]]]);
            }
        }
        let bottom = rows[0].clone();
        let right = rows.iter().filter_map(|row| row.last().copied()).collect();
        let top = rows[rows.len() - 1].iter().rev().copied().collect();
        let left = rows.iter().rev().map(|row| row[0]).collect();
        [bottom, right, top, left]
    }

    /// Tessellates a triangle with a separate level for each edge (from corner 0 to 1, 1 to 2, 2 to
    /// 0).
    pub(super) fn adaptive_triangle(mode: TessellationMode, levels: [f32; 3]) -> Self {
        let mut grid = Self::default();
        let least = levels.into_iter().fold(f32::INFINITY, f32::min);
        let inner = steps(mode, least);
        let outlines = if inner.len() > 3 {
            grid.fill_triangle(&inner, 1)
        } else {
            let center = grid.point([1.0 / 3.0; 3]);
            std::array::from_fn(|_| vec![center])
        };
        for (edge, outline) in outlines.iter().enumerate() {
            let on_edge = |at: f32| {
                let mut weights = [0.0; 3];
                weights[edge] = 1.0 - at;
                weights[(edge + 1) % 3] = at;
                weights
            };
            grid.ring(steps(mode, levels[edge]).into_iter().map(on_edge), outline);
        }
        grid
    }

    /// Tessellates a quadrilateral with a separate level for each edge (along u, along v, back
    /// along u, back along v).
    pub(super) fn adaptive_quad(mode: TessellationMode, levels: [f32; 4]) -> Self {
        let mut grid = Self::default();
        let [us, vs] = [0, 1].map(|axis: usize| steps(mode, levels[axis].min(levels[axis + 2])));
        // The adaptive mode has two parts at least, so a step is left inside.
        let outlines = grid.fill_quad([&us[1..us.len() - 1], &vs[1..vs.len() - 1]]);
        for (edge, outline) in outlines.iter().enumerate() {
            let on_edge = |at: f32| match edge {
                0 => [at, 0.0, 0.0],
                1 => [1.0, at, 0.0],
                2 => [1.0 - at, 1.0, 0.0],
                _ => [0.0, 1.0 - at, 0.0],
            };
            grid.ring(steps(mode, levels[edge]).into_iter().map(on_edge), outline);
        }
        grid
    }

    /// Fills the ring between an edge and the outline of the inner grid, which run in the same
    /// direction.
    fn ring(&mut self, edge: impl Iterator<Item = [f32; 3]>, outline: &[u32]) {
        let edge: Vec<u32> = edge.map(|point| self.point(point)).collect();
        let mut outer = 0;
        let mut inner = 0;
        // Advances the side that lags behind: positions are compared as fractions of the whole.
        while outer + 1 < edge.len() || inner + 1 < outline.len() {
            // Middles of the next segments, multiplied by both denominators. The outline is the
            // inner part of one more segment at either end.
            let next_outer = (2 * outer + 1) * (outline.len() + 1);
            let next_inner = (2 * inner + 3) * (edge.len() - 1);
            if inner + 1 == outline.len() || outer + 1 < edge.len() && next_outer <= next_inner {
                self.triangles.push([edge[outer], edge[outer + 1], outline[inner]]);
                outer += 1;
            } else {
                self.triangles.push([edge[outer], outline[inner + 1], outline[inner]]);
                inner += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TessellationMode::{Adaptive, Continuous, Discrete};

    /// Sum of twice the triangles' areas in the first two coordinates; each must have the sign of
    /// `sign`.
    fn area(grid: &Grid, sign: f32) -> f32 {
        let areas = grid.triangles.iter().map(|triangle| {
            let [a, b, c] = triangle.map(|i| grid.points[i as usize]);
            let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
            assert!(area * sign >= -1e-6, "{triangle:?} is turned round");
            area * sign
        });
        areas.sum()
    }

    #[test]
    fn tessellation_steps_increase_symmetrically() {
        assert_eq!(steps(Discrete, 0.0), [0.0, 1.0]);
        assert_eq!(steps(Discrete, 3.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(steps(Continuous, 3.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(steps(Continuous, 0.3), [0.0, 0.5, 1.0]);
        for (level, parts) in [(f32::NAN, 2), (-1e30, 2), (1.5, 4), (7.0, 8), (7.01, 10), (f32::INFINITY, 16)]
        {
            let steps = steps(Adaptive, level);
            assert_eq!(steps.len(), parts + 1, "{level}");
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(steps.iter().zip(steps.iter().rev()).all(|(a, b)| (a + b - 1.0).abs() < 1e-6));
        }
    }

    #[test]
    fn grids_fill_their_patches_once() {
        for level in [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 6.3, 15.0] {
            for mode in [Discrete, Continuous] {
                let steps = steps(mode, level);
                let parts = steps.len() - 1;
                // The first two of three weights: corner 0 lies at (1, 0), 1 at (0, 1), 2 at (0,
                // 0).
                let triangle = Grid::triangle(&steps);
                assert_eq!(triangle.triangles.len(), parts * parts);
                assert!((area(&triangle, 1.0) - 1.0).abs() < 1e-5, "{mode:?} {level}");
                let quad = Grid::quad([&steps, &steps]);
                assert_eq!(quad.triangles.len(), 2 * parts * parts);
                assert!((area(&quad, 1.0) - 2.0).abs() < 1e-5);
            }
        }
        for levels in [[0.0; 4], [3.0; 4], [0.0, 5.0, 9.0, 15.0], [15.0, 2.0, 3.5, 0.0], [4.5, 4.5, 8.0, 1.0]]
        {
            let quad = Grid::adaptive_quad(Adaptive, levels);
            assert!((area(&quad, 1.0) - 2.0).abs() < 1e-5, "{levels:?}");
            let triangle = Grid::adaptive_triangle(Adaptive, [levels[0], levels[1], levels[2]]);
            assert!((area(&triangle, 1.0) - 1.0).abs() < 1e-5, "{levels:?}");
            // All of an edge's steps are used, and no others.
            let mut edge: Vec<f32> =
                quad.points.iter().filter(|point| point[1] == 0.0).map(|point| point[0]).collect();
            edge.sort_by(f32::total_cmp);
            edge.dedup();
            assert_eq!(edge, steps(Adaptive, levels[0]));
        }
    }
}
