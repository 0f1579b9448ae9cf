//! Ring buffer contents of `VdSwap`.
//!
//! On the console `VdSwap` writes undocumented commands into 64 words that the caller reserved.
//! Here it writes the front buffer's fetch constant (physical address) to fetch constant 0, one
//! `XE_SWAP` packet, and filler. Code that writes these words without this crate must produce
//! exactly the same.

use super::{TYPE2, opcode, type0, type3};

/// First body word of `XE_SWAP`: "SWAP".
pub const SWAP_SIGNATURE: u32 = 0x5357_4150;

/// Words that callers of `VdSwap` reserve.
pub const SWAP_WORDS: usize = 64;

/// Returns the words, in host order, of a swap to the front buffer that `fetch` describes (its
/// address already physical), `width` by `height` pixels.
pub fn swap_commands(fetch: [u32; 6], physical: u32, width: u32, height: u32) -> [u32; SWAP_WORDS] {
    let mut words = [TYPE2; SWAP_WORDS];
    words[0] = type0(crate::registers::FETCH_CONSTANTS, 6);
    words[1..7].copy_from_slice(&fetch);
    words[7] = type3(opcode::XE_SWAP, 4);
    words[8..12].copy_from_slice(&[SWAP_SIGNATURE, physical, width, height]);
    words
}
