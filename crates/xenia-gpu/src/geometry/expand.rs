//! Draws as lists of shaded triangles, for backends whose host has no such primitives.

use super::assemble;
use super::vertex;
use crate::backend::BackendError;
use crate::draw_state::DrawCall;
use crate::enums::Primitive;
use crate::limits::{Cancel, DrawLimits};
use crate::memory::PhysicalMemory;
use crate::microcode::Interpreter;
use crate::texture::TextureCache;

/// Corners of triangles, three after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Triangles {
    /// Positions as the vertex shader exports them.
    pub positions: Vec<[f32; 4]>,
    /// Interpolators, `interpolators` of them for each corner; flat ones are the same at all three.
    pub attributes: Vec<[f32; 4]>,
    /// Interpolators of a corner, at most 16.
    pub interpolators: usize,
}

/// Shades vertices with the interpreter and makes triangles of whatever they are: the fourth corner
/// of rectangles, squares for points, strips one pixel wide for lines.
#[derive(Default)]
pub struct Expander {
    interpreter: Interpreter,
    textures: TextureCache,
}

impl Expander {
    /// The triangles of a draw. Those of vertices that were not shaded when the token was set are
    /// left out.
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
                // A point's corners have their place in the position register's interpolator, be it exported
                // or not.
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
