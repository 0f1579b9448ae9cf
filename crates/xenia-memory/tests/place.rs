//! Where guest views lie. Alone in its program, since each space moves the next ones.

mod common;

use common::*;
use xenia_memory::GuestMemory;

const PAGE: u32 = 0x1000_0000;

/// Whether a displacement of 32 bits can say where the view is, and what guests add to that.
fn is_low(memory: &GuestMemory) -> bool {
    (memory.guest_base() as usize) < i32::MAX as usize - xenia_memory::GUARD
}

#[test]
fn one_space_at_a_time_lies_low_and_each_has_its_own_contents() {
    let first = space();
    let second = space();
    assert!(!is_low(&second), "there is room for one");
    for (memory, value) in [(&first, 1), (&second, 2)] {
        commit(memory, PAGE, 0x1_0000, RW);
        host_store(memory, PAGE, value);
    }
    assert_eq!([host_load(&first, PAGE), host_load(&second, PAGE)], [1, 2]);
    // Where something of the host lies there, a sanitizer's shadow say, none does.
    if is_low(&first) {
        let base = first.guest_base();
        drop(first);
        let third = space();
        assert_eq!(third.guest_base(), base);
        commit(&third, PAGE, 0x1_0000, RW);
        assert_eq!([host_load(&third, PAGE), host_load(&second, PAGE)], [0, 2]);
    }
}
