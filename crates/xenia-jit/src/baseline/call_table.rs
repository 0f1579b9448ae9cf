//! The call table: a direct-mapped cache from function addresses to their code, for calls through
//! CTR.
//!
//! The table of entries has a slot for each two guest words, so the entries of two functions are
//! rarely in one host cache line, and in large programs each look-up misses the host's caches. The
//! call table holds only the first addresses of units, those of neighbours side by side: [`place`]
//! gives each 128 bytes of guest code a word, eight of which share a line. A unit evicts another
//! one that maps to the same word; a miss falls back to the table of entries.
//!
//! ```text
//!  word:  guest address (low 32 bits) │ offset in code memory (high 32 bits); 0 if free
//! ```
//!
//! A free word sends calls of guest address 0 to the stub at offset 0, which requests its code as
//! if by a jump; no function is there. The words follow the code, in the memory that the optimizing
//! tier uses for its slots. They are written under the cache's lock; code reads an address and its
//! offset with one load.

use super::encode::{ADD, Condition, Dword, Encoder, Imm, MOV, Qword, RAX, RCX, Rm, Shift, TEST, XOR};
use super::map::BaselineWord;
use crate::code::memory::{CODE_SIZE, CodeMemory, SLOTS};

/// log2 of the number of words: 2^18 words, 2 MiB, for 32 MiB of guest code. Pages of the table
/// that are never written cost no memory.
const BITS: u32 = 18;
/// log2 of the guest bytes that share a word: 128, less than half the size of an average function.
const SHARED: u32 = 7;

const _: () = assert!(1 << BITS <= SLOTS);

/// Right shift of a guest address for the byte offset of its word, before [`MASK`] is applied.
pub(super) const SHIFT: u8 = (SHARED - 3) as u8;
/// The bits of a word's byte offset.
pub(super) const MASK: i32 = ((1 << BITS) - 1) << 3;

/// The slot of code memory for a guest address.
fn place(pc: u32) -> usize {
    (pc >> SHARED & ((1 << BITS) - 1)) as usize
}

/// Records that the unit at `pc` has its code at `offset`.
pub(super) fn set(memory: &CodeMemory, pc: u32, offset: u32) {
    memory.set_word(place(pc), u64::from(offset) << 32 | u64::from(pc));
}

/// Removes the unit at `pc` if the table holds it.
pub(super) fn clear(memory: &CodeMemory, pc: u32) {
    let place = place(pc);
    if memory.word(place) as u32 == pc {
        memory.set_word(place, 0);
    }
}

/// Emits the look-up of eax, the word-aligned guest address of a callee: rcx = the host address of
/// its code. Returns the position of the distance of the branch to code for misses, and the
/// position where that code returns to.
pub(super) fn emit_look_up(e: &mut Encoder) -> (usize, usize) {
    e.op32(MOV, RCX, Rm::Reg(RAX));
    e.shift(Dword, Shift::Right, RCX, SHIFT);
    e.imm(Dword, Imm::And, Rm::Reg(RCX), MASK);
    e.op64(ADD, RCX, Rm::Ctx(BaselineWord::Code.at()));
    e.raw(&[0x48, 0x8B, 0x89]); // mov rcx, [rcx + CODE_SIZE]
    e.raw(&(CODE_SIZE as u32).to_le_bytes());
    // A hit clears the lower half and leaves the offset in the upper one.
    e.op64(XOR, RCX, Rm::Reg(RAX));
    e.op32(TEST, RCX, Rm::Reg(RCX));
    let miss = e.jump_if(Condition::NOT_EQUAL);
    e.shift(Qword, Shift::Right, RCX, 32);
    e.op64(ADD, RCX, Rm::Ctx(BaselineWord::Code.at()));
    (miss, e.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word_of(memory: &CodeMemory, pc: u32) -> (u32, u32) {
        let word = memory.word(place(pc));
        (word as u32, (word >> 32) as u32)
    }

    #[test]
    fn no_address_has_code_in_a_new_table() {
        let memory = CodeMemory::new(c"test", &[0xC3], CODE_SIZE).unwrap();
        for word in 0..1 << BITS {
            assert_eq!(memory.word(word), 0, "{word}");
        }
    }

    #[test]
    fn a_unit_replaces_another() {
        let memory = CodeMemory::new(c"test", &[0xC3], CODE_SIZE).unwrap();
        let first = 0x8200_0080;
        let second = 0x8200_00FC;
        let far = 0x8400_0080;
        set(&memory, first, 64);
        assert_eq!(word_of(&memory, second), (first, 64), "the same 128 bytes");
        set(&memory, second, 96);
        clear(&memory, first);
        assert_eq!(word_of(&memory, second), (second, 96), "the first is not there any more");
        set(&memory, far, 128);
        assert_eq!(word_of(&memory, second), (far, 128), "32 MiB further on");
        clear(&memory, far);
        assert_eq!(word_of(&memory, far), (0, 0));
        set(&memory, 0xFFFF_FFFC, u32::MAX);
        assert_eq!(word_of(&memory, 0xFFFF_FFFC), (0xFFFF_FFFC, u32::MAX));
    }
}
