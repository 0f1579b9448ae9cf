//! The segment register GS of a host thread, which baseline code finds guest memory by.
//!
//! `gs:[base + displacement]` with addresses of 32 bits is a guest's effective address in one host
//! operand: the sum wraps at 4 GiB, and the segment's base is added to it. Linux leaves GS to
//! programs (thread-local storage is FS) and keeps its base for each thread; see arch_prctl(2).
//! Rust code and the C library never use it, so it stays until another machine runs on the thread.
//!
//! Windows keeps its thread block in GS: templates have a form without the segment for such hosts
//! ([`super::super::templates::HostFeatures`]).

use std::cell::Cell;

/// `ARCH_SET_GS` of asm/prctl.h, which the libc crate lacks.
const SET_GS: libc::c_int = 0x1001;

thread_local! {
    /// The base that this thread's GS has. A new thread may inherit another, and sets its own.
    static BASE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Makes GS of this thread begin at the host address `base`. Costs a system call if it does not
/// yet. False if the host refuses.
fn set(base: u64) -> bool {
    if BASE.get() == Some(base) {
        return true;
    }
    // SAFETY: changes only where GS of this thread begins, which nothing but baseline code uses;
    // that is entered by `super::enter`, which sets it.
    let refused = unsafe { libc::syscall(libc::SYS_arch_prctl, SET_GS, base) };
    if refused != 0 {
        return false;
    }
    BASE.set(Some(base));
    true
}

/// Whether the host lets programs set GS.
pub(in crate::baseline) fn is_available() -> bool {
    // The base that it has, or will have before any code is entered.
    set(BASE.get().unwrap_or(0))
}

/// Makes GS of this thread begin at the host address `base`. Where the host refuses, code has no
/// use for it.
pub(super) fn point_to(base: u64) {
    set(base);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::arch::asm;

    /// The word that `gs:[eax + 4]` gives with this value of rax.
    fn read(rax: u64) -> u32 {
        let value: u32;
        // SAFETY: the tests below have GS begin at memory that contains the word.
        unsafe { asm!("mov {0:e}, gs:[{1:e} + 4]", out(reg) value, in(reg) rax, options(nostack, readonly)) };
        value
    }

    #[test]
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
