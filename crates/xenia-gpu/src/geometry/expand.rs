//! Expansion of draws to lists of shaded triangles, for backends whose host lacks the primitive.

use super::assemble;
use super::vertex;
use crate::backend::BackendError;
use crate::draw_state::DrawCall;
use crate::enums::Primitive;
use crate::limits::{Cancel, DrawLimits};
use crate::memory::PhysicalMemory;
use crate::microcode::Interpreter;
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

/// Shades vertices with the interpreter and assembles triangles: computes the fourth corner of
/// rectangles and expands points to squares and lines to strips.
#[derive(Default)]
pub struct Expander {
    interpreter: Interpreter,
    textures: TextureCache,
}

impl Expander {
    /// Expands a draw to triangles. If the token is set, triangles of vertices that are not shaded
    /// yet are left out.
    pub fn triangles(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        cancel: &Cancel,
    ) -> Result<Triangles, BackendError> {
        let mut out = Triangles::default();
        vertex::shade(
            call,
            memory,
            &mut self.textures,
            &mut self.interpreter,
            (&DrawLimits::default(), cancel),
            &mut |vertices| {
                // The position register's interpolator holds a corner's place in the point,
                // exported or not.
                let register = call.position_register.filter(|_| call.primitive == Primitive::PointList);
                let place = register.map_or(0, |register| register as usize + 1).min(16);
                out.interpolators = vertices.interpolators.max(place);
                assemble::triangles(call, vertices, |corners, _| {
                    for corner in corners {
                        out.positions.push(corner.position);
                        out.attributes.extend_from_slice(&corner.attributes[..out.interpolators]);
                    }
                })
            },
        )?;
        Ok(out)
    }
}
