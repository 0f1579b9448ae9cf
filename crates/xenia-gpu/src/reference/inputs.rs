//! Memory read by a draw: its indices, vertex buffers and textures.

use crate::draw_state::DrawCall;
use crate::fetch::{ProgramTexture, fetched_textures};
use crate::geometry::index_range;
use crate::memory::PhysicalRange;
use crate::microcode::{Shader, ShaderInstruction};
use crate::texture::TextureCache;

/// Calls `want` with each range; returns false if the draw writes memory.
pub(super) fn inputs(call: &DrawCall, want: &mut dyn FnMut(PhysicalRange)) -> bool {
    if call.exports_memory() {
        return false;
    }
    each_vertex_range(call, want);
    if let Some(shader) = &call.pixel_shader {
        each_shader_range(call, shader, want);
    }
    true
}

/// Calls `want` with each range that vertices read: indices, and the vertex shader's inputs.
pub(super) fn each_vertex_range(call: &DrawCall, want: &mut dyn FnMut(PhysicalRange)) {
    if let Some(range) = index_range(call) {
        want(range);
    }
    each_shader_range(call, &call.vertex_shader, want);
}

fn each_shader_range(call: &DrawCall, shader: &Shader, want: &mut dyn FnMut(PhysicalRange)) {
    for instruction in &shader.program.instructions {
        if let ShaderInstruction::Vertex(fetch) = instruction {
            let buffer = call.constants.vertex_buffer(fetch.constant);
            if buffer.words != 0 {
                want(buffer.memory());
            }
        }
    }
    for ProgramTexture { info, last, .. } in fetched_textures(&shader.program, &call.constants) {
        for level in 0..=last {
            if let Some(range) = TextureCache::range(&info, level) {
                want(range);
            }
        }
    }
}
