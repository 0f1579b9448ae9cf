//! Entry to optimized code and exit from it on x86-64; [`crate::runtime::enter`] describes both.
//!
//! ```text
//!  region(rdi = budget, rsi = pc, rdx = r1, rcx = r3, r8 = r4)
//!     -> (rax = budget, rcx = pc | reason << 32, rdx = r1, rsi = r3)
//! ```

use crate::runtime::hooks::Hook;
use crate::runtime::host::{AHEAD, Leave, Word, displacement};
use std::arch::{asm, naked_asm};
use std::mem::offset_of;
use xenia_cpu::PpcContext;
use xenia_host::registers;

/// The register that holds the context in compiled code.
pub(crate) const CONTEXT_REGISTER: usize = registers::R15;

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
const BUDGET: i32 = displacement(offset_of!(PpcContext, budget));
const PC: i32 = displacement(offset_of!(PpcContext, pc));

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
        budget = const BUDGET,
        pc = const PC,
        dispatch = sym dispatch,
    )
}

/// Goes on at guest address rsi with the budget in rdi. rsp equals `Word::SavedStack`.
#[unsafe(naked)]
unsafe extern "sysv64" fn dispatch() {
    naked_asm!(
        "2:",
        "mov rax, [r15 + {entries}]",
        "mov ecx, esi",
        "and ecx, -4",
        "mov eax, [rax + rcx]",
        "add rax, [r15 + {code}]",
        "call rax",
        "mov rdi, rax",
        "mov rsi, rcx",
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
        r1 = const gpr(1),
        r3 = const gpr(3),
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
        budget = const BUDGET,
        pc = const PC,
        leave = const LEAVE,
    )
}

/// Where the fault handler resumes, with all registers as they are at the access: goes on at the
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

/// Leaves a region after a fault of which the context has all that is needed.
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
        budget = const BUDGET,
        pc = const PC,
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

/// Code of the stub at offset 0, which branches to an address without code run.
pub(crate) fn missing_stub() -> Vec<u8> {
    let mut code = vec![0x90; LINKED]; // nop
    code.extend(jump_through(Word::Missing));
    code
}

/// `jmp [r15 + word]`.
fn jump_through(word: Word) -> [u8; 7] {
    let [a, b, c, d] = word.offset().to_le_bytes();
    [0x41, 0xFF, 0xA7, a, b, c, d]
}

/// Offset of the fast entry, for callers that have loaded the argument registers.
pub(crate) const LINKED: usize = 12;

/// Displacement of a GPR in the context.
const fn gpr(n: usize) -> i8 {
    let place = displacement(offset_of!(PpcContext, gpr) + 8 * n);
    assert!(place as i8 as i32 == place, "longer instructions");
    place as i8
}

/// `mov rdx, [r15 + r1]; mov rcx, [r15 + r3]; mov r8, [r15 + r4]`: [`crate::emit::CALLED_WITH`].
const LOADS: [u8; LINKED] =
    [0x49, 0x8B, 0x57, gpr(1) as u8, 0x49, 0x8B, 0x4F, gpr(3) as u8, 0x4D, 0x8B, 0x47, gpr(4) as u8];

/// The thunk in front of a region's function, and the offset of the region's first entry in it. If
/// the region `calls` others, the thunk leaves when calls are nested too deeply.
pub(crate) fn first_thunk(calls: bool) -> (Vec<u8>, usize) {
    if !calls {
        return (LOADS.to_vec(), 0);
    }
    let mut code = jump_through(Word::Out).to_vec();
    let entry = code.len();
    code.extend(LOADS);
    code.extend([0x49, 0x3B, 0xA7]); // cmp rsp, [r15 + limit]
    code.extend(Word::StackLimit.offset().to_le_bytes());
    let back = code.len() as u8 + 2;
    code.extend([0x72, back.wrapping_neg()]); // jb to the jump
    (code, entry)
}

/// Byte between pieces of code: `int3`.
pub(crate) const PADDING: u8 = 0xCC;

/// Code of an entry other than the first: passes `-number` instead of pc and jumps to the region's
/// function, `distance` bytes after the start of these [`ENTRY_SIZE`] bytes. The code is there
/// twice, for the slow and the fast entry.
pub(crate) fn entry_thunk(number: u32, distance: i32) -> [u8; ENTRY_SIZE] {
    let mut code = [PADDING; ENTRY_SIZE];
    for (way, code) in code.chunks_exact_mut(LINKED).enumerate() {
        let distance = distance - (way as i32 + 1) * LINKED as i32;
        code[..3].copy_from_slice(&[0x48, 0xC7, 0xC6]); // mov rsi, -number
        code[3..7].copy_from_slice(&(number as i32).wrapping_neg().to_le_bytes());
        code[7] = 0xE9; // jmp distance
        code[8..].copy_from_slice(&distance.to_le_bytes());
    }
    code
}

/// Size in bytes of an entry other than the first. It is a power of two, so that the entry's number
/// is its offset shifted right (`emit/entries.rs`).
pub(crate) const ENTRY_SIZE: usize = 1 << ENTRY_SHIFT;
pub(crate) const ENTRY_SHIFT: u32 = (2 * LINKED as u32).next_power_of_two().trailing_zeros();
