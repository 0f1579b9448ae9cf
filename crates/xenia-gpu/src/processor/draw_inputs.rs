//! Memory that draws read, in ranges that are found fast and may contain a little more.
//!
//! While effects wait for results of the backend, each draw is compared with the memory that they
//! write, and hardly any reads it. The exact ranges of a draw take the layouts of all levels of its
//! textures; here they are kept by the words of fetch constants.

use crate::draw_state::DrawCall;
use crate::geometry::index_range;
use crate::memory::PhysicalRange;
use crate::microcode::{Shader, ShaderInstruction};
use crate::place::place_of;
use crate::texture::{TextureCache, TextureInfo};

/// log2 of the textures whose memory is kept.
const TEXTURES_LOG2: u32 = 8;

/// Fetch constant with the memory of its texture.
#[derive(Clone, Copy, Default)]
struct KnownTexture {
    words: [u32; 6],
    memory: [PhysicalRange; 2],
}

/// Memory of the textures of recent draws.
#[derive(Default)]
pub(super) struct DrawInputs {
    textures: Vec<KnownTexture>,
}

/// Smallest range that contains both; they don't wrap around.
fn hull(a: PhysicalRange, b: PhysicalRange) -> PhysicalRange {
    let start = a.start.min(b.start);
    let end = (a.start + a.length).max(b.start + b.length);
    PhysicalRange { start, length: end - start }
}

/// Memory of a texture: of level 0, and of the other levels with the gaps between them. Empty if
/// the words are not those of a texture.
fn memory_of(words: &[u32; 6]) -> [PhysicalRange; 2] {
    let Some(info) = TextureInfo::decode(words) else { return Default::default() };
    let level = |level| TextureCache::range(&info, level);
    let others = (1..=info.max_level()).filter_map(level).reduce(hull);
    [level(0), others].map(Option::unwrap_or_default)
}

impl DrawInputs {
    /// Whether a range meets a condition. The ranges contain all memory that the draw reads.
    pub(super) fn meet(&mut self, call: &DrawCall, condition: impl Fn(PhysicalRange) -> bool) -> bool {
        let shaders = [Some(&call.vertex_shader), call.pixel_shader.as_ref()];
        index_range(call).is_some_and(&condition)
            || shaders.into_iter().flatten().any(|shader| self.shader_ranges_meet(call, shader, &condition))
    }

    fn shader_ranges_meet(
        &mut self,
        call: &DrawCall,
        shader: &Shader,
        condition: &impl Fn(PhysicalRange) -> bool,
    ) -> bool {
        let mut seen = 0_u128;
        for instruction in &shader.program.instructions {
            let ShaderInstruction::Vertex(fetch) = instruction else { continue };
            let bit = 1_u128 << (fetch.constant & 127);
            let buffer = call.constants.vertex_buffer(fetch.constant);
            if seen & bit == 0 && buffer.words != 0 && condition(buffer.memory()) {
                return true;
            }
            seen |= bit;
        }
        let mut left = shader.program.textures;
        while left != 0 {
            let constant = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.texture(&call.constants.fetch[constant]).into_iter().any(condition) {
                return true;
            }
        }
        false
    }

    /// Memory of a texture.
    fn texture(&mut self, words: &[u32; 6]) -> [PhysicalRange; 2] {
        if self.textures.is_empty() {
            // Zeros describe no texture, so an empty entry is a true one.
            self.textures.resize(1 << TEXTURES_LOG2, KnownTexture::default());
        }
        let known = &mut self.textures[place_of(*words, TEXTURES_LOG2)];
        if known.words != *words {
            *known = KnownTexture { words: *words, memory: memory_of(words) };
        }
        known.memory
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::draw_state::{Constants, DrawRequest, IndexSource};
    use crate::enums::EdramMode;
    use crate::microcode::{ShaderKind, assemble};
    use crate::reference::Reference;
    use crate::registers::{RegisterFile, rb, vgt};

    const VERTEX: &str = "
        vfetch r1.xyz1, r0.x, vf3, format=57, stride=7, offset=0
        vfetch r2.xyz1, r0.x, vf3, format=57, stride=7, offset=3
        vfetch r3.xyz1, r0.x, vf4, format=57, stride=7, offset=0
        alloc position
        max oPos, r1, r1";
    const PIXEL: &str = "
        tfetch2D r1, r0.xy, tf4
        tfetch3D r2, r0.xyz, tf5
        alloc colors
        max oC0, r1, r2";

    #[test]
    fn ranges_contain_all_memory_that_a_draw_reads() {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        registers.write(rb::RbColorMask::with().write_red0(true));
        let [vertex, pixel] = [(ShaderKind::Vertex, VERTEX), (ShaderKind::Pixel, PIXEL)]
            .map(|(kind, text)| Arc::new(Shader::new(kind, &assemble(text).unwrap())));
        let mut inputs = DrawInputs::default();
        let mut dice = xenia_testing::Dice(1);
        let mut ranges = 0;
        for _ in 0..2000 {
            let mut constants = Constants::default();
            for (number, words) in constants.fetch.iter_mut().enumerate() {
                *words = [0; 6].map(|_: u32| dice.next() as u32);
                // Textures of a known format; their sizes, levels and addresses are any.
                if number > 3 {
                    words[0] = words[0] & !3 | 2;
                    words[1] = words[1] & !63 | 6;
                }
            }
            let indices = IndexSource::Buffer {
                physical: dice.next() as u32 & !3,
                wide: true,
                endian: Default::default(),
                length: 99,
            };
            let request = DrawRequest { initiator: vgt::VgtDrawInitiator(4 | 9 << 16), indices };
            let constants = Arc::new(constants);
            let call =
                DrawCall::capture(&registers, request, Some(&vertex), Some(&pixel), constants).unwrap();
            for _ in 0..2 {
                let is_known = Reference::inputs_of(&call, &mut |range| {
                    ranges += 1;
                    let contains = |outer: PhysicalRange| {
                        let distance = range.start.wrapping_sub(outer.start);
                        distance <= outer.length && range.length <= outer.length - distance
                    };
                    assert!(inputs.meet(&call, contains), "{range:x?}");
                });
                assert!(is_known);
            }
            assert!(!inputs.meet(&call, |_| false));
        }
        assert!(ranges > 16_000, "{ranges}");
    }
}
