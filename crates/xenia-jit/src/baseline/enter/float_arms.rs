//! Services of floating-point thunks (`crate::baseline::float_thunks`): setting up MXCSR, and the
//! interpreter's arm of a row.
//!
//! The safety rules are those of [`super`].

use super::*;
use crate::baseline::float_thunks::READY;

/// [`BaselineWord::GuestFloat`] and [`READY`], both set.
const BOTH: i32 = 0x0101;
const _: () = assert!(READY == BaselineWord::GuestFloat.at() + 1);

/// Sets up the state that [`READY`] promises, if FPSCR has plain control bits. Preserves all
/// registers.
#[unsafe(naked)]
pub(in crate::baseline) unsafe extern "sysv64" fn prepare_float() {
    naked_asm!(
        "cmp byte ptr [rbp + {guest_float}], 0",
        "jne 2f",
        "ldmxcsr [rbp + {mxcsr}]",
        "2:",
        "cmp qword ptr [rbp + {vector_mode}], 0",
        "je 3f",
        "mov qword ptr [rbp + {vector_mode}], 0",
        "ldmxcsr [rip + {scalar}]",
        "3:",
        "mov word ptr [rbp + {guest_float}], {both}",
        "ret",
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        vector_mode = const word(Word::VectorMode),
        scalar = sym RUST_MXCSR,
        both = const BOTH,
    )
}

/// Runs a row by the interpreter's arm: eax has the operands, ecx the word without them. Preserves
/// rax. The arm completes, because no mode of compiled code has exceptions of floating-point
/// arithmetic.
#[unsafe(naked)]
pub(in crate::baseline) unsafe extern "sysv64" fn run_float_row() {
    code!(
        [
            store!(),
            // Both guest registers are stored already, and the service preserves them.
            "mov r12, rsp
             mov r13, rax
             and rsp, -16
             mov esi, eax
             mov edx, ecx
             lea rdi, [rbp - {bias}]
             cmp byte ptr [rbp + {guest_float}], 0
             jne 3f
             2:
             call {service}
             mov rsp, r12
             mov rax, r13",
            load!(),
            "ret
             3:",
            rust_mxcsr!(),
            "jmp 2b",
        ]
        bias = const BIAS,
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        service = sym on_row,
    )
}

unsafe extern "sysv64" fn on_row(ctx: *mut PpcContext, operands: u32, word: u32) {
    // SAFETY: the thunk passes the context of the run in progress (rbp less `BIAS`), which only
    // this service uses until it returns.
    let (ctx, run) = unsafe { thunks::lend(ctx) };
    services::run_float_row(ctx, run, operands, word);
}
