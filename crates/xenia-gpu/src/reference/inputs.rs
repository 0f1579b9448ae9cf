//! Memory read by a draw: its indices, vertex buffers and textures.

use crate::draw_state::DrawCall;
use crate::fetch::fetched_textures;
use crate::geometry::index_range;
use crate::microcode::Instruction;
use crate::texture::TextureCache;

/// Calls `want` with each range (physical address, bytes); returns false if the draw writes memory.
pub(super) fn inputs(call: &DrawCall, want: &mut dyn FnMut(u32, u32)) -> bool {
    if call.exports_memory() {
        return false;
    }
    if let Some((start, length)) = index_range(call) {
        want(start, length);
    }
    for shader in std::iter::once(&call.vertex_shader).chain(&call.pixel_shader) {
        for instruction in &shader.program.instructions {
            if let Instruction::Vertex(fetch) = instruction {
                let buffer = call.constants.vertex_buffer(fetch.constant);
                if buffer.words != 0 {
                    want(buffer.physical, buffer.words * 4);
                }
            }
        }
        for (_, info, last) in fetched_textures(&shader.program, &call.constants) {
            for level in 0..=last {
                if let Some((start, length)) = TextureCache::range(&info, level) {
                    want(start, length);
                }
            }
        }
    }
    true
}
