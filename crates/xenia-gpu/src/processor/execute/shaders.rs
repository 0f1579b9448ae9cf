//! Instruction memory. Shaders are kept as whole programs, so its split has no effect beyond its
//! register.

use super::super::{CommandProcessor, cost};
use crate::memory::PHYSICAL_SIZE;
use crate::microcode::ShaderKind;
use crate::registers::sq;

/// The start of the pixel (bits 11:0) and the vertex shaders' part of instruction memory (bits
/// 27:16).
const BASES: u32 = 0x0fff_0fff;

/// The kind of shader that the low bits of a packet's word mean.
fn kind(word: u32) -> Option<ShaderKind> {
    match word & 3 {
        0 => Some(ShaderKind::Vertex),
        1 => Some(ShaderKind::Pixel),
        _ => None,
    }
}

impl CommandProcessor {
    /// Takes a shader whose kind, then start and size, the first two words of a packet's body give.
    fn load_shader(&mut self, body: &[u32], words: &[u32]) {
        let Some(kind) = kind(body[0]) else {
            return self.statistics.count_problem("shader of an unknown kind loaded");
        };
        self.shaders.load(kind, body[1] >> 16, words);
    }

    /// `IM_LOAD`.
    pub(super) fn load_shader_from_memory(&mut self, body: &[u32]) {
        let mut words = vec![0; (body[1] & 0xffff) as usize];
        self.memory.read_words(body[0] & (PHYSICAL_SIZE - 1) & !3, &mut words);
        self.cycles += cost::words(words.len() as u64);
        self.load_shader(body, &words);
    }

    /// `IM_LOAD_IMMEDIATE`.
    pub(super) fn load_shader_from_body(&mut self, body: &[u32]) {
        match body.get(2..2 + (body[1] & 0xffff) as usize) {
            Some(words) => self.load_shader(body, words),
            None => self.statistics.count_problem("IM_LOAD_IMMEDIATE with too few words"),
        }
    }

    /// `IM_STORE`: where the microcode goes, its kind in the low bits; where the word goes that
    /// `IM_LOAD` takes to load it again. So drivers of chips of the same family save a context.
    pub(super) fn store_shader(&mut self, body: &[u32]) {
        let Some(kind) = kind(body[0]) else {
            // The third kind, code that both share, has no packet that loads it here.
            return self.statistics.count_problem("shader of an unknown kind stored");
        };
        let Some(shader) = self.shaders.get(kind).cloned() else {
            return self.statistics.count_problem("shader stored while none is loaded");
        };
        let bytes: Vec<u8> = shader.words.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.store(body[0], &bytes);
        self.cycles += cost::words(shader.words.len() as u64);
        let place = self.shaders.start(kind) << 16 | shader.words.len() as u32 & 0xffff;
        self.store(body[1], &place.to_be_bytes());
    }

    /// `SET_SHADER_BASES`.
    pub(super) fn set_bases(&mut self, bases: u32) {
        self.registers.set(sq::SQ_INST_STORE_MANAGMENT, bases & BASES);
    }
}
