//! Entry to optimized code and exit from it on x86-64; [`crate::runtime::enter`] describes both.
//!
//! ```text
//!  region(rdi = budget, rsi = pc, rdx = r1, rcx = r3, r8 = r4)
//!     -> (rax = budget, rcx = pc | reason << 32, rdx = r1, rsi = r3)
//! ```

use std::arch::{asm, naked_asm};
use xenia_cpu::PpcContext;
use xenia_lifter::hook::Hook;
use xenia_lifter::host::{AHEAD, Leave, Word, field};

/// The stack pointer of the caller.
#[inline(always)]
pub(crate) fn stack_pointer() -> u64 {
    let here: u64;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags)) };
    here
}

const CODE: i32 = Word::Code.offset();
const ENTRIES: i32 = Word::Entries.offset();
const SAVED_STACK: i32 = Word::SavedStack.offset();
const FAR_STACK: i32 = Word::FarStack.offset();
const MXCSR: i32 = Word::Mxcsr.offset();
const LEAVE: i32 = Word::Leave.offset();

/// Runs compiled code on `ctx` from its pc until it leaves.
///
/// # Safety
/// The tables of the context must lead to code that the lifter emitted, or to the stub.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn enter_code(ctx: *mut PpcContext) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        // Aligns the stack, and has room for Rust's MXCSR.
        "sub rsp, 8",
        "lea r15, [rdi + {ahead}]",
        "stmxcsr [rsp]",
        "mov [r15 + {saved}], rsp",
        "ldmxcsr [r15 + {mxcsr}]",
        "mov rdi, [r15 + {budget}]",
        "mov esi, [r15 + {pc}]",
        "jmp {dispatch}",
        ahead = const AHEAD,
        saved = const SAVED_STACK,
        mxcsr = const MXCSR,
        budget = const field::BUDGET,
        pc = const field::PC,
        dispatch = sym dispatch,
    )
}

/// Continues at guest address rsi with the budget in rdi. rsp equals `Word::SavedStack`.
#[unsafe(naked)]
unsafe extern "sysv64" fn dispatch() {
    naked_asm!(
        "2:",
        "mov rax, [r15 + {entries}]",
        "mov ecx, esi",
        "and ecx, -4",
        // The table has 4 bytes for each guest word, so the address is the offset in it.
        "mov eax, [rax + rcx]",
        "add rax, [r15 + {code}]",
        "call rax",
        "mov rdi, rax",
        "mov rsi, rcx",
        // The reason 0 is a branch.
        "shr rcx, 32",
        "jz 2b",
        "jmp {leave}",
        entries = const ENTRIES,
        code = const CODE,
        leave = sym leave_with_reason,
    )
}

/// Target of regions that leave, with the budget in rdi, and in rsi the second result that they
/// would return.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn leave_region() {
    naked_asm!(
        "cmp rsp, [r15 + {far}]",
        "jb 2f",
        "mov rax, rdi",
        "mov rcx, rsi",
        "mov rdx, [r15 + {r1}]",
        "mov rsi, [r15 + {r3}]",
        "ret",
        "2:",
        "mov rsp, [r15 + {saved}]",
        "mov rcx, rsi",
        "shr rcx, 32",
        "jz {dispatch}",
        "jmp {leave}",
        far = const FAR_STACK,
        r1 = const field::gpr(1),
        r3 = const field::gpr(3),
        saved = const SAVED_STACK,
        dispatch = sym dispatch,
        leave = sym leave_with_reason,
    )
}

/// Returns to the caller of [`enter_code`]: the reason in rcx, pc in esi, the budget in rdi. rsp
/// equals `Word::SavedStack`.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn leave_with_reason() {
    naked_asm!(
        "mov [r15 + {budget}], rdi",
        "mov [r15 + {pc}], esi",
        "mov [r15 + {leave}], rcx",
        "stmxcsr [r15 + {mxcsr}]",
        "ldmxcsr [rsp]",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        mxcsr = const MXCSR,
        budget = const field::BUDGET,
        pc = const field::PC,
        leave = const LEAVE,
    )
}

/// Where the fault handler resumes, with all registers as they are at the access; continues at the
/// access's fault exit, or else at [`drop_frames`].
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn land() {
    naked_asm!(
        // The hook preserves all registers but its argument, here twice for the stack's alignment.
        "push rdi",
        "push rdi",
        "mov rdi, r15",
        "call [r15 + {landing}]",
        "pop rdi",
        "pop rdi",
        "jmp [r15 + {result}]",
        landing = const Hook::Landing.offset(),
        result = const Word::HookResult.offset(),
    )
}

/// Leaves a region after a fault for which the context is already complete.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn drop_frames() {
    naked_asm!(
        "mov rsp, [r15 + {saved}]",
        // Both keep the context's values, from which the engine computes the exact ones.
        "mov rdi, [r15 + {budget}]",
        "mov esi, [r15 + {pc}]",
        "mov ecx, {fault}",
        "jmp {leave}",
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
pub(crate) unsafe extern "sysv64" fn leave_missing() {
    naked_asm!(
        "mov rcx, {missing}",
        "shl rcx, 32",
        "or rsi, rcx",
        "jmp {leave}",
        missing = const Leave::Missing as i32,
        leave = sym leave_region,
    )
}
