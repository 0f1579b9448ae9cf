//! Code in front of a region's function on x86-64, and the stub of addresses without code.
//!
//! ```text
//!  region(rdi = budget, rsi = pc, rdx = r1, rcx = r3, r8 = r4)
//!     -> (rax = budget, rcx = pc | reason << 32, rdx = r1, rsi = r3)
//! ```

use crate::arch::{DepthCheck, FirstThunk};
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

/// `cmp rsp, [r15 + limit]`.
fn compare_depth() -> [u8; 7] {
    let [a, b, c, d] = Word::StackLimit.offset().to_le_bytes();
    [0x49, 0x3B, 0xA7, a, b, c, d]
}

/// The thunk in front of a region's function. It leaves when calls are nested too deeply.
pub fn first_thunk(check: DepthCheck) -> FirstThunk {
    if check == DepthCheck::None {
        return FirstThunk { code: LOADS.to_vec(), entry: 0, others: LINKED };
    }
    let mut first = jump_through(Word::Out).to_vec();
    let entry = first.len();
    first.extend(LOADS);
    first.extend(compare_depth());
    let end = first.len() as u8 + 2;
    first.extend([0x72, end.wrapping_neg()]); // jb to the jump
    if check == DepthCheck::First {
        return FirstThunk { others: first.len(), code: first, entry };
    }
    let mut code = compare_depth().to_vec();
    code.extend([0x73, 2 + end]); // jae over the rest, to the function
    code.extend([0x89, 0xD6]); // mov esi, edx
    let entry = code.len() + entry;
    code.extend(first);
    FirstThunk { code, entry, others: 0 }
}

/// Byte between pieces of code: `int3`.
pub const PADDING: u8 = 0xCC;

/// Code of an entry other than the first: passes `-number` instead of pc and jumps `distance` bytes
/// on from the start of these [`ENTRY_SIZE`] bytes, to [`FirstThunk::others`]. With a check there,
/// edx has pc.
pub fn entry_thunk(number: u32, distance: i32, check: DepthCheck) -> [u8; ENTRY_SIZE] {
    let mut code = vec![0xEB, LINKED as u8 - 2]; // jmp to the fast entry
    code.resize(LINKED, PADDING);
    if check == DepthCheck::All {
        code.extend([0x89, 0xF2]); // mov edx, esi
    }
    code.extend([0x48, 0xC7, 0xC6]); // mov rsi, -number
    code.extend((number as i32).wrapping_neg().to_le_bytes());
    code.push(0xE9); // jmp distance
    let distance = distance - (code.len() as i32 + 4);
    code.extend(distance.to_le_bytes());
    code.resize(ENTRY_SIZE, PADDING);
    std::array::from_fn(|at| code[at])
}

/// Size in bytes of an entry other than the first. It is a power of two, so that the entry's number
/// is its offset shifted right (`emit/entries.rs`).
pub const ENTRY_SIZE: usize = 1 << ENTRY_SHIFT;
/// Binary logarithm of [`ENTRY_SIZE`].
pub const ENTRY_SHIFT: u32 = (2 * LINKED as u32).next_power_of_two().trailing_zeros();
