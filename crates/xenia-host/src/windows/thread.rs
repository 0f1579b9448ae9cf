//! The calling thread: its processor, its priority, its segment register; sleeps of all threads.

use windows_sys::Win32::Media::{timeBeginPeriod, timeEndPeriod};
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

/// The shortest period of the system's timer, in milliseconds.
const PERIOD: u32 = 1;

/// While one exists, sleeps of this process end within about a millisecond of their time. Otherwise
/// they end at ticks of the system's timer, which are 15.6 ms apart.
#[derive(Debug)]
pub struct PreciseSleeps {
    is_granted: bool,
}

impl PreciseSleeps {
    /// Makes sleeps precise. Best effort: the system may refuse.
    pub fn begin() -> Self {
        // SAFETY: changes a setting of this process; no memory is touched.
        Self { is_granted: unsafe { timeBeginPeriod(PERIOD) } == 0 }
    }
}

impl Drop for PreciseSleeps {
    fn drop(&mut self) {
        if self.is_granted {
            // SAFETY: takes back what `begin` has set; no memory is touched.
            unsafe { timeEndPeriod(PERIOD) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn the_processor_is_one_of_the_hosts() {
        assert!(current_processor().is_some_and(|processor| processor < 64));
    }

    /// Wine grants the request, but its sleeps are as precise without.
    #[test]
    fn precise_sleeps_last_about_as_long_as_asked() {
        let precise = PreciseSleeps::begin();
        assert!(precise.is_granted);
        let start = Instant::now();
        for _ in 0..20 {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let passed = start.elapsed();
        assert!(passed < Duration::from_millis(200), "{passed:?}");
    }
}
