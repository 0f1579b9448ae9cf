//! Entry to optimized code and exit from it on AArch64; [`crate::runtime::enter`] describes both.
//!
//! x21 holds the context. Cranelift's convention for tail calls passes arguments and results in x2
//! and up. x16 and x17 are free at calls.
//!
//! ```text
//!  region(x2 = budget, x3 = pc, x4 = r1, x5 = r3, x6 = r4)
//!     -> (x2 = budget, x3 = pc | reason << 32, x4 = r1, x5 = r3)
//! ```
//!
//! The frame of `enter_code` saves the registers that the C library's convention preserves, and
//! FPCR.

use crate::arch::float;
use std::arch::{asm, naked_asm};
use xenia_cpu::PpcContext;
use xenia_lifter::host::{AHEAD, Leave, Word, field};

/// The stack pointer of the caller.
#[inline(always)]
pub(crate) fn stack_pointer() -> u64 {
    let here: u64;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mov {}, sp", out(reg) here, options(nomem, nostack, preserves_flags)) };
    here
}

/// Runs compiled code on `ctx` from its pc until it leaves.
///
/// # Safety
/// The tables of the context must lead to code that the lifter emitted, or to the stub.
pub(crate) unsafe fn enter_code(ctx: &mut PpcContext) {
    let word = Word::Mxcsr as usize;
    ctx.host[word] = float::to_host(ctx.host[word] as u32);
    // SAFETY: the caller guarantees that the context's tables lead to emitted code or to the stub.
    unsafe { enter_with_host_state(ctx) };
    ctx.host[word] = float::from_host(ctx.host[word]).into();
}

const CODE: i32 = Word::Code.offset();
const ENTRIES: i32 = Word::Entries.offset();
const SAVED_STACK: i32 = Word::SavedStack.offset();
const FAR_STACK: i32 = Word::FarStack.offset();
const MXCSR: i32 = Word::Mxcsr.offset();
const LEAVE: i32 = Word::Leave.offset();

/// As [`enter_code`], with FPCR and FPSR in the word for MXCSR.
#[unsafe(naked)]
unsafe extern "C" fn enter_with_host_state(ctx: *mut PpcContext) {
    naked_asm!(
        "stp x29, x30, [sp, #-176]!",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mrs x16, fpcr",
        "str x16, [sp, #160]",
        "mov x29, sp",
        "add x21, x0, #{ahead}",
        "mov x16, sp",
        "str x16, [x21, #{saved}]",
        "ldr x16, [x21, #{mxcsr}]",
        "lsr x17, x16, #32",
        "msr fpsr, x17",
        "and x16, x16, #0xffffffff",
        "msr fpcr, x16",
        "ldr x2, [x21, #{budget}]",
        "ldr w3, [x21, #{pc}]",
        "b {dispatch}",
        ahead = const AHEAD,
        saved = const SAVED_STACK,
        mxcsr = const MXCSR,
        budget = const field::BUDGET,
        pc = const field::PC,
        dispatch = sym dispatch,
    )
}

/// Continues at guest address w3 with the budget in x2. sp equals `Word::SavedStack`.
#[unsafe(naked)]
unsafe extern "C" fn dispatch() {
    naked_asm!(
        "2:",
        "ldr x16, [x21, #{entries}]",
        "and w17, w3, #0xfffffffc",
        "ldr w16, [x16, x17]",
        "ldr x17, [x21, #{code}]",
        "add x16, x16, x17",
        "blr x16",
        "lsr x16, x3, #32",
        "cbz x16, 2b",
        "b {leave}",
        entries = const ENTRIES,
        code = const CODE,
        leave = sym leave_with_reason,
    )
}

/// Target of regions that leave, with the budget in x2, and in x3 the second result that they would
/// return.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn leave_region() {
    naked_asm!(
        "ldr x16, [x21, #{far}]",
        "cmp sp, x16",
        "b.lo 2f",
        "ldr x4, [x21, #{r1}]",
        "ldr x5, [x21, #{r3}]",
        "ret",
        "2:",
        "ldr x16, [x21, #{saved}]",
        "mov sp, x16",
        "lsr x16, x3, #32",
        "cbz x16, 3f",
        "b {leave}",
        "3:",
        "b {dispatch}",
        far = const FAR_STACK,
        r1 = const field::gpr(1),
        r3 = const field::gpr(3),
        saved = const SAVED_STACK,
        dispatch = sym dispatch,
        leave = sym leave_with_reason,
    )
}

/// Returns to the caller of [`enter_code`]: the reason in x16, pc in w3, the budget in x2. sp
/// equals `Word::SavedStack`.
#[unsafe(naked)]
unsafe extern "C" fn leave_with_reason() {
    naked_asm!(
        "str x2, [x21, #{budget}]",
        "str w3, [x21, #{pc}]",
        "str x16, [x21, #{leave}]",
        "mrs x16, fpcr",
        "mrs x17, fpsr",
        "orr x16, x16, x17, lsl #32",
        "str x16, [x21, #{mxcsr}]",
        "ldr x16, [sp, #160]",
        "msr fpcr, x16",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "ldp x29, x30, [sp], #176",
        "ret",
        mxcsr = const MXCSR,
        budget = const field::BUDGET,
        pc = const field::PC,
        leave = const LEAVE,
    )
}

/// Where the fault handler resumes, with all registers as they are at the access. There are no
/// fault exits (`MARKS_FAULTS` of xenia-lifter), so the region is left.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn land() {
    naked_asm!("b {drop}", drop = sym drop_frames)
}

/// Leaves a region after a fault for which the context is already complete.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn drop_frames() {
    naked_asm!(
        "ldr x16, [x21, #{saved}]",
        "mov sp, x16",
        // Both keep the context's values, from which the engine computes the exact ones.
        "ldr x2, [x21, #{budget}]",
        "ldr w3, [x21, #{pc}]",
        "mov x16, #{fault}",
        "b {leave}",
        saved = const SAVED_STACK,
        budget = const field::BUDGET,
        pc = const field::PC,
        fault = const Leave::Fault as i32,
        leave = sym leave_with_reason,
    )
}

/// Leaves a region with [`Leave::Missing`], from the stub at offset 0. pc arrives zero-extended
/// from all callers, so the reason is ORed into its upper half.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn leave_missing() {
    naked_asm!(
        "movz x16, #{missing}, lsl #32",
        "orr x3, x3, x16",
        "b {leave}",
        missing = const Leave::Missing as i32,
        leave = sym leave_region,
    )
}
