//! Placement of guest views. A separate test program, because each space moves the next ones.

mod common;

use common::*;
use xenia_memory::GuestMemory;

const PAGE: u32 = 0x1000_0000;

/// Whether a 32-bit displacement can encode the view's base plus the guest's displacement.
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
    // If the host has other memory there, such as a sanitizer's shadow, no view is low.
    if is_low(&first) {
        let base = first.guest_base();
        drop(first);
        let third = space();
        assert_eq!(third.guest_base(), base);
        commit(&third, PAGE, 0x1_0000, RW);
        assert_eq!([host_load(&third, PAGE), host_load(&second, PAGE)], [0, 2]);
    }
}
