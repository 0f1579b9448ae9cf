//! Which memory a draw reads: its indices, vertex buffers and textures.

use crate::draw_state::DrawCall;
use crate::fetch::last_level;
use crate::geometry::index_range;
use crate::memory::PHYSICAL_SIZE;
use crate::microcode::Instruction;
use crate::texture::{TextureCache, TextureInfo};

/// Hands each range (physical address, bytes) to `want`; false if the draw writes memory.
pub(super) fn inputs(call: &DrawCall, want: &mut dyn FnMut(u32, u32)) -> bool {
    if call.exports_memory() {
        return false;
    }
    if let Some((start, length)) = index_range(call) {
        want(start, length);
    }
    for shader in std::iter::once(&call.vertex_shader).chain(&call.pixel_shader) {
        for instruction in &shader.program.instructions {
            match instruction {
                Instruction::Vertex(fetch) => {
                    let words = call.constants.vertex_fetch(fetch.constant);
                    let words_there = words[1] >> 2 & 0xff_ffff;
                    if words_there != 0 {
                        want(words[0] & (PHYSICAL_SIZE - 1) & !3, words_there * 4);
                    }
                }
                Instruction::Texture(fetch) => {
                    let words = &call.constants.fetch[fetch.constant as usize & 31];
                    let Some(info) = TextureInfo::decode(words) else { continue };
                    for level in 0..=last_level(&info, fetch) {
                        if let Some((start, length)) = TextureCache::range(&info, level) {
                            want(start, length);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    true
}
