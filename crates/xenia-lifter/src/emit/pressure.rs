//! Register pressure: the register cache drops values that the context has, too, before the host's
//! registers run out.
//!
//! A dropped value is loaded from the context at its next use, as a spilled one is from the stack,
//! so what is saved is the spill's store. The value that the block reads last goes first (Belady's
//! rule). Dirty values stay, and so do loop-carried registers, which the context may not have.

use super::Lifter;
use crate::cfg::region::{Block, Guest};
use xenia_isa::RegisterSet;

/// Maximum number of GPRs whose values are known: the host has thirteen registers, of which the
/// budget takes one and temporaries another.
const MAX_KNOWN: u32 = 11;

impl Lifter<'_> {
    /// Drops values until at most [`MAX_KNOWN`] are known, before the block's instruction `index`.
    pub(super) fn relieve_pressure(&mut self, block: &Block, index: usize) {
        while self.state.cache.known_gprs().count_ones() > MAX_KNOWN {
            let Some(n) = read_last(self.droppable_gprs(), &block.code[index..]) else { return };
            self.state.cache.forget_gpr(n);
        }
    }

    fn droppable_gprs(&self) -> u32 {
        let is_carried = |n: &usize| self.loop_carried.variable(*n).is_some();
        let carried = (0..32).filter(is_carried).fold(0, |set, n| set | 1 << n);
        self.state.cache.clean_gprs() & !carried
    }
}

/// The register of the set `registers` whose value `code` reads last, or does not read at all.
/// `None` if the set is empty.
fn read_last(registers: u32, code: &[Guest]) -> Option<usize> {
    let mut left = registers;
    for guest in code {
        let Some(op) = guest.op else { continue };
        let mut read = 0;
        let mut written = 0;
        for register in op.registers(guest.instruction) {
            if register.file == RegisterSet::General {
                read |= u32::from(register.is_read) << register.number;
                written |= u32::from(register.is_written) << register.number;
            }
        }
        let overwritten = left & written & !read;
        if overwritten != 0 {
            left = overwritten;
            break;
        }
        if left & !read == 0 {
            break;
        }
        left &= !read;
    }
    (left != 0).then_some(left.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::read_last;
    use crate::cfg::testing::region_of;

    #[test]
    fn the_value_that_is_read_last_goes_first() {
        let text = "add r3,r4,r5\nlwz r6,0(r7)\nli r8,1\nadd r9,r5,r4\nblr";
        let bytes = xenia_isa::assemble(text, 0).unwrap().bytes;
        let words: Vec<u32> = bytes.chunks(4).map(|b| u32::from_be_bytes(b.try_into().unwrap())).collect();
        let region = region_of(&words);
        let code = &region.blocks[&0].code;
        let dropped = |registers: &[usize], from: usize| {
            let set = registers.iter().fold(0, |set, n| set | 1 << n);
            read_last(set, &code[from..])
        };
        assert_eq!(dropped(&[], 0), None);
        assert_eq!(dropped(&[4, 7], 0), Some(7), "the next instruction reads r4");
        assert_eq!(dropped(&[4, 7], 1), Some(4), "the next one reads r7");
        assert_eq!(dropped(&[4, 8], 0), Some(8), "r8 is overwritten");
        assert_eq!(dropped(&[4, 7, 20], 0), Some(20), "nothing reads r20");
        assert_eq!(dropped(&[4, 5], 0), Some(4), "the same instruction reads both");
    }
}
