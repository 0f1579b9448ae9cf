//! Thunks that baseline code jumps to or calls: requests for code and budget, and the interpreter's
//! arms.
//!
//! A thunk with a service stores the mapped registers, keeps rsp in r12, aligns the stack, calls
//! the service with the context in rdi, eax in esi and rsp or rcx in rdx, and loads the mapped
//! registers again. rax, rcx and the flags are lost.
//!
//! | thunk | MXCSR in its service | result | afterwards |
//! |---|---|---|---|
//! | `call_compiler`, `slice_over` | Rust's from then on | rax | jumps there; `leave_stored` if 0 |
//! | `run_float_arm` | Rust's from then on | al | returns; `arm_failed` if 0 |
//! | `run_arm` | as it is: its arms do not compute | al | returns; `arm_failed` if 0 |
//!
//! The safety rules are those of [`super`].

use super::*;
use crate::baseline::emit::CALLED;

/// Target of branches to an address without code here: eax = guest address, with
/// [`CALLED`] in its low bits if a call leads there.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn missing() {
    naked_asm!(
        // Keeps the flag of a call.
        "push rax",
        "and eax, -4",
        "mov rcx, [rbp + {entries}]",
        // The table has 4 bytes for each guest word, so the address is the offset in it.
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
                     je 2f",
                    rust_mxcsr!(),
                    "2:
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

/// [`run_arm`] for arms that compute with floating point or vectors: FPSCR is exact and MXCSR has
/// Rust's modes when they run.
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
             3:",
            rust_mxcsr!(),
            "jmp 2b",
        ]
        bias = const BIAS,
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        service = sym on_float_arm,
        failed = sym arm_failed,
    )
}

/// Leaves because an arm did not complete; the mapped registers are stored.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn arm_failed() {
    naked_asm!(
        // The return address of the unit's call.
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
    if services::has_pending_status(ctx) {
        services::apply_pending_status(ctx, word);
    }
    services::run_arm(ctx, run, word, arm)
}
