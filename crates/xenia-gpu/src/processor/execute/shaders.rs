//! Shader loads into instruction memory. Shaders are kept as whole programs, so the split of
//! instruction memory affects only its register.

use super::super::{CommandProcessor, cost};
use crate::memory::PHYSICAL_SIZE;
use crate::microcode::ShaderKind;
use crate::registers::sq;

/// Bits of the base addresses in instruction memory: pixel shaders (11:0) and vertex shaders
/// (27:16).
const BASES: u32 = 0x0fff_0fff;

/// Kind of shader in the low bits of a packet's word.
fn kind(word: u32) -> Option<ShaderKind> {
    match word & 3 {
        0 => Some(ShaderKind::Vertex),
        1 => Some(ShaderKind::Pixel),
        _ => None,
    }
}

impl CommandProcessor {
    /// Loads a shader. The first two words of the packet's body are the address with the kind, and
    /// start and size.
    fn load_shader(&mut self, body: &[u32], words: &[u32]) {
        let Some(kind) = kind(body[0]) else {
            return self.statistics.count_problem("shader of an unknown kind loaded");
        };
        let loaded = self.shaders.load(body[0], kind, body[1] >> 16, words);
        self.expected.note_load(loaded);
    }

    /// `IM_LOAD`: loads a shader from memory.
    pub(super) fn load_shader_from_memory(&mut self, body: &[u32]) {
        let mut words = std::mem::take(&mut self.shaders.words);
        words.resize((body[1] & 0xffff) as usize, 0);
        let physical = body[0] & (PHYSICAL_SIZE - 1) & !3;
        self.reach(physical, words.len() * 4);
        self.memory.read_words(physical, &mut words);
        self.cycles += cost::words(words.len() as u64);
        self.load_shader(body, &words);
        self.shaders.words = words;
    }

    /// `IM_LOAD_IMMEDIATE`: loads a shader from the packet.
    pub(super) fn load_shader_from_body(&mut self, body: &[u32]) {
        match body.get(2..2 + (body[1] & 0xffff) as usize) {
            Some(words) => self.load_shader(body, words),
            None => self.statistics.count_problem("IM_LOAD_IMMEDIATE with too few words"),
        }
    }

    /// `IM_STORE`: stores a shader's microcode and a descriptor word. The body has the address of
    /// the microcode, with the kind in the low bits, and the address for the word that `IM_LOAD`
    /// needs to load it again. Drivers of chips of the same family save a context this way.
    pub(super) fn store_shader(&mut self, body: &[u32]) {
        let Some(kind) = kind(body[0]) else {
            // No packet here loads the third kind, code shared by both kinds of shader.
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

    /// `SET_SHADER_BASES`: sets the split of instruction memory.
    pub(super) fn set_bases(&mut self, bases: u32) {
        self.registers.set(sq::SQ_INST_STORE_MANAGMENT, bases & BASES);
    }
}
