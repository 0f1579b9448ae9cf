//! Entry to baseline code and exit from it, and the host functions that it calls.
//!
//! `enter_code` saves the host's registers, loads the mapped guest registers and calls the code. A
//! guest return without a waiting caller comes back here and goes through the table of entries.
//! Every exit stores the mapped registers and drops all frames: host frames of guest functions hold
//! only return addresses.
//!
//! ```text
//!  code ──► prepare_float  MXCSR becomes the guest's for floating-point arithmetic; returns
//!       ──► run_float_row  eax = operands, ecx = row: services::run_float_row; returns
//!       ──► leave          eax = guest address, with the reason in its low bits
//!       ──► missing        eax = guest address without code here: calls the optimizing tier's
//!                          code if it exists; else services::missing compiles it, or leaves
//!       ──► slice_over     eax = guest address where the budget was compared: services::slice_over
//!       ──► run_arm        eax = instruction, rcx = its arm: services::run_arm; returns
//!       ──► return_miss    a guest return to an address that its caller does not expect
//!       ──► find_entry     eax = called guest address: rcx = its code's host address; returns
//!       ──► go_to_entry    eax = guest address: goes to its code
//!  fault ─► leave_after_fault
//! ```
//!
//! # The other tier
//! Code of the optimizing tier runs as a host call below baseline code (`run_optimized` in
//! [`tiers`]). If it leaves to continue at another address, baseline code continues there, whether
//! that address has code or not; for any other reason both are left. `crate::runtime::enter` has
//! the same frame at [`BaselineWord::SavedStack`], so the exit of either tier ends both.
//!
//! A call or jump of optimized code to an address that only this tier has code for runs baseline
//! code as a host call in the place of a region (`run_baseline`), whose return is the region's.
//!
//! MXCSR is Rust's while baseline code runs, until floating-point arithmetic (`float_thunks`) or
//! the optimizing tier has run. From then on it is the guest's, which [`BaselineWord::GuestFloat`]
//! records, until a service or a computing arm has stored it: its modes are Rust's then, too. So
//! neither calls of hot functions nor sequences of arms switch MXCSR each time.
//!
//! # Safety rules
//! - Everything here except [`enter`] is reached from baseline code only, whose rbp points [`BIAS`]
//!   bytes into the context that `enter` was given; no other code uses the context or its run
//!   meanwhile.
//! - Services are called with the mapped registers stored, on an aligned stack.

use super::call_table;
use super::encode::{R8, R9, R10, R11, R12, R13, R14, R15, RBX, RDI, RDX, RSI, Rm};
use super::entries::{CROWDED, OFFSET_SHIFT, PAIR_BITS, PAIR_SHIFT, WORD_OF_PAIR};
use super::map::{BIAS, BUDGET, BaselineWord, CR0, LR, MAP, displacement, word};
use super::reason::Reason;
use super::services::{self, BaselineRun};
use super::templates::HostFeatures;
use crate::arch::enter::{leave_with_reason, stack_pointer};
use crate::code::entries::STORED;
use crate::code::memory::CODE_SIZE;
use crate::runtime::enter::{NEAR, NESTING, leave_missing};
use std::arch::naked_asm;
use std::mem::offset_of;
use xenia_cpu::{Arm, PpcContext};
use xenia_host::registers;
use xenia_lifter::float::float_state::DEFAULT_MXCSR;
use xenia_lifter::host::{AHEAD, Leave, Word};
use xenia_memory::{Action, HostFault};

/// The features of this host.
pub(super) fn host_features() -> HostFeatures {
    HostFeatures {
        movbe: std::arch::is_x86_feature_detected!("movbe"),
        lzcnt: std::arch::is_x86_feature_detected!("lzcnt"),
        bmi: std::arch::is_x86_feature_detected!("bmi1") && std::arch::is_x86_feature_detected!("bmi2"),
        fma: std::arch::is_x86_feature_detected!("fma"),
        segment: segment::is_available(),
    }
}

