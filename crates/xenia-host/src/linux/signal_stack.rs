//! Signal stacks for host threads that run guest code.
//!
//! The signal stack that the standard library gives its threads is sized for a short handler;
//! decoding an instruction on top of a wide vector state needs more. Below it lies a page without
//! rights, so that an overflow ends the process instead of overwriting other memory.

use region::Protection;
use std::cell::OnceCell;
use std::mem;
use std::ptr;

const SIZE: usize = 64 << 10;
/// Size of the inaccessible guard below the stack.
const GUARD: usize = 4 << 10;

/// The calling thread's signal stack, by the start of its mapping; unmapped when the thread ends.
struct SignalStack(*mut libc::c_void);

thread_local! {
    static STACK: OnceCell<Option<SignalStack>> = const { OnceCell::new() };
}

/// Installs the calling thread's stack, once. If the host refuses, the thread keeps its present
/// one.
#[inline]
pub fn install() {
    STACK.with(|stack| {
        stack.get_or_init(SignalStack::new);
    });
}

impl SignalStack {
    #[cold]
    fn new() -> Option<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice.
        let at = unsafe {
            libc::mmap(
                ptr::null_mut(),
                GUARD + SIZE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return None;
        }
        // Dropped, and so unmapped, if a later call fails.
        let stack = Self(at);
        let usable = stack.usable();
        // SAFETY: the part above the guard of the new mapping.
        if unsafe { region::protect(usable, SIZE, Protection::READ_WRITE) }.is_err() {
            return None;
        }
        let new = libc::stack_t { ss_sp: usable, ss_flags: 0, ss_size: SIZE };
        // SAFETY: the memory is valid until the thread's end, where `drop` disables it first.
        if unsafe { libc::sigaltstack(&raw const new, ptr::null_mut()) } != 0 {
            return None;
        }
        Some(stack)
    }

    /// Start of the stack, above the guard.
    fn usable(&self) -> *mut libc::c_void {
        self.0.wrapping_byte_add(GUARD)
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        // SAFETY: zero is a value of `stack_t`.
        let mut current: libc::stack_t = unsafe { mem::zeroed() };
        // SAFETY: only queries the current stack.
        unsafe { libc::sigaltstack(ptr::null(), &raw mut current) };
        // A stack that other code has installed since is not this value's to disable.
        if current.ss_sp == self.usable() {
            let off = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
            // SAFETY: disables the stack before it is unmapped.
            unsafe { libc::sigaltstack(&raw const off, ptr::null_mut()) };
        }
        // SAFETY: mapped by `install`; no longer the thread's signal stack.
        unsafe { libc::munmap(self.0, GUARD + SIZE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_the_stack_lies_a_page_without_rights() {
        install();
        // SAFETY: zero is a value of `stack_t`; the call only queries.
        let current = unsafe {
            let mut current: libc::stack_t = mem::zeroed();
            assert_eq!(libc::sigaltstack(ptr::null(), &raw mut current), 0);
            current
        };
        assert_eq!(current.ss_size, SIZE);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let ends_here = format!("-{:x} ", current.ss_sp as usize);
        let guard = maps.lines().find(|line| line.contains(&ends_here));
        assert!(guard.is_some_and(|line| line.contains(" ---p ")), "{guard:?}");
    }
}
