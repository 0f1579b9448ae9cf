//! The host's allocator: one heap for all threads, which goes back to the host between two
//! machines.
//!
//! glibc makes up to eight heaps a processor, one for each thread that finds the others in use, and
//! keeps what is free in each: with a machine's threads the process seems to grow with the most
//! that each heap ever held, and its pieces lie further apart with each machine. Threads have their
//! own small caches before the heap's lock, so that one heap costs them nothing that could be
//! measured.

/// Lets all threads allocate from one heap, where the C library knows how. For the program's first
/// line: heaps that exist stay.
pub fn allocate_from_one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes no pointer, and any thread may call it at any time. A failure leaves everything as it is.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives free memory of the heap back to the host, where the C library knows how. Milliseconds: for
/// when a machine is gone.
pub fn give_back_free_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes no pointer, and any thread may call it at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
