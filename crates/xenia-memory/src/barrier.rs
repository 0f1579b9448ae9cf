//! Barriers that one thread puts into all threads of the process, so that what they do often needs
//! none.
//!
//! Stores to guest memory look at the page's flags after the bytes are there, without a fence in
//! between; the processor may take the look before the store is visible to others. Whoever sets a
//! flag makes up for it: after [`on_all_threads`], a store whose look missed the flag is visible.

use std::sync::OnceLock;

/// `MEMBARRIER_CMD_PRIVATE_EXPEDITED` of linux/membarrier.h, and its registration.
const MEMORY: [i32; 2] = [1 << 3, 1 << 4];
/// `MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE`, and its registration.
const INSTRUCTIONS: [i32; 2] = [1 << 5, 1 << 6];

fn membarrier(command: i32) -> bool {
    // SAFETY: the call touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

fn run([command, registration]: [i32; 2], registered: &OnceLock<bool>) -> bool {
    *registered.get_or_init(|| membarrier(registration)) && membarrier(command)
}

/// Makes every other running thread of the process pass a full memory barrier, and passes one
/// itself. False if the host can't (kernels before 4.14); the TLB flush of an `mprotect` interrupts
/// the same threads.
pub fn on_all_threads() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    run(MEMORY, &REGISTERED)
}

/// Makes every other running thread of the process fetch its next instructions anew, as the
/// architecture asks before code runs where other code has been. False if the host can't (kernels
/// before 4.16).
pub fn serialize_all_threads() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    run(INSTRUCTIONS, &REGISTERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_can_do_once_it_can_do_again() {
        assert_eq!(on_all_threads(), on_all_threads());
        assert_eq!(serialize_all_threads(), serialize_all_threads());
    }
}
