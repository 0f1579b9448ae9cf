//! Gradients across the faces of cube maps.
//!
//! The coordinates on a face jump where two faces meet, and a quad of pixels may lie on both. So
//! the direction is computed again from them, which is continuous; each lane projects its changes
//! onto the lane's own face.

use super::gradients::{Gradients, coordinate_gradients};
use crate::microcode::{LANES, Lanes, Sampling, TextureFetch};

/// Position on the cube that extends from -1 to 1 along each axis.
#[derive(Clone, Copy)]
struct CubePoint {
    /// Number of the axis that the face is across.
    axis: usize,
    /// Side of the cube: 1 or -1.
    sign: f32,
    /// Coordinates on the face.
    s: f32,
    t: f32,
}

impl CubePoint {
    /// Converts a fetch's coordinates: two that the cube instruction's user has moved to 1 to 2,
    /// and the number of the face.
    fn new([s, t, face]: [f32; 3]) -> Self {
        let face = (face.floor() as i32).clamp(0, 5);
        let sign = if face % 2 == 0 { 1.0 } else { -1.0 };
        Self { axis: face as usize / 2, sign, s: s * 2.0 - 3.0, t: t * 2.0 - 3.0 }
    }

    /// Direction from the centre, the inverse of the cube instruction.
    fn direction(&self) -> [f32; 3] {
        let Self { axis, sign, s, t } = *self;
        match axis {
            0 => [sign, -t, -sign * s],
            1 => [s, sign, sign * t],
            _ => [sign * s, -t, sign],
        }
    }

    /// Change of the coordinates, from 1 to 2, when the direction changes.
    fn project(&self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let sign = self.sign;
        let [s, t, major] = match self.axis {
            0 => [-sign * z, -y, sign * x],
            1 => [x, sign * z, sign * y],
            _ => [sign * x, -y, sign * z],
        };
        [(s - self.s * major) * 0.5, (t - self.t * major) * 0.5, 0.0]
    }
}

/// Gradients of the coordinates on each lane's face, if the fetch computes its level of detail from
/// them. Gradients set by a program are those of the direction.
pub(super) fn face_gradients(fetch: &TextureFetch, at: &Sampling<'_>) -> Option<Gradients> {
    let [s, t, face] = at.coordinates;
    let points: [_; LANES] = std::array::from_fn(|lane| CubePoint::new([s[lane], t[lane], face[lane]]));
    let directions = lanes_of_each(|lane| points[lane].direction());
    let changes = coordinate_gradients(fetch, &Sampling { coordinates: &directions, ..*at })?;
    Some(changes.map(|[x, y, z]| lanes_of_each(|lane| points[lane].project([x[lane], y[lane], z[lane]]))))
}

/// Transposes the vectors of all lanes.
fn lanes_of_each(of: impl Fn(usize) -> [f32; 3]) -> [Lanes; 3] {
    let mut out = [[0.0; LANES]; 3];
    for lane in 0..LANES {
        for (out, value) in out.iter_mut().zip(of(lane)) {
            out[lane] = value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microcode::{Program, ShaderInstruction, assemble};

    /// Gradients along rows of all lanes; odd lanes have other coordinates than even ones.
    fn along_rows(even: [f32; 3], odd: [f32; 3]) -> [Lanes; 3] {
        let program = Program::decode(&assemble("tfetchCube r1, r0.xyz, tf1\nmax oC0, r1, r1").unwrap());
        let Some(ShaderInstruction::Texture(fetch)) = program.instructions.first() else {
            panic!("{program:?}")
        };
        let coordinates = lanes_of_each(|lane| if lane % 2 == 0 { even } else { odd });
        let gradients = [[[0.0; LANES]; 3]; 2];
        let at = Sampling { coordinates: &coordinates, lod: &[0.0; LANES], gradients: &gradients };
        let [rows, _] = face_gradients(fetch, &at).unwrap();
        rows
    }

    #[test]
    fn neighbours_on_two_faces_are_near_each_other() {
        // Directions (1, 0.2, 0.996) and (0.996, 0.2, 1).
        let [s, t, _] = along_rows([1.002, 1.4, 0.0], [1.998, 1.4, 4.0]);
        for lane in 0..2 {
            assert!((s[lane].abs() - 0.004).abs() < 1e-4 && t[lane].abs() < 1e-3, "{} {}", s[lane], t[lane]);
        }
    }

    #[test]
    fn on_one_face_coordinates_change_as_they_are() {
        for face in 0..6 {
            let [s, t, _] = along_rows([1.25, 1.5, face as f32], [1.375, 1.0, face as f32]);
            assert_eq!((s[0], t[1]), (0.125, -0.5), "{face}");
        }
    }

    #[test]
    fn directions_are_on_the_faces_that_the_cube_instruction_finds() {
        for (face, expected) in (0..6).zip([
            [1.0, -0.5, -0.25],
            [-1.0, -0.5, 0.25],
            [0.25, 1.0, 0.5],
            [0.25, -1.0, -0.5],
            [0.25, -0.5, 1.0],
            [-0.25, -0.5, -1.0],
        ]) {
            let point = CubePoint::new([1.625, 1.75, face as f32]);
            assert_eq!((point.s, point.t, point.direction()), (0.25, 0.5, expected), "{face}");
        }
    }
}