/// Displacement of a GPR in the context.
const fn at(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, gpr) + 8 * n)
}

const fn is_map(rows: &[(usize, u8); 10]) -> bool {
    let mut n = 0;
    while n < rows.len() {
        if MAP[n].0 != rows[n].0 || MAP[n].1 != rows[n].1 {
            return false;
        }
        n += 1;
    }
    true
}

// The registers that `store` and `load` below name.
const _: () = assert!(
    is_map(&[
        (9, RBX),
        (10, RSI),
        (11, RDX),
        (31, RDI),
        (1, R14),
        (3, R8),
        (4, R9),
        (6, R13),
        (7, R11),
        (8, R12),
    ]) && CR0 == R15
        && BUDGET == R10
);

/// Stores the mapped registers.
macro_rules! store {
    () => {
        "mov [rbp + {r9}], rbx
         mov [rbp + {r10}], rsi
         mov [rbp + {r11}], rdx
         mov [rbp + {r31}], rdi
         mov [rbp + {r1}], r14
         mov [rbp + {r3}], r8
         mov [rbp + {r4}], r9
         mov [rbp + {budget}], r10
         mov [rbp + {r6}], r13
         mov [rbp + {r7}], r11
         mov [rbp + {r8}], r12
         mov [rbp + {cr0}], r15"
    };
}

/// Loads the mapped registers; preserves rax, rcx and the flags.
macro_rules! load {
    () => {
        "mov rbx, [rbp + {r9}]
         mov rsi, [rbp + {r10}]
         mov rdx, [rbp + {r11}]
         mov rdi, [rbp + {r31}]
         mov r14, [rbp + {r1}]
         mov r8, [rbp + {r3}]
         mov r9, [rbp + {r4}]
         mov r10, [rbp + {budget}]
         mov r13, [rbp + {r6}]
         mov r11, [rbp + {r7}]
         mov r12, [rbp + {r8}]
         mov r15, [rbp + {cr0}]"
    };
}

/// `naked_asm` with the displacements of the mapped registers as operands.
macro_rules! code {
    ([$($line:expr),* $(,)?] $($operand:tt)*) => {
        naked_asm!(
            $($line,)*
            r9 = const at(9),
            r10 = const at(10),
            r1 = const at(1),
            r3 = const at(3),
            r11 = const at(11),
            r31 = const at(31),
            r8 = const at(8),
            r4 = const at(4),
            budget = const BUDGET_AT,
            r6 = const at(6),
            r7 = const at(7),
            cr0 = const displacement(offset_of!(PpcContext, cr)),
            $($operand)*
        )
    };
}

/// Makes the guest's MXCSR Rust's by storing it: scalar arithmetic has Rust's modes, and Rust
/// expects nothing of the flags.
macro_rules! rust_mxcsr {
    () => {
        "stmxcsr [rbp + {mxcsr}]
         mov word ptr [rbp + {guest_float}], 0"
    };
}

/// Looks up eax, a word-aligned guest address, in the table of entries: ecx = the offset of its
/// code, or 0, with the flag ZF. Preserves all other registers. Reads the second slot of the pair
/// if the first one has the neighbour's entry and the flag [`CROWDED`].
macro_rules! look_up {
    () => {
        // At a miss, ecx = eax, which the last `xor` turns into 0; `mov` keeps the flags.
        "mov ecx, eax
         shr ecx, 3
         shl ecx, 2
         add rcx, [rbp + {entries}]
         mov ecx, [rcx]
         xor ecx, eax
         test ecx, 4
         je 88f
         test ecx, 1
         mov ecx, eax
         je 88f
         shr ecx, 3
         bts ecx, 29
         shl rcx, 2
         add rcx, [rbp + {entries}]
         mov ecx, [rcx]
         xor ecx, eax
         test ecx, 4
         je 88f
         mov ecx, eax
         88:
         xor ecx, eax
         shr ecx, 4"
    };
}

