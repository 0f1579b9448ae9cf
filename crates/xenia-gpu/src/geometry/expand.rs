//! Expansion of draws to lists of shaded triangles, for backends whose host lacks the primitive.

use super::assemble;
use super::vertex::{self, ShadingInputs};
use crate::Cancel;
use crate::backend::BackendError;
use crate::draw_state::{DrawCall, INTERPOLATORS};
use crate::enums::Primitive;
use crate::limits::DrawLimits;
use crate::memory::PhysicalMemory;
use crate::microcode::ShaderInterpreter;
use crate::texture::TextureCache;

/// Triangle list of shaded corners, three per triangle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Triangles {
    /// Positions as the vertex shader exports them.
    pub positions: Vec<[f32; 4]>,
    /// Interpolators, `interpolators` of them per corner; flat ones are equal at all three corners.
    pub attributes: Vec<[f32; 4]>,
    /// Number of interpolators per corner, at most 16.
    pub interpolators: usize,
}

/// Number of interpolators per corner of a draw's triangles, at most 16.
pub fn corner_interpolators(call: &DrawCall) -> u32 {
    // The position register's interpolator holds a corner's place in the point, exported or not.
    let register = call.position_register.filter(|_| call.primitive == Primitive::PointList);
    let place = register.map_or(0, |register| register + 1);
    call.interpolators.max(place).min(INTERPOLATORS)
}

/// Shades vertices with the interpreter and assembles triangles: computes the fourth corner of
/// rectangles and expands points to squares and lines to strips.
#[derive(Default)]
pub struct Expander {
    interpreter: ShaderInterpreter,
    textures: TextureCache,
    limits: DrawLimits,
}

impl Expander {
    /// Expands a draw to triangles. Once the token is set or a limit is reached, triangles of
    /// vertices that are not yet shaded are left out. The limit is returned with the other
    /// triangles.
    pub fn triangles(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        cancel: &Cancel,
    ) -> Result<(Triangles, Option<BackendError>), BackendError> {
        let mut out = Triangles::default();
        let inputs = ShadingInputs {
            memory,
            textures: &mut self.textures,
            interpreter: &mut self.interpreter,
            limits: &self.limits,
        };
        let shaded = vertex::shade(call, inputs, cancel, &mut |vertices| {
            out.interpolators = corner_interpolators(call) as usize;
            let corners = if call.primitive == Primitive::PointList { 6 } else { 2 };
            out.positions.reserve(vertices.order.len() * corners);
            out.attributes.reserve(vertices.order.len() * corners * out.interpolators);
            assemble::triangles(call, vertices, |corners, _| {
                // Vertices that were left out have no position.
                if corners.iter().any(|corner| corner.position[0].is_nan()) {
                    return;
                }
                for corner in corners {
                    out.positions.push(corner.position);
                    out.attributes.extend_from_slice(&corner.attributes[..out.interpolators]);
                }
            })
        });
        match shaded {
            Ok(()) => Ok((out, None)),
            Err(limit @ BackendError::Limit(_)) => Ok((out, Some(limit))),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::draw_state::{DrawRequest, IndexSource};
    use crate::enums::EdramMode;
    use crate::limits::SHADER_STEPS;
    use crate::memory::Ram;
    use crate::microcode::{Shader, ShaderKind, assemble};
    use crate::registers::{RegisterFile, pa, rb, vgt};

    #[test]
    fn triangles_before_a_limit_are_kept() {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        registers.write(vgt::VgtMaxVtxIndx::with().max_indx(19));
        registers.write(pa::PaSuPointSize::with().width(64).height(64));
        let points = vgt::VgtDrawInitiator(1 | 2 << 6 | 20 << 16);
        let request = DrawRequest { initiator: points, indices: IndexSource::Counted };
        let words = assemble("alloc position\nmax oPos, r0, r0").unwrap();
        let shader = Arc::new(Shader::new(ShaderKind::Vertex, &words));
        let call = DrawCall::capture(&registers, request, Some(&shader), None, Arc::default()).unwrap();
        // The first group of sixteen uses the only step.
        let limits = DrawLimits { vertex_steps: 1, ..DrawLimits::default() };
        for (limits, points, limit) in
            [(DrawLimits::default(), 20, None), (limits, 16, Some(BackendError::Limit(SHADER_STEPS)))]
        {
            let mut expander = Expander { limits, ..Expander::default() };
            let (triangles, reached) =
                expander.triangles(&call, &Ram::new(0x1000), &Cancel::default()).unwrap();
            assert_eq!((triangles.positions.len(), reached), (points * 6, limit));
        }
    }
}
