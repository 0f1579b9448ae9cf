//! A signal stack per host thread that runs guest code.
//!
//! The stack that the standard library gives its threads is sized for a short handler; decoding an
//! instruction on top of a wide vector state needs more.

use std::cell::OnceCell;
use std::mem;
use std::ptr;

const SIZE: usize = 64 << 10;

/// The calling thread's signal stack; unmapped when the thread ends.
pub(crate) struct SignalStack(*mut libc::c_void);

thread_local! {
    static STACK: OnceCell<Option<SignalStack>> = const { OnceCell::new() };
}

impl SignalStack {
    /// Gives the calling thread its stack, once. If the host refuses, the thread keeps the one it has.
    pub(crate) fn install() {
        STACK.with(|stack| {
            stack.get_or_init(|| {
                // SAFETY: a new mapping at an address of the kernel's choice.
                let at = unsafe {
                    libc::mmap(
                        ptr::null_mut(),
                        SIZE,
                        libc::PROT_READ | libc::PROT_WRITE,
                        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
                        -1,
                        0,
                    )
                };
                if at == libc::MAP_FAILED {
                    return None;
                }
                let stack = libc::stack_t { ss_sp: at, ss_flags: 0, ss_size: SIZE };
                // SAFETY: the memory is ours until the thread's end, where `drop` disables it first.
                if unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) } != 0 {
                    // SAFETY: unused so far.
                    unsafe { libc::munmap(at, SIZE) };
                    return None;
                }
                Some(Self(at))
            });
        });
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        // SAFETY: zero is a value of `stack_t`.
        let mut current: libc::stack_t = unsafe { mem::zeroed() };
        // SAFETY: asks only.
        unsafe { libc::sigaltstack(ptr::null(), &raw mut current) };
        if current.ss_sp == self.0 {
            let off = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
            // SAFETY: switches off the stack that is about to go.
            unsafe { libc::sigaltstack(&raw const off, ptr::null_mut()) };
        }
        // SAFETY: mapped by `install`; no longer the thread's signal stack.
        unsafe { libc::munmap(self.0, SIZE) };
    }
}
