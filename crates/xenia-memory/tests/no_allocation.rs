//! The fault handler does not allocate. A separate test program, because it counts all allocations.

mod common;

use common::{RW, commit, host_load, host_store, space, version};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::*};
use xenia_guest::GuestAddr;
use xenia_memory::{DeviceQueue, MmioDevice, Watch};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: forwards all calls to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, SeqCst);
        // SAFETY: the caller's guarantee.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's guarantee.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn memory_faults_are_handled_without_an_allocation() {
    let memory = space();
    commit(&memory, 0xA200_0000, 0x1_0000, RW);
    memory.guest_base();
    memory.device_registers(MmioDevice::Xma).store(2, 5);
    let mut queue = DeviceQueue::new();
    let queue = queue.make_current();
    assert_eq!(memory.watch(GuestAddr(0xA200_0000), 0x1_0000), Ok(Watch::Protected));
    let before = ALLOCATIONS.load(SeqCst);
    for i in 0..1_000_u32 {
        host_store(&memory, 0xC200_0000 + i % 16 * 0x1000, i);
        host_store(&memory, 0x7FC8_0000 + i * 4, i);
        assert_eq!(host_load(&memory, 0x7FC8_0000 + i * 4), i);
        assert_eq!(host_load(&memory, 0x7FEA_0008), 5);
    }
    assert_eq!(ALLOCATIONS.load(SeqCst), before);
    assert_eq!(queue.stores().len(), 1_000);
    assert_eq!(memory.counters().watch_faults, 16);
    assert_eq!(version(&memory, 0xA200_0000), version(&memory, 0xC200_0000));
}
