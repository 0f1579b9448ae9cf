//! Visibility of written code to instruction fetches.
//!
//! Processors of x86-64 fetch stored code without maintenance. AArch64's caches of data and of
//! instructions need not agree: each line that was written is cleaned to where both meet, then
//! dropped from the caches of instructions of all processors. A thread may still have fetched
//! ahead: code is published after [`crate::barrier::serialize_all_threads`].
//!
//! Arm Architecture Reference Manual, B2.4.4 and D17.2.34 (CTR_EL0).

/// Whether written code needs [`synchronize`] and a barrier on all threads before it may run, also
/// where no code was before.
pub const IS_SEPARATE: bool = cfg!(target_arch = "aarch64");

/// Makes `len` bytes of code that were written at `written` visible to fetches from `run`, the
/// address at which they run.
///
/// # Safety
/// Both ranges are mapped, readable, and show the same memory.
#[inline]
pub unsafe fn synchronize(written: *const u8, run: u64, len: usize) {
    // SAFETY: the caller guarantees that both ranges are mapped, readable, and the same memory.
    unsafe { lines::synchronize(written as u64, run, len as u64) };
}

#[cfg(target_arch = "aarch64")]
mod lines {
    use std::arch::asm;

    /// Sizes in bytes of the lines of the caches of data and of instructions: the smallest ones of
    /// the processor.
    fn sizes() -> [u64; 2] {
        let kind: u64;
        // SAFETY: reads a register that Linux allows programs to read.
        unsafe { asm!("mrs {}, ctr_el0", out(reg) kind, options(nomem, nostack, preserves_flags)) };
        // Logarithms of their numbers of words.
        [4 << (kind >> 16 & 15), 4 << (kind & 15)]
    }

    /// # Safety
    /// As for the module's function.
    pub(super) unsafe fn synchronize(written: u64, run: u64, len: u64) {
        let [data, instructions] = sizes();
        let lines = |from: u64, size: u64| (from & !(size - 1)..from + len).step_by(size as usize);
        for line in lines(written, data) {
            // SAFETY: the line is readable; cleaning changes no contents.
            unsafe { asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags)) };
        }
        // SAFETY: a barrier.
        unsafe { asm!("dsb ish", options(nostack, preserves_flags)) };
        for line in lines(run, instructions) {
            // SAFETY: the line is readable; it is fetched again when needed.
            unsafe { asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags)) };
        }
        // SAFETY: barriers; the second is for this thread's own fetches.
        unsafe { asm!("dsb ish", "isb", options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "x86_64")]
mod lines {
    /// # Safety
    /// None: nothing has to be done.
    #[inline]
    pub(super) unsafe fn synchronize(_: u64, _: u64, _: u64) {}
}
