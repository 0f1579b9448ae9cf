//! Function boundary detection, for functions that neither `.pdata` nor a call has revealed.
//!
//! A static function that is only jumped to, or one that runs once for a long time, becomes hot in
//! its middle. If the function were assumed to start there, its loops would be split wherever they
//! became hot first. Therefore the code after the last known function is scanned: code connected by
//! branches is one function, and the next function begins after it.
//!
//! The cases of a switch statement follow a jump to an address in a register, and no branch leads
//! to them. They belong to the function unless they begin like a function.

use crate::cfg::ranges::AddressRange;
use crate::cfg::region::{Fetch, MAX_FUNCTION_LENGTH, Reach, Region, Terminator, discover, end_of};
use xenia_isa::word::NOP;
use xenia_isa::{Instruction, Op, decode};

/// Maximum number of bytes to scan.
const MAX_SCANNED: u32 = 64 << 10;
/// Number of instructions in which a function sets up its frame.
const PROLOGUE: u32 = 6;

/// Finds the bounds of the function that contains `pc`. `known` is the known function before it;
/// `to` is the latest possible end.
pub fn bounds_of(pc: u32, known: &Region, to: u32, fetch: Fetch<'_>) -> Option<AddressRange> {
    let mut function = known.entries[0];
    let mut has_cases = ends_in_a_jump(known);
    let mut at = known.end();
    if pc.checked_sub(at)? > MAX_SCANNED {
        return None;
    }
    let farthest = pc.saturating_add(MAX_SCANNED).min(to);
    let mut is_found = false;
    loop {
        let skipped = if is_found { farthest } else { pc };
        while at < skipped && fetch(at).is_some_and(|word| word == NOP || decode(word).is_none()) {
            at += 4;
        }
        if !has_cases || makes_a_frame(at, fetch) {
            if is_found {
                break;
            }
            function = at;
            has_cases = false;
        }
        let Some(chunk) = discover(&[at], &Reach::all(at..to, MAX_FUNCTION_LENGTH), fetch) else {
            break;
        };
        has_cases |= ends_in_a_jump(&chunk);
        at = chunk.end();
        is_found |= pc < at;
        if is_found && (!has_cases || at >= farthest) {
            break;
        }
    }
    is_found.then_some(AddressRange { start: function, end: at })
}

/// Whether `region` has an indirect jump through CTR that is not a call.
pub fn ends_in_a_jump(region: &Region) -> bool {
    let mut ends = region.blocks.values().filter_map(|block| block.code.last());
    ends.any(|guest| guest.op == Some(Op::bcctrx) && !guest.instruction.lk())
}

/// Whether the code at `pc` begins like a function with a frame: with `stwu` or `stdu` to r1, or
/// `mflr`.
pub fn makes_a_frame(pc: u32, fetch: Fetch<'_>) -> bool {
    for at in (0..PROLOGUE).map(|n| pc.wrapping_add(4 * n)) {
        let Some(word) = fetch(at) else { return false };
        let is_store = word & 0xFFFF_0000 == 0x9421_0000 || word & 0xFFFF_0003 == 0xF821_0001;
        if is_store || word & 0xFC1F_FFFF == 0x7C08_02A6 {
            return true;
        }
        match end_of(at, decode(word), Instruction(word)) {
            Terminator::Stop
            | Terminator::Branch { conditional: false, .. }
            | Terminator::Indirect { conditional: false, .. } => {
                return false;
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfg::testing::{ADDI, bdnz};
    use xenia_isa::word::{BCTR, BLR};

    const STWU: u32 = 0x9421_FFF0;

    fn bounds(words: &[u32], word: u32) -> Option<AddressRange> {
        let to = 4 * words.len() as u32;
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let known = discover(&[0], &Reach::all(0..to, MAX_FUNCTION_LENGTH), &mut fetch).unwrap();
        bounds_of(4 * word, &known, to, &mut fetch)
            .map(|found| AddressRange { start: found.start / 4, end: found.end / 4 })
    }

    #[test]
    fn code_connected_by_branches_is_one_function() {
        // f; nop; g, a loop; h, whose loop is hot; a tail that no branch leads to.
        let words = [ADDI, BLR, NOP, ADDI, ADDI, bdnz(-1), BLR, ADDI, ADDI, bdnz(-1), ADDI, BLR, ADDI];
        assert_eq!(bounds(&words, 8), Some((7..12).into()));
        assert_eq!(bounds(&words, 5), Some((3..7).into()));
        assert_eq!(bounds(&words, 3), Some((3..7).into()));
        assert_eq!(bounds(&words, 12), Some((12..13).into()));
        assert_eq!(bounds(&words, 13), None);
        let far = vec![ADDI; 1 << 15];
        assert_eq!(bounds(&[&[ADDI, BLR], &far[..]].concat(), 1 << 15), None);
    }

    #[test]
    fn cases_belong_to_the_function_that_jumps_to_them() {
        // f jumps to one of two cases; then g, which sets up a frame, and h, which does not.
        let words = [ADDI, BCTR, ADDI, BLR, ADDI, bdnz(-1), BLR, STWU, ADDI, BLR, ADDI, BLR];
        assert_eq!(bounds(&words, 2), Some((0..7).into()));
        assert_eq!(bounds(&words, 5), Some((0..7).into()));
        assert_eq!(bounds(&words, 8), Some((7..10).into()));
        assert_eq!(bounds(&words, 11), Some((10..12).into()));
    }
}
