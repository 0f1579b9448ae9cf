//! Threads allocate from one heap. A separate test program, because heaps of other tests would
//! stay.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::collections::BTreeSet;
use std::sync::Barrier;
use xenia_host::allocator::allocate_from_one_heap;

/// Maximum size of a glibc heap, whose start is aligned to it.
const HEAP: usize = 64 << 20;
const THREADS: usize = 8;

#[test]
fn threads_allocate_from_one_heap() {
    allocate_from_one_heap();
    // As long as all threads live, no heap is free for the next one.
    let all = Barrier::new(THREADS);
    let heaps: BTreeSet<usize> = std::thread::scope(|scope| {
        let allocate = || {
            let block = vec![1_u8; 4096];
            all.wait();
            block.as_ptr().addr() / HEAP
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(allocate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // The process's first heap, and that of the thread in which the harness runs this test.
    assert!(heaps.len() <= 2, "{heaps:x?}");
}
