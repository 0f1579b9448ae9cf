//! The way into compiled code and back out.
//!
//! `enter_code` saves the host's registers, puts the context into r15 and loops: look the pc up, call the
//! region, until a region's second result says something else than "go on at pc". Host frames of guest
//! functions are disposable: whatever the guest did to its stack, returning to here is always right.
//!
//! ```text
//!  region(rdi = budget, rsi = pc) -> (rax = budget, rcx = pc | reason << 32)
//! ```
//!
//! A host fault in compiled code resumes at `leave_after_fault` with the stack pointer that was saved
//! here; the context then holds the budget as of the block's start.

use crate::conditions;
use crate::host::{Leave, Word};
use std::arch::{asm, naked_asm};
use std::mem::offset_of;
use xenia_cpu::PpcContext;

/// Bytes of host stack that nested guest calls may use.
const NESTING: u64 = 192 << 10;

/// MXCSR as Rust expects it: round to nearest, all exceptions masked, no flags.
pub(crate) const DEFAULT_MXCSR: u32 = 0x1F80;

/// Runs compiled code on `ctx` from its pc, and says why it stopped, with the detail that some reasons have.
/// The words of `PpcContext::host` are set: those of the code ([`crate::jit::ModeCode`]), which the caller's borrow of it
/// keeps alive, and the run ([`crate::hooks::lend_run`]).
pub(crate) fn enter(ctx: &mut PpcContext) -> (Leave, u32) {
    let here: u64;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags)) };
    ctx.host[Word::StackLimit as usize] = here.saturating_sub(NESTING);
    // SAFETY: the tables lead to code that the lifter made, which follows `host.rs`, or to the stub.
    unsafe { enter_code(ctx) };
    conditions::settle(ctx);
    let leave = ctx.host[Word::Leave as usize] as u32;
    (Leave::from_bits(leave), leave >> 8)
}

const CODE: i32 = Word::Code.offset();
const ENTRIES: i32 = Word::Entries.offset();
const SAVED_STACK: i32 = Word::SavedStack.offset();
const MXCSR: i32 = Word::Mxcsr.offset();
const LEAVE: i32 = Word::Leave.offset();
const BUDGET: i32 = offset_of!(PpcContext, budget) as i32;
const PC: i32 = offset_of!(PpcContext, pc) as i32;

#[unsafe(naked)]
unsafe extern "sysv64" fn enter_code(ctx: *mut PpcContext) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov r15, rdi",
        "stmxcsr [rsp]",
        "mov [r15 + {saved}], rsp",
        "ldmxcsr [r15 + {mxcsr}]",
        "mov rdi, [r15 + {budget}]",
        "mov ecx, [r15 + {pc}]",
        "2:",
        "mov rax, [r15 + {entries}]",
        "mov esi, ecx",
        "and ecx, -4",
        "mov eax, [rax + rcx]",
        "add rax, [r15 + {code}]",
        "call rax",
        "mov rdi, rax",
        "mov rdx, rcx",
        "shr rdx, 32",
        "jz 2b",
        "mov [r15 + {budget}], rdi",
        "mov [r15 + {pc}], ecx",
        "mov [r15 + {leave}], rdx",
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
        saved = const SAVED_STACK,
        mxcsr = const MXCSR,
        budget = const BUDGET,
        pc = const PC,
        entries = const ENTRIES,
        code = const CODE,
        leave = const LEAVE,
    )
}

/// Where the fault handler resumes, with rsp as `Word::SavedStack` says and r15 the context.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn leave_after_fault() {
    naked_asm!(
        "mov qword ptr [r15 + {leave}], {fault}",
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
        leave = const LEAVE,
        fault = const Leave::Fault as i32,
    )
}

/// Code of the stub at offset 0: returns "no code for pc".
pub(crate) fn missing_stub() -> Vec<u8> {
    let mut code = vec![0x48, 0x89, 0xF8]; // mov rax, rdi
    code.extend([0x48, 0xB9]); // movabs rcx, reason << 32
    code.extend((u64::from(Leave::Missing as u32) << 32).to_le_bytes());
    code.extend([0x89, 0xF6]); // mov esi, esi
    code.extend([0x48, 0x09, 0xF1]); // or rcx, rsi
    code.push(0xC3); // ret
    code
}

/// Code of an entry: puts its number into rdx and jumps to the region's start, `distance` bytes after
/// the end of these [`ENTRY_SIZE`] bytes.
pub(crate) fn entry_thunk(number: u32, distance: i32) -> [u8; ENTRY_SIZE] {
    let mut code = [0xBA, 0, 0, 0, 0, 0xE9, 0, 0, 0, 0]; // mov edx, number; jmp distance
    code[1..5].copy_from_slice(&number.to_le_bytes());
    code[6..10].copy_from_slice(&distance.to_le_bytes());
    code
}

/// Bytes of an entry.
pub(crate) const ENTRY_SIZE: usize = 10;
