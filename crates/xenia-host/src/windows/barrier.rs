//! Process-wide memory barriers, issued by one thread so that the frequent path of the others needs
//! no fence.

use std::sync::atomic::{Ordering::SeqCst, fence};
use windows_sys::Win32::System::Threading::FlushProcessWriteBuffers;

/// Does nothing: Windows needs no registration.
pub fn register() {}

/// Makes every other running thread of the process execute a full memory barrier, and executes one
/// itself.
pub fn on_all_threads() -> bool {
    fence(SeqCst);
    // SAFETY: takes no arguments and touches no memory of ours.
    unsafe { FlushProcessWriteBuffers() };
    true
}

/// Makes every other running thread of the process refetch its instructions. The call above
/// interrupts the processors that run them, and the return from an interrupt serializes x86.
pub fn serialize_all_threads() -> bool {
    on_all_threads()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_supports_barriers_on_all_threads() {
        assert!(on_all_threads() && serialize_all_threads());
    }
}
