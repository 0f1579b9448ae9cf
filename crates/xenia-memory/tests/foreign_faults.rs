//! Foreign faults: the previous handler gets them. A separate test program, because that handler
//! must be installed before the first address space.

#[path = "common/mod.rs"]
mod common;

use common::accesses::{load_of_known_length, step_over};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use xenia_memory::GuestMemory;

static LAST: AtomicUsize = AtomicUsize::new(0);

/// Steps over the load that the test makes.
extern "C" fn on_fault(_: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: a signal handler's arguments.
    unsafe {
        LAST.store((*info).si_addr() as usize, SeqCst);
        step_over(&mut *context.cast());
    }
}

fn load(at: usize) {
    // SAFETY: the test expects the fault; the handler steps over the instruction.
    unsafe { load_of_known_length(at) };
}

#[test]
fn foreign_faults_reach_the_previous_handler_or_end_the_process() {
    // SAFETY: zero is a value of `sigaction`; the handler keeps to its arguments.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        assert_eq!(libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()), 0);
    }
    let memory = GuestMemory::new().unwrap();
    load(0x10);
    assert_eq!(LAST.load(SeqCst), 0x10);
    // A guest access by code without a hook is foreign, too.
    let unmapped = memory.guest_base() as usize + 0x5_0000;
    load(unmapped);
    assert_eq!(LAST.load(SeqCst), unmapped);
    // Even where a hooked access would be emulated.
    let device = memory.guest_base() as usize + 0x7FC8_6544;
    load(device);
    assert_eq!(LAST.load(SeqCst), device);
}
