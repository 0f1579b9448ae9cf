//! Code in front of a region's function on x86-64, and the stub of addresses without code.
//!
//! ```text
//!  region(rdi = budget, rsi = pc, rdx = r1, rcx = r3, r8 = r4)
//!     -> (rax = budget, rcx = pc | reason << 32, rdx = r1, rsi = r3)
//! ```

use crate::host::{Word, field};
use xenia_host::registers;

/// The register that holds the context in compiled code.
pub const CONTEXT_REGISTER: usize = registers::R15;

/// Code of the stub at offset 0, which branches to an address without code run.
pub fn missing_stub() -> Vec<u8> {
    let mut code = vec![0x90; LINKED]; // nop
    code.extend(jump_through(Word::Missing));
    code
}

/// `jmp [r15 + word]`.
fn jump_through(word: Word) -> [u8; 7] {
    let [a, b, c, d] = word.offset().to_le_bytes();
    [0x41, 0xFF, 0xA7, a, b, c, d]
}

/// Offset of the fast entry, for callers that have loaded the argument registers.
pub const LINKED: usize = 12;

/// Displacement of a GPR in the context.
const fn gpr(n: usize) -> i8 {
    let place = field::gpr(n);
    assert!(place as i8 as i32 == place, "longer instructions");
    place as i8
}

/// `mov rdx, [r15 + r1]; mov rcx, [r15 + r3]; mov r8, [r15 + r4]`: `CALLED_WITH`.
const LOADS: [u8; LINKED] =
    [0x49, 0x8B, 0x57, gpr(1) as u8, 0x49, 0x8B, 0x4F, gpr(3) as u8, 0x4D, 0x8B, 0x47, gpr(4) as u8];

/// The thunk in front of a region's function, and the offset of the region's first entry in it. If
/// the region `calls` others, the thunk leaves when calls are nested too deeply.
pub fn first_thunk(calls: bool) -> (Vec<u8>, usize) {
    if !calls {
        return (LOADS.to_vec(), 0);
    }
    let mut code = jump_through(Word::Out).to_vec();
    let entry = code.len();
    code.extend(LOADS);
    code.extend([0x49, 0x3B, 0xA7]); // cmp rsp, [r15 + limit]
    code.extend(Word::StackLimit.offset().to_le_bytes());
    let back = code.len() as u8 + 2;
    code.extend([0x72, back.wrapping_neg()]); // jb to the jump
    (code, entry)
}

/// Byte between pieces of code: `int3`.
pub const PADDING: u8 = 0xCC;

/// Code of an entry other than the first: passes `-number` instead of pc and jumps to the region's
/// function, `distance` bytes after the start of these [`ENTRY_SIZE`] bytes. The code is there
/// twice, for the slow and the fast entry.
pub fn entry_thunk(number: u32, distance: i32) -> [u8; ENTRY_SIZE] {
    let mut code = [PADDING; ENTRY_SIZE];
    for (way, code) in code.chunks_exact_mut(LINKED).enumerate() {
        let distance = distance - (way as i32 + 1) * LINKED as i32;
        code[..3].copy_from_slice(&[0x48, 0xC7, 0xC6]); // mov rsi, -number
        code[3..7].copy_from_slice(&(number as i32).wrapping_neg().to_le_bytes());
        code[7] = 0xE9; // jmp distance
        code[8..].copy_from_slice(&distance.to_le_bytes());
    }
    code
}

/// Size in bytes of an entry other than the first. It is a power of two, so that the entry's number
/// is its offset shifted right (`emit/entries.rs`).
pub const ENTRY_SIZE: usize = 1 << ENTRY_SHIFT;
/// Binary logarithm of [`ENTRY_SIZE`].
pub const ENTRY_SHIFT: u32 = (2 * LINKED as u32).next_power_of_two().trailing_zeros();
