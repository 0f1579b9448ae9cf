//! Thunks that baseline code jumps to or calls: requests for code and budget, and the interpreter's
//! arms.
//!
//! The safety rules are those of [`super`].

use super::*;
use crate::baseline::emit::CALLED;

/// Target of branches to an address without code here: eax = guest address, with
/// [`CALLED`] in its low bits if a call leads there.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn missing() {
    naked_asm!(
        "push rax",
        "and eax, -4",
        "mov rcx, [rbp + {entries}]",
        "mov ecx, [rcx + rax]",
        "cmp ecx, {stored}",
        "ja 2f",
        "pop rax",
        "jmp {compile}",
        "2:",
        "add rsp, 8",
        "jmp {optimized}",
        entries = const word(Word::Entries),
        stored = const STORED,
        optimized = sym run_optimized,
        compile = sym call_compiler,
    )
}

/// [`missing`] for a call through CTR: eax = guest address without the flag.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn missing_called() {
    naked_asm!(
        "or eax, {called}",
        "jmp {missing}",
        called = const CALLED,
        missing = sym missing,
    )
}

/// Calls code of the optimizing tier: eax = guest address, rcx = its offset. Returns if the guest
/// returned to its caller; continues at any other address that the code leaves for.
#[unsafe(naked)]
unsafe extern "sysv64" fn run_optimized() {
    code!(
        [
            store!(),
            // rcx: the host address of the code, edx: the guest address.
            "add rcx, [rbp + {optimized}]
             mov edx, eax",
            // Aligns the stack, and pushes the old pointer twice, so that it stays aligned.
            "mov rax, rsp
             and rsp, -16
             push rax
             push rax",
            // Without room for another level both tiers are left (4).
            "lea rax, [rsp - 8]
             cmp rax, [rbp + {limit}]
             jb 4f
             lea rax, [rsp - {near}]
             mov [rbp + {far}], rax",
            // r15: the context, as the optimizing tier addresses it. MXCSR becomes the guest's.
            "lea r15, [rbp + {ahead} - {bias}]
             cmp byte ptr [rbp + {guest_float}], 0
             jne 5f
             ldmxcsr [rbp + {mxcsr}]
             5:
             mov word ptr [rbp + {guest_float}], 1",
            // Arguments: edi = the whole budget of the visit, esi = the guest address.
            "mov rdi, [rbp + {budget}]
             mov [rbp + {slice}], rdi
             add rdi, [rbp + {rest}]
             mov qword ptr [rbp + {rest}], 0
             mov esi, edx
             call rcx
             pop r8
             pop rsp
             lea rbp, [r15 + {bias} - {ahead}]
             cmp qword ptr [rbp + {vector_mode}], 0
             jne 7f",
            // Results: rax = the budget that is left, of which the slice gets as much as it had;
            // ecx = the next guest address, with the reason in the upper half of rcx.
            "6:
             mov r8, [rbp + {slice}]
             mov r9, r8
             cmp r8, rax
             cmovg r8, rax
             sub r9, r8
             sub rax, r8
             mov [rbp + {budget}], r8
             mov [rbp + {rest}], rax
             mov edx, ecx
             mov eax, ecx
             and eax, -4
             shr rcx, 32
             cmp ecx, {missing}
             ja 3f
             add [rbp + {to_sample}], r9",
            // The guest continues: at the caller if LR leads there, else at any other code (2).
            load!(),
            "mov ecx, [rbp + {lr}]
             and ecx, -4
             cmp eax, ecx
             jne 2f
             ret
             2:
             jmp {go_to_entry}",
            // Another reason leaves this tier, too.
            "3:
             mov rdi, [rbp + {budget}]
             add rdi, [rbp + {rest}]
             mov qword ptr [rbp + {rest}], 0
             mov esi, edx
             mov rsp, [rbp + {saved}]
             jmp {leave_with_reason}",
            // The host's stack is full. `leave` stores rdx as r11, which edx has replaced.
            "4:
             mov eax, edx
             mov rdx, [rbp + {r11}]
             jmp {leave}",
            // MXCSR is that of vectors.
            "7:
             mov qword ptr [rbp + {vector_mode}], 0
             ldmxcsr [rip + {scalar}]
             jmp 6b",
        ]
        vector_mode = const word(Word::VectorMode),
        scalar = sym RUST_MXCSR,
        optimized = const word(Word::Code),
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        near = const NEAR,
        far = const word(Word::FarStack),
        ahead = const AHEAD,
        bias = const BIAS,
        budget = const displaced(BUDGET),
        missing = const Leave::Missing as i32,
        rest = const BaselineWord::Rest.at(),
        slice = const BaselineWord::Slice.at(),
        to_sample = const BaselineWord::ToSample.at(),
        lr = const LR_AT,
        go_to_entry = sym go_to_entry,
        saved = const BaselineWord::SavedStack.at(),
        limit = const BaselineWord::StackLimit.at(),
        leave_with_reason = sym leave_with_reason,
        leave = sym leave,
    )
}