const _: () = assert!(
    PAIR_SHIFT == 3 && PAIR_BITS == 29 && WORD_OF_PAIR == 4 && OFFSET_SHIFT == 4 && CROWDED == 1,
    "look_up! has other numbers"
);

const fn displaced(place: Rm) -> i32 {
    match place {
        Rm::Ctx(at) => at,
        Rm::Reg(_) | Rm::CtxWord(..) | Rm::Guest(..) | Rm::GuestSum(..) | Rm::Host(_) => 0,
    }
}

mod float_arms;
mod segment;
mod thunks;
mod tiers;

pub(super) use float_arms::{prepare_float, run_float_row};
use thunks::{missing, missing_called, run_arm, run_float_arm, slice_over};
use tiers::{run_baseline, run_optimized};

const MXCSR: i32 = word(Word::Mxcsr);
/// MXCSR with Rust's modes, which are also the guest's for scalar arithmetic, and no flags.
static RUST_MXCSR: u32 = DEFAULT_MXCSR;
/// The budget's place while it is not in its register.
const BUDGET_AT: i32 = displacement(offset_of!(PpcContext, budget));
const LR_AT: i32 = displaced(LR);
const PC_AT: i32 = displacement(offset_of!(PpcContext, pc));

/// Runs the code at a host address on a context.
#[unsafe(naked)]
unsafe extern "sysv64" fn enter_code(ctx: *mut PpcContext, code: u64) {
    code!(
        [
            // The last 8 bytes align the stack, and have room for Rust's MXCSR.
            "push rbp
             push rbx
             push r12
             push r13
             push r14
             push r15
             sub rsp, 8
             lea rbp, [rdi + {bias}]
             stmxcsr [rsp]
             mov [rbp + {saved}], rsp
             mov [rbp + {saved_by_other}], rsp
             mov eax, [rbp + {pc}]
             mov rcx, rsi",
            load!(),
            "2:
             call rcx
             mov eax, [rbp + {lr}]
             and eax, -4",
            look_up!(),
            "add rcx, [rbp + {code}]
             jmp 2b",
        ]
        bias = const BIAS,
        pc = const PC_AT,
        saved = const BaselineWord::SavedStack.at(),
        saved_by_other = const word(Word::SavedStack),
        lr = const LR_AT,
        entries = const BaselineWord::Entries.at(),
        code = const BaselineWord::Code.at(),
    )
}

/// Leaves baseline code: eax = guest address, with the [`Reason`] in its low bits.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn leave() {
    code!(
        [
            store!(),
            "mov ecx, eax
             and ecx, 3
             and eax, -4
             mov [rbp + {pc}], eax
             mov [rbp + {reason}], rcx
             jmp {out}",
        ]
        pc = const PC_AT,
        reason = const BaselineWord::Reason.at(),
        out = sym leave_stored,
    )
}

/// Leaves baseline code when all guest state is in the context already.
#[unsafe(naked)]
unsafe extern "sysv64" fn leave_stored() {
    naked_asm!(
        "mov rsp, [rbp + {saved}]",
        "cmp byte ptr [rbp + {guest_float}], 0",
        "je 2f",
        "stmxcsr [rbp + {mxcsr}]",
        // Rust's, which `enter_code` has stored there.
        "ldmxcsr [rsp]",
        "2:",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        guest_float = const BaselineWord::GuestFloat.at(),
        mxcsr = const MXCSR,
        saved = const BaselineWord::SavedStack.at(),
    )
}

/// Where the fault handler resumes, with rsp from [`BaselineWord::SavedStack`].
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn leave_after_fault() {
    code!(
        [
            store!(),
            "mov qword ptr [rbp + {reason}], {fault}
             jmp {out}",
        ]
        reason = const BaselineWord::Reason.at(),
        fault = const Reason::Fault as i32,
        out = sym leave_stored,
    )
}

