//! Draws in steady state allocate less than once each. A separate test program, because it counts
//! allocations.
//!
//! Encoders and passes, of which hundreds of draws have a few, may allocate: a frame with twice the
//! draws has less than one allocation more for each of them.

#[path = "../examples/record_rate/draws.rs"]
mod draws;
#[path = "../examples/record_rate/emulated.rs"]
mod emulated;
#[allow(dead_code)] // the examples use all of it
#[path = "../examples/squares/mod.rs"]
mod squares;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use draws::Kind;
use emulated::Emulated;
use xenia_render::backend::{AdapterChoice, Device};
use xenia_testing::{Tool, draws_in_software, obtain};

/// Draws of the smaller frame.
const DRAWS: u32 = 384;
/// Frames before one is counted: pipelines are compiled, and buffers have grown.
const EARLIER_FRAMES: u32 = 6;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: forwards all calls to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
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

/// Allocations of this thread in a frame.
fn allocations(device: &Device, kind: Kind) -> u64 {
    let mut emulated = Emulated::new(Some(device.clone()), kind);
    for _ in 0..EARLIER_FRAMES {
        emulated.frame();
    }
    assert_eq!(emulated.problems(), [""; 0]);
    let before = ALLOCATIONS.get();
    emulated.frame();
    ALLOCATIONS.get() - before
}

#[test]
fn draws_allocate_less_than_once_each() {
    let choice = AdapterChoice { software: draws_in_software(), name: None };
    let Some(device) = obtain(Tool::Vulkan, Device::open(choice)) else { return };
    for (indices, textures) in [(6, 0), (6, 4), (600, 0), (600, 16)] {
        let [few, many] =
            [1, 2].map(|times| allocations(&device, Kind { indices, textures, draws: DRAWS * times }));
        assert!(
            many.saturating_sub(few) < u64::from(DRAWS),
            "{indices} indices, {textures} textures: {few} and {many} allocations"
        );
    }
}