/// [`Word::Missing`] while baseline code may run: calls baseline code for the guest address in esi,
/// in the place of a region of the optimizing tier, whose arguments and results these are
/// (`crate::runtime::enter`). Finds it by the call table or the table of entries. Leaves if there
/// is none, or if calls are nested too deeply.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn run_baseline() {
    code!(
        [
            // rbp: the context, as this tier addresses it. Leaves if calls nest too deeply (3).
            "push rbp
             lea rbp, [r15 + {bias} - {ahead}]
             cmp rsp, [rbp + {limit}]
             jb 3f",
            // eax: the guest address. Looks it up in the call table (`call_table`) and, on a miss,
            // in the table of entries (4). Leaves if it has no code.
            "mov eax, esi
             and eax, -4
             mov ecx, eax
             shr ecx, {shift}
             and ecx, {mask}
             add rcx, [rbp + {code}]
             mov rcx, [rcx + {table}]
             xor rcx, rax
             test ecx, ecx
             jne 4f
             shr rcx, 32
             5:
             jz 3f
             add rcx, [rbp + {code}]",
            // edi: the whole budget of the visit, of which the slice gets as much as it had.
            "mov rdx, [rbp + {slice}]
             mov r8, rdx
             cmp rdx, rdi
             cmovg rdx, rdi
             sub r8, rdx
             add [rbp + {to_sample}], r8
             sub rdi, rdx
             mov [rbp + {budget}], rdx
             mov [rbp + {rest}], rdi
             cmp qword ptr [rbp + {vector_mode}], 0
             jne 7f
             6:",
            load!(),
            "call rcx",
            store!(),
            // Results, as of a region that returned to its caller: rax = the budget, ecx = the
            // guest address, without a reason in the upper half of rcx. MXCSR is the guest's.
            "mov rcx, [rbp + {budget}]
             mov [rbp + {slice}], rcx
             mov rax, [rbp + {rest}]
             add rax, rcx
             mov qword ptr [rbp + {rest}], 0
             cmp byte ptr [rbp + {guest_float}], 0
             jne 2f
             ldmxcsr [rbp + {mxcsr}]
             2:
             mov word ptr [rbp + {guest_float}], 1
             mov ecx, [rbp + {lr}]
             and ecx, -4
             mov rdx, r14
             mov rsi, r8
             lea r15, [rbp + {ahead} - {bias}]
             pop rbp
             ret",
            "3:
             pop rbp
             jmp {leave_missing}",
            "4:",
            look_up!(),
            "jmp 5b",
            // MXCSR is that of vectors.
            "7:
             mov qword ptr [rbp + {vector_mode}], 0
             ldmxcsr [rip + {scalar}]
             jmp 6b",
        ]
        vector_mode = const word(Word::VectorMode),
        scalar = sym RUST_MXCSR,
        shift = const call_table::SHIFT,
        mask = const call_table::MASK,
        table = const CODE_SIZE,
        bias = const BIAS,
        ahead = const AHEAD,
        entries = const BaselineWord::Entries.at(),
        code = const BaselineWord::Code.at(),
        limit = const BaselineWord::StackLimit.at(),
        slice = const BaselineWord::Slice.at(),
        to_sample = const BaselineWord::ToSample.at(),
        budget = const displaced(BUDGET),
        rest = const BaselineWord::Rest.at(),
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        lr = const LR_AT,
        leave_missing = sym leave_missing,
    )
}

