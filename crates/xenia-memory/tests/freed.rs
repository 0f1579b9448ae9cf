//! Freed memory, of any length and with any part of it touched, is zero when it is committed again.

use crate::common::{RW, host_load, host_store, space};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{GuestMemory, Heap};
use xenia_testing::Dice;

/// Longest piece in pages: 16 MiB.
const MAX_PIECE: u32 = 4096;

/// Whether all pages of a piece are zero. Does not touch them.
fn is_zero(memory: &GuestMemory, at: GuestAddr, pages: u32) -> bool {
    let mut zero = true;
    memory.for_each_committed_page(|addr, bytes| {
        let is_inside = (at.0..at.0 + pages * PAGE_SIZE).contains(&addr.0);
        zero &= !is_inside || bytes.iter().all(|&byte| byte == 0);
    });
    zero
}

#[test]
fn freed_memory_is_zero_when_it_is_committed_again() {
    for heap in [Heap::Virtual4K, Heap::Physical4K] {
        let memory = space();
        memory.guest_base();
        let mut dice = Dice(1);
        let mut pieces = [None; 4];
        for step in 0..60 {
            let piece = &mut pieces[dice.below(4)];
            if let Some(at) = piece.take() {
                memory.free(at).unwrap();
            }
            let longest = MAX_PIECE as usize >> dice.below(6);
            let pages = 1 + dice.below(longest) as u32;
            let at = memory.alloc(heap, pages * PAGE_SIZE, PAGE_SIZE, RW).unwrap();
            *piece = Some(at);
            assert!(is_zero(&memory, at, pages), "{heap:?} step {step}: {at} {pages} pages");
            // All of it, its front, or pages here and there; by the guest, or by the machine.
            let (end, every) = match dice.below(3) {
                0 => (pages, 1),
                1 => (pages.min(1 + dice.below(600) as u32), 1),
                _ => (pages, 1 + dice.below(7) as u32),
            };
            let by_machine = dice.below(4) == 0;
            for page in (0..end).step_by(every as usize) {
                let word = at.offset(page * PAGE_SIZE + 0xFF8);
                if by_machine {
                    memory.write(word, 7_u32).unwrap();
                } else {
                    assert_eq!(host_load(&memory, word.0), 0);
                    host_store(&memory, word.0, 7);
                }
            }
        }
    }
}
