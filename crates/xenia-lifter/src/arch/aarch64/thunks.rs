//! Code in front of a region's function on AArch64, and the stub of addresses without code. x16 and
//! x17 are free at calls.
//!
//! ```text
//!  region(x2 = budget, x3 = pc, x4 = r1, x5 = r3, x6 = r4)
//!     -> (x2 = budget, x3 = pc | reason << 32, x4 = r1, x5 = r3)
//! ```

use crate::arch::{DepthCheck, FirstThunk};
use crate::host::{Word, field};
use xenia_host::registers;

/// The register that holds the context in compiled code.
pub const CONTEXT_REGISTER: usize = registers::X21;

/// Bytes of the instructions.
fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

const NOP: u32 = 0xD503_201F;
/// The branch `br x16`.
const BRANCH: u32 = 0xD61F_0200;

/// `ldr Xt, [x21, #displacement]`, scaled or unscaled.
fn load(t: u32, displacement: i32) -> u32 {
    let pinned = (CONTEXT_REGISTER as u32) << 5;
    if (0..1 << 15).contains(&displacement) && displacement % 8 == 0 {
        0xF940_0000 | (displacement.cast_unsigned() / 8) << 10 | pinned | t
    } else {
        assert!((-256..256).contains(&displacement), "the context has no farther places");
        0xF840_0000 | (displacement.cast_unsigned() & 0x1FF) << 12 | pinned | t
    }
}

/// Branch to the address in a word of the context.
fn jump_through(word: Word) -> [u32; 2] {
    [load(16, word.offset()), BRANCH]
}

/// Code of the stub at offset 0, which branches to an address without code run.
pub fn missing_stub() -> Vec<u8> {
    let mut code = vec![NOP; LINKED / 4];
    code.extend(jump_through(Word::Missing));
    bytes(&code)
}

/// Offset of the fast entry, for callers that have loaded the argument registers.
pub const LINKED: usize = 12;

/// Loads of `CALLED_WITH`'s registers.
fn loads() -> [u32; LINKED / 4] {
    [load(4, field::gpr(1)), load(5, field::gpr(3)), load(6, field::gpr(4))]
}

/// `ldr x16, [x21, #limit]; cmp sp, x16`.
fn compare_depth() -> [u32; 2] {
    [load(16, Word::StackLimit.offset()), 0xEB30_63FF]
}

/// The conditional branch with this number of a condition, some words on or back.
fn branch_if(condition: u32, distance: i32) -> u32 {
    0x5400_0000 | (distance.cast_unsigned() & 0x7_FFFF) << 5 | condition
}

/// The thunk in front of a region's function. It leaves when calls are nested too deeply.
pub fn first_thunk(check: DepthCheck) -> FirstThunk {
    const HS: u32 = 2;
    const LO: u32 = 3;
    if check == DepthCheck::None {
        return FirstThunk { code: bytes(&loads()), entry: 0, others: LINKED };
    }
    let mut first = jump_through(Word::Out).to_vec();
    let entry = first.len();
    first.extend(loads());
    first.extend(compare_depth());
    first.push(branch_if(LO, -(first.len() as i32)));
    if check == DepthCheck::First {
        return FirstThunk { code: bytes(&first), entry: 4 * entry, others: 4 * first.len() };
    }
    let mut code = compare_depth().to_vec();
    // Over `mov w3, w4` and the first entry's code, to the function.
    code.push(branch_if(HS, 2 + first.len() as i32));
    code.push(0x2A04_03E3);
    let entry = 4 * (code.len() + entry);
    code.extend(first);
    FirstThunk { code: bytes(&code), entry, others: 0 }
}

/// Byte between pieces of code: words of it are undefined instructions.
pub const PADDING: u8 = 0;

/// Limit of an entry's number, an immediate of 16 bits.
const MAX_ENTRIES: u32 = 1 << 16;

/// Code of an entry other than the first: passes `-number` instead of pc and jumps `distance` bytes
/// on from the start of these [`ENTRY_SIZE`] bytes, to [`FirstThunk::others`]. With a check there,
/// w4 has pc.
pub fn entry_thunk(number: u32, distance: i32, check: DepthCheck) -> [u8; ENTRY_SIZE] {
    assert!((1..=MAX_ENTRIES).contains(&number), "regions have fewer entries");
    const B: u32 = 0x1400_0000;
    let linked = LINKED / 4;
    // The slow entry: b to the fast one.
    let mut code = vec![B | linked as u32];
    code.resize(linked, NOP);
    if check == DepthCheck::All {
        code.push(0x2A03_03E4); // mov w4, w3
    }
    // The complement of `number - 1` is `-number`.
    code.push(0x9280_0003 | (number - 1) << 5); // movn x3, #(number - 1)
    let distance = distance / 4 - code.len() as i32;
    code.push(B | distance.cast_unsigned() & 0x03FF_FFFF);
    let code = bytes(&code);
    std::array::from_fn(|at| code.get(at).copied().unwrap_or(PADDING))
}

/// Size in bytes of an entry other than the first. It is a power of two, so that the entry's number
/// is its offset shifted right (`emit/entries.rs`).
pub const ENTRY_SIZE: usize = 1 << ENTRY_SHIFT;
/// Binary logarithm of [`ENTRY_SIZE`].
pub const ENTRY_SHIFT: u32 = (2 * LINKED as u32).next_power_of_two().trailing_zeros();
