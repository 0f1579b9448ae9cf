//! The calling thread: its processor, its priority, its segment register; sleeps of all threads.

/// The processor on which this thread runs at the moment.
pub fn current_processor() -> Option<usize> {
    // SAFETY: takes no arguments and accesses no memory of this process.
    let processor = unsafe { libc::sched_getcpu() };
    usize::try_from(processor).ok()
}

/// Lowers the priority of this thread to that of a background task: a nice value of `niceness`, 19
/// at most. Best effort: the host may refuse.
pub fn lower_priority(niceness: u8) {
    let _ = rustix::process::setpriority_process(None, i32::from(niceness));
}

/// Sets the base of this thread's GS, which Linux leaves to programs: thread-local storage uses FS,
/// and neither Rust code nor the C library uses GS. False if the host refuses, or keeps the
/// register for itself. See `arch_prctl(2)`.
///
/// # Safety
/// Code of this thread that uses GS must expect this base.
#[cfg(target_arch = "x86_64")]
pub unsafe fn set_segment_base(base: u64) -> bool {
    /// `ARCH_SET_GS` of asm/prctl.h, which the libc crate lacks.
    const SET_GS: libc::c_int = 0x1001;
    // SAFETY: changes only the base of this thread's GS, which is what the caller requests.
    unsafe { libc::syscall(libc::SYS_arch_prctl, SET_GS, base) == 0 }
}

/// While one exists, sleeps of this process end within about a millisecond of their time. On Linux
/// they always do.
#[derive(Debug)]
#[non_exhaustive]
pub struct PreciseSleeps;

impl PreciseSleeps {
    /// Makes sleeps precise, on systems where that is a setting.
    pub fn begin() -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_one_of_the_hosts() {
        // Processors may be switched off, so that numbers are larger than their count.
        assert!(current_processor().is_some_and(|processor| processor < 1 << 16));
    }
}