/// Defines a thunk that asks a service for the next address. The service returns a host address, or
/// 0 to leave.
macro_rules! asks {
    ($(#[doc = $doc:literal])* $name:ident => $service:ident) => {
        $(#[doc = $doc])*
        #[unsafe(naked)]
        pub(super) unsafe extern "sysv64" fn $name() {
            code!(
                [
                    store!(),
                    "mov rdx, rsp
                     mov r12, rsp
                     and rsp, -16
                     mov esi, eax
                     lea rdi, [rbp - {bias}]
                     cmp byte ptr [rbp + {guest_float}], 0
                     je 2f
                     stmxcsr [rbp + {mxcsr}]
                     ldmxcsr [rip + {rust}]
                     mov word ptr [rbp + {guest_float}], 0
                     2:
                     call {service}
                     mov rsp, r12
                     test rax, rax
                     jz {out}",
                    load!(),
                    "jmp rax",
                ]
                bias = const BIAS,
                guest_float = const BaselineWord::GuestFloat.at(),
                mxcsr = const MXCSR,
                rust = sym RUST_MXCSR,
                service = sym $service,
                out = sym leave_stored,
            )
        }
    };
}

asks! {
    /// eax = a guest address without code, flagged if it is called.
    call_compiler => on_missing
}
asks! {
    /// eax = a guest address where the budget was too small.
    slice_over => on_slice_over
}

/// [`run_arm`] for arms that compute with floating point or vectors: FPSCR is exact and MXCSR is
/// Rust's when they run.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn run_float_arm() {
    code!(
        [
            store!(),
            "mov r12, rsp
             and rsp, -16
             mov esi, eax
             mov rdx, rcx
             lea rdi, [rbp - {bias}]
             cmp byte ptr [rbp + {guest_float}], 0
             jne 3f
             2:
             call {service}
             mov rsp, r12
             test al, al
             jz {failed}",
            load!(),
            "ret
             3:
             stmxcsr [rbp + {mxcsr}]
             ldmxcsr [rip + {rust}]
             mov word ptr [rbp + {guest_float}], 0
             jmp 2b",
        ]
        bias = const BIAS,
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        rust = sym RUST_MXCSR,
        service = sym on_float_arm,
        failed = sym arm_failed,
    )
}

/// Leaves because an arm did not complete; the mapped registers are stored.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn arm_failed() {
    naked_asm!(
        "pop rax",
        "mov [rbp + {site}], rax",
        "mov qword ptr [rbp + {reason}], {arm}",
        "jmp {out}",
        site = const BaselineWord::Site.at(),
        reason = const BaselineWord::Reason.at(),
        arm = const Reason::Arm as i32,
        out = sym leave_stored,
    )
}

/// Runs the instruction in eax by the interpreter's arm in rcx. Returns if it completes.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn run_arm() {
    code!(
        [
            store!(),
            "mov r12, rsp
             and rsp, -16
             mov esi, eax
             mov rdx, rcx
             lea rdi, [rbp - {bias}]
             call {service}
             mov rsp, r12
             test al, al
             jz {failed}",
            load!(),
            "ret",
        ]
        bias = const BIAS,
        service = sym on_arm,
        failed = sym arm_failed,
    )
}

/// The context and the run that it belongs to.
///
/// # Safety
/// `ctx` is the context that [`enter`] was given for the run in progress on this thread, and no
/// reference to it or to its [`BaselineRun`] is used meanwhile.
pub(super) unsafe fn lend<'a>(ctx: *mut PpcContext) -> (&'a mut PpcContext, &'a mut BaselineRun<'a, 'a>) {
    // SAFETY: `enter` borrowed it exclusively for the whole run.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: `enter` stored it there for this run; it lives until `enter` returns.
    let run = unsafe { &mut *(ctx.host[BaselineWord::Run as usize] as *mut BaselineRun<'_, '_>) };
    (ctx, run)
}

unsafe extern "sysv64" fn on_missing(ctx: *mut PpcContext, pc: u32, stack: u64) -> u64 {
    // SAFETY: the thunk passes the context of the run in progress (rbp less `BIAS`), which only
    // this service uses until it returns.
    let (ctx, run) = unsafe { lend(ctx) };
    services::missing(ctx, run, pc, stack)
}

unsafe extern "sysv64" fn on_slice_over(ctx: *mut PpcContext, pc: u32, stack: *const u64) -> u64 {
    // SAFETY: the thunk passes the context of the run in progress (rbp less `BIAS`), which only
    // this service uses until it returns.
    let (ctx, run) = unsafe { lend(ctx) };
    // SAFETY: units push nothing, so the stack pointer is at the return address of their call, or
    // of the code that entered them.
    let caller = unsafe { stack.read() };
    services::slice_over(ctx, run, pc, caller)
}

unsafe extern "sysv64" fn on_arm(ctx: *mut PpcContext, word: u32, arm: *const ()) -> bool {
    // SAFETY: the thunk passes the context of the run in progress (rbp less `BIAS`), which only
    // this service uses until it returns.
    let (ctx, run) = unsafe { lend(ctx) };
    // SAFETY: the thunks of `cache` pass the result of `Arm::address`; an `Arm` is that address.
    let arm = unsafe { std::mem::transmute::<*const (), Arm>(arm) };
    services::run_arm(ctx, run, word, arm)
}

unsafe extern "sysv64" fn on_float_arm(ctx: *mut PpcContext, word: u32, arm: *const ()) -> bool {
    // SAFETY: the thunk passes the context of the run in progress (rbp less `BIAS`), which only
    // this service uses until it returns.
    let (ctx, run) = unsafe { lend(ctx) };
    // SAFETY: the thunks of `cache` pass the result of `Arm::address`; an `Arm` is that address.
    let arm = unsafe { std::mem::transmute::<*const (), Arm>(arm) };
    if services::owes_status(ctx) {
        services::apply_pending_status(ctx, word);
    }
    services::run_arm(ctx, run, word, arm)
}
