//! The host's allocator between two machines.
//!
//! A machine that is gone leaves its heap free but for a few bytes; glibc keeps what is free for the next one, in an arena for
//! each thread that ever allocated, and so the process seems to grow with the most that each arena ever held.

/// Gives free memory of the heap back to the host, where the C library knows how. Milliseconds: for when a machine is gone.
pub fn give_back_free_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes no pointer, and any thread may call it at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
