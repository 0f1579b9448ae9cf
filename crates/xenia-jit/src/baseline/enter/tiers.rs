//! Calls between the tiers: a region of the optimizing tier as a host call below baseline code, and
//! baseline code in the place of a region.
//!
//! | | baseline code | optimized code |
//! |---|---|---|
//! | context | rbp points [`BIAS`] bytes into it | r15 points [`AHEAD`] bytes into it |
//! | mapped registers | host registers ([`MAP`]) | the context; results for r1 and r3 |
//! | budget | [`BUDGET`]: the slice's less [`RESERVE`] | the visit's: rdi, rax as a result |
//! | guest address | eax when a thunk is reached | esi when called, ecx as a result |
//! | MXCSR | Rust's or the guest's, scalar | the guest's, scalar or for vectors |
//! | which MXCSR | [`BaselineWord::GuestFloat`] | [`Word::VectorMode`] |
//! | stack when entered | rsp at the return address | the same; rsp + 8 is a multiple of 16 |
//! | nesting is limited by | [`BaselineWord::StackLimit`] | [`Word::StackLimit`] |
//! | which is compared | by units that call, first | by entries of regions that call |
//! | a callee keeps | rbp, rsp | r15, rbp, rsp |
//!
//! Each side of a call establishes the other's column: [`run_optimized`] from left to right before
//! its call and back after it, [`run_baseline`] from right to left and back.
//! [`slices`](super::super::slices) has the meaning of the budget's words.
//!
//! The safety rules are those of [`super`].

use super::*;
use crate::baseline::slices::RESERVE;

/// `$visit` = the whole budget of the visit, for optimized code. Reads the stored budget. Keeps
/// what is left of the slice.
#[rustfmt::skip]
macro_rules! take_slice {
    ($visit:literal) => {
        concat!(
            "movsxd ", $visit, ", dword ptr [rbp + {budget}]\n",
            "mov [rbp + {slice}], ", $visit, "\n",
            "add ", $visit, ", [rbp + {rest}]\n",
            "mov qword ptr [rbp + {rest}], 0",
        )
    };
}

/// Gives baseline code its slice back out of `$visit`, the budget of the visit, or all of that if
/// it is smaller; less the reserve. Clobbers the three registers.
#[rustfmt::skip]
macro_rules! give_slice {
    ($visit:literal, $slice:literal, $lost:literal) => {
        concat!(
            "mov ", $lost, ", [rbp + {slice}]\n",
            "lea ", $slice, ", [", $visit, " - {reserve}]\n",
            "cmp ", $slice, ", ", $lost, "\n",
            "cmovg ", $slice, ", ", $lost, "\n",
            "sub ", $lost, ", ", $slice, "\n",
            "add [rbp + {to_sample}], ", $lost, "\n",
            "sub ", $visit, ", ", $slice, "\n",
            "mov [rbp + {budget}], ", $slice, "\n",
            "mov [rbp + {rest}], ", $visit,
        )
    };
}

/// Ensures that MXCSR is the guest's, and clears `float_thunks::READY`, because optimized code may
/// change FPSCR.
macro_rules! guest_mxcsr {
    () => {
        "cmp byte ptr [rbp + {guest_float}], 0
         jne 77f
         ldmxcsr [rbp + {mxcsr}]
         77:
         mov word ptr [rbp + {guest_float}], 1"
    };
}

/// Label 7 of a thunk, reached where MXCSR is that of vectors: makes it Rust's, and continues at 6.
macro_rules! leave_vector_mode {
    () => {
        "7:
         mov qword ptr [rbp + {vector_mode}], 0
         ldmxcsr [rip + {scalar}]
         jmp 6b"
    };
}

/// Calls code of the optimizing tier: eax = guest address, rcx = its offset. Returns if the guest
/// returned to its caller; continues at any other address that the code leaves for.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn run_optimized() {
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
            "lea r15, [rbp + {ahead} - {bias}]",
            guest_mxcsr!(),
            // Arguments: rdi = the whole budget of the visit, esi = the guest address.
            take_slice!("rdi"),
            "mov esi, edx
             call rcx
             pop r8
             pop rsp
             lea rbp, [r15 + {bias} - {ahead}]
             cmp qword ptr [rbp + {vector_mode}], 0
             jne 7f",
            // Results: rax = the budget that is left; ecx = the next guest address, with the reason
            // in the upper half of rcx.
            "6:",
            give_slice!("rax", "r8", "r9"),
            "mov edx, ecx
             mov eax, ecx
             and eax, -4
             shr rcx, 32
             cmp ecx, {missing}
             ja 3f",
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
            "3:",
            take_slice!("rdi"),
            "mov esi, edx
             mov rsp, [rbp + {saved}]
             jmp {leave_with_reason}",
            // The host's stack is full. `leave` stores rdx as r11, which edx has replaced.
            "4:
             mov eax, edx
             mov rdx, [rbp + {r11}]
             jmp {leave}",
            leave_vector_mode!(),
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
        missing = const Leave::Missing as i32,
        reserve = const RESERVE,
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
            // rdi: the whole budget of the visit.
            give_slice!("rdi", "rdx", "r8"),
            "cmp qword ptr [rbp + {vector_mode}], 0
             jne 7f
             6:",
            load!(),
            "call rcx",
            store!(),
            // Results, as of a region that returned to its caller: rax = the budget, ecx = the
            // guest address, without a reason in the upper half of rcx, rdx = r1, rsi = r3.
            take_slice!("rax"),
            guest_mxcsr!(),
            "mov ecx, [rbp + {lr}]
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
            leave_vector_mode!(),
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
        reserve = const RESERVE,
        rest = const BaselineWord::Rest.at(),
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        lr = const LR_AT,
        leave_missing = sym leave_missing,
    )
}
