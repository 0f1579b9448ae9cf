//! The calling thread: its processor, its priority, its segment register.

use windows_sys::Win32::System::Threading::{
    GetCurrentProcessorNumber, GetCurrentThread, SetThreadPriority, THREAD_PRIORITY_BELOW_NORMAL,
    THREAD_PRIORITY_LOWEST,
};

/// The processor on which this thread runs at the moment, in its group of 64 at most.
pub fn current_processor() -> Option<usize> {
    // SAFETY: takes no arguments and accesses no memory of this process.
    Some(unsafe { GetCurrentProcessorNumber() } as usize)
}

/// Lowers the priority of this thread to that of a background task: the lowest from a niceness of
/// 10 on. Best effort: the host may refuse.
pub fn lower_priority(niceness: u8) {
    let priority = if niceness < 10 { THREAD_PRIORITY_BELOW_NORMAL } else { THREAD_PRIORITY_LOWEST };
    // SAFETY: a pseudo handle of this thread; no memory is touched.
    unsafe { SetThreadPriority(GetCurrentThread(), priority) };
}

/// Refused: GS is the system's, for its block of the thread.
///
/// # Safety
/// None to keep; the signature is that of the other systems.
pub unsafe fn set_segment_base(_base: u64) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_one_of_the_hosts() {
        assert!(current_processor().is_some_and(|processor| processor < 64));
    }
}
