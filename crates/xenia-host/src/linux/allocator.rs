//! The host's allocator: one heap for all threads, trimmed between two machines.
//!
//! glibc creates up to eight heaps per processor, one for each thread that finds the others in use,
//! and keeps the free memory of each. With a machine's many threads the process seems to grow to
//! the sum of the peaks of all heaps, and fragmentation increases with each machine. Threads have
//! small caches in front of the heap's lock, so a single heap has no measurable cost.

/// Makes all threads allocate from one heap, if the C library supports it. Call it first in the
/// program: heaps that exist already are kept.
pub fn allocate_from_one_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer, and any thread may call it at any time. A failure changes nothing.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Returns free heap memory to the host, if the C library supports it. Takes milliseconds: call it
/// after a machine is dropped.
pub fn give_back_free_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer, and any thread may call it at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