/// A guest return to an address that its caller does not expect: goes through the table of entries.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn return_miss() {
    naked_asm!(
        "mov eax, [rbp + {lr}]",
        "and eax, -4",
        "jmp {go_to_entry}",
        lr = const LR_AT,
        go_to_entry = sym go_to_entry,
    )
}

/// Goes to the code of eax, a word-aligned guest address, or to the stub that requests it.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn go_to_entry() {
    naked_asm!(
        look_up!(),
        "add rcx, [rbp + {code}]",
        "jmp rcx",
        entries = const BaselineWord::Entries.at(),
        code = const BaselineWord::Code.at(),
    )
}

/// rcx = the host address of the code of eax, the word-aligned guest address of a callee, or of
/// [`missing_called`]. Preserves all other registers.
#[unsafe(naked)]
unsafe extern "sysv64" fn find_entry() {
    naked_asm!(
        look_up!(),
        "je 2f",
        "add rcx, [rbp + {code}]",
        "ret",
        "2:",
        "lea rcx, [rip + {missing_called}]",
        "ret",
        entries = const BaselineWord::Entries.at(),
        code = const BaselineWord::Code.at(),
        missing_called = sym missing_called,
    )
}

pub(super) fn missing_address() -> u64 {
    missing as *const () as u64
}

/// Words of the context and the thunks whose addresses they hold.
pub(super) const THUNKS: [(BaselineWord, unsafe extern "sysv64" fn()); 8] = [
    (BaselineWord::Missing, missing),
    (BaselineWord::RunFloatArm, run_float_arm),
    (BaselineWord::SliceOver, slice_over),
    (BaselineWord::RunArm, run_arm),
    (BaselineWord::Leave, leave),
    (BaselineWord::ReturnMiss, return_miss),
    (BaselineWord::FindEntry, find_entry),
    (BaselineWord::GoToEntry, go_to_entry),
];

/// Runs the code at `code` on `ctx` and returns the reason why it stopped. The caller has set the
/// words of both tiers in the context, except those that this function sets. `code` is the address
/// of an entry that stays mapped while the run's engine is present, or of [`missing`].
pub(super) fn enter(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, code: u64) -> Reason {
    let here = stack_pointer();
    let limit = here.saturating_sub(NESTING);
    ctx.host[BaselineWord::StackLimit as usize] = limit;
    ctx.host[Word::StackLimit as usize] = limit;
    // This one stays if the optimizing tier leaves, which does not write the word.
    ctx.host[BaselineWord::Reason as usize] = Reason::Optimized as u64;
    ctx.host[BaselineWord::GuestFloat as usize] = 0;
    ctx.host[BaselineWord::Run as usize] = std::ptr::from_mut(run) as u64;
    ctx.host[Word::Missing as usize] = run_baseline as *const () as u64;
    segment::point_to(ctx.host[BaselineWord::Memory as usize]);
    // SAFETY: the tables lead to code that `emit` wrote, which follows `map.rs`, or to the stub.
    unsafe { enter_code(ctx, code) };
    Reason::from_bits(ctx.host[BaselineWord::Reason as usize])
}

/// Handles a refused guest access of baseline code: records the host address and leaves.
pub(super) fn on_fault(fault: &mut HostFault) -> Action {
    if fault.guest_addr.is_none() {
        return Action::NotMine;
    }
    let ctx = (fault.registers[registers::RBP] as *mut PpcContext).wrapping_byte_sub(BIAS);
    // SAFETY: the faulting instruction is baseline code, so rbp points into the context by the
    // module's rules.
    let host = unsafe { &mut (*ctx).host };
    host[BaselineWord::Site as usize] = fault.pc;
    fault.registers[registers::STACK_POINTER] = host[BaselineWord::SavedStack as usize];
    Action::Resume(leave_after_fault as *const () as u64)
}
