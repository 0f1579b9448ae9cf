//! A memory barrier on all other threads of the process.
//!
//! Stores to guest memory look at the page's flags after the bytes are there, without a fence in
//! between; the processor may take the look before the store is visible to others. Whoever sets a
//! flag makes up for it: after this barrier, a store whose look missed the flag is visible.

use std::sync::OnceLock;

/// `MEMBARRIER_CMD_PRIVATE_EXPEDITED` of linux/membarrier.h.
const PRIVATE_EXPEDITED: i32 = 1 << 3;
/// `MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED`.
const REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

fn membarrier(command: i32) -> bool {
    // SAFETY: the call touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Makes every other running thread of the process pass a full barrier.
///
/// A kernel without membarrier (before 4.14) leaves the TLB flush of the preceding `mprotect`,
/// which interrupts the same threads.
pub(crate) fn on_all_threads() {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    if *REGISTERED.get_or_init(|| membarrier(REGISTER_PRIVATE_EXPEDITED)) {
        membarrier(PRIVATE_EXPEDITED);
    }
}
