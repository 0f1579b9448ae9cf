//! The GS segment register of a host thread: baseline code addresses guest memory through it.
//!
//! `gs:[base + displacement]` with 32-bit addresses is a guest's effective address in one host
//! operand: the sum wraps at 4 GiB, and the segment's base is added to it. Linux leaves GS to
//! programs (thread-local storage uses FS) and keeps its base per thread. Rust code and the C
//! library never use it, so the base stays valid until another machine runs on the thread.
//!
//! Windows keeps its thread block in GS: for such hosts, templates have a form without the segment
//! ([`super::super::templates::HostFeatures`]).

use std::cell::Cell;
use xenia_host::thread::set_segment_base;

thread_local! {
    /// The base of this thread's GS, if this module has set it. A new thread may inherit another
    /// base, so it must set it.
    static BASE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Sets the base of this thread's GS to the host address `base`. Costs a system call unless it is
/// set already. Returns false if the host refuses.
fn set(base: u64) -> bool {
    if BASE.get() == Some(base) {
        return true;
    }
    // SAFETY: only baseline code uses GS; `super::enter` sets it before that runs.
    if !unsafe { set_segment_base(base) } {
        return false;
    }
    BASE.set(Some(base));
    true
}

/// Whether the host allows programs to set GS.
pub(in crate::baseline) fn is_available() -> bool {
    // Sets the base that it has, or that it will get before code is entered anyway.
    set(BASE.get().unwrap_or(0))
}

/// Sets the base of this thread's GS to the host address `base`. Where the host refuses, code does
/// not use GS.
pub(super) fn point_to(base: u64) {
    set(base);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::arch::asm;

    /// The word at `gs:[eax + 4]`, for this value of rax.
    fn read(rax: u64) -> u32 {
        let value: u32;
        // SAFETY: the tests below set GS to memory that contains the word.
        unsafe { asm!("mov {0:e}, gs:[{1:e} + 4]", out(reg) value, in(reg) rax, options(nostack, readonly)) };
        value
    }

    #[test]
    #[cfg_attr(windows, ignore = "Windows keeps its thread block in GS")]
    fn each_thread_has_its_own_and_sums_wrap() {
        assert!(is_available());
        let check = |words: [u32; 3]| {
            point_to(words.as_ptr() as u64);
            assert_eq!([read(0), read(4), read(0xFFFF_FFFC)], [words[1], words[2], words[0]]);
            assert_eq!(read(0xAAAA_AAAA_0000_0004), words[2], "the upper half does not count");
        };
        check([1, 2, 3]);
        std::thread::spawn(move || check([4, 5, 6])).join().unwrap();
        check([7, 8, 9]);
    }
}
