//! Thunks for floating-point arithmetic: one for each instruction row, shared by all units.
//!
//! An instruction becomes `mov eax, operands; call thunk`, 10 bytes. Large programs run as fast as
//! their code is fetched, so operands are decoded at run time rather than specialized in the code.
//! eax holds the numbers of the operands ([`packed_operands`]); rcx holds [`PENDING`] and the row's
//! word without operands. rax, rcx and xmm registers are scratch. A compare returns the condition
//! register field in rcx.
//!
//! Two instructions, with only integer arithmetic between them, become `mov rax, operands of both;
//! call thunk of the pair`, 15 bytes. In much code a call costs 3 ns, since the host has forgotten
//! it, and the arithmetic 1 ns. The thunk is the first row's code, which goes on to the second
//! row's.
//!
//! Code memory holds copies of the functions below, because a direct call is predicted where an
//! indirect jump among much code is not. The copies are position-independent: they refer only to
//! the words at their end.
//!
//! # FPSCR
//! As in the optimizing tier (`crate::float::float_state`): sticky bits accumulate in MXCSR,
//! which is the guest's, and FPRF, FR and FI are computed lazily (`fp_lazy`). [`READY`] says that
//! MXCSR is the guest's, in scalar mode, and that FPSCR rounds to nearest with no exception
//! enabled. It is cleared whenever MXCSR changes owner, and by arms that change FPSCR. A thunk that
//! finds it clear sets it up ([`prepare`]), or has the arm run if FPSCR has other control bits. NI
//! changes nothing.
//!
//! # Cases left to the interpreter
//! The interpreter's arm runs the instruction ([`slow`]) where the host's result may differ:
//! - a NaN results, or a compare is unordered: VX\* bits and the NaN are the architecture's;
//! - a double lies next to the smallest normal number: the host detects tininess after rounding;
//! - a single is below the normal range or next to it, and not zero;
//! - a conversion to an integer gives the host's value for "invalid".
//!
//! The arm also raises the exceptions that the host has already raised in MXCSR.
//!
//! Single-precision arithmetic is done in double precision and rounded once more. The double is the
//! exact result rounded, so it lies on the same side of the midpoint of two singles as the exact
//! result, unless it *is* that midpoint (its lower 29 bits tell). Even then sums, products,
//! quotients and roots of operands of 24 bits are right (53 ≥ 2 × 24 + 2); the arm computes the
//! others. So the operands need not be singles.
//!
//! The safety rules are those of [`super`].

#[macro_use]
mod parts;
mod rows;

use super::*;
use crate::baseline::templates::Arithmetic;
use crate::float::float_state::PENDING;
use parts::MARKS;
use xenia_cpu::FpLazy;
use xenia_cpu::fpscr::CONTROL;
use xenia_isa::{Instruction, Op, decode};

/// Displacement of the byte that says that arithmetic may begin: the second byte of
/// [`Slot::GuestFloat`].
const READY: i32 = Slot::GuestFloat.at() + 1;
/// [`Slot::GuestFloat`] and [`READY`], both set.
const BOTH: i32 = 0x0101;

const FPR: i32 = displacement(offset_of!(PpcContext, fpr));
const FPSCR: i32 = displacement(offset_of!(PpcContext, fpscr));
const CR: i32 = displacement(offset_of!(PpcContext, cr));
const LAZY: i32 = displacement(offset_of!(PpcContext, fp_lazy));
const LAZY_OP: i32 = LAZY + offset_of!(FpLazy, op) as i32;

/// The guest's MXCSR for scalar arithmetic, with no exception raised.
static SCALAR_MXCSR: u32 = DEFAULT_MXCSR;

/// Sets up the state that [`READY`] promises, if FPSCR has plain control bits. Preserves all
/// registers.
#[unsafe(naked)]
unsafe extern "sysv64" fn prepare() {
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
        guest_float = const Slot::GuestFloat.at(),
        mxcsr = const MXCSR,
        vector_mode = const word(Word::VectorMode),
        scalar = sym SCALAR_MXCSR,
        both = const BOTH,
    )
}

/// Runs the instruction by the interpreter's arm: eax has the operands, ecx the word without them.
/// Returns the field that a compare has written in rcx.
#[unsafe(naked)]
unsafe extern "sysv64" fn slow() {
    code!(
        [
            store!(),
            "mov r12, rsp
             mov r13d, eax
             and rsp, -16
             mov esi, eax
             mov edx, ecx
             lea rdi, [rbp - {bias}]
             cmp byte ptr [rbp + {guest_float}], 0
             jne 3f
             2:
             call {service}
             mov rsp, r12
             test al, al
             jz {failed}
             shr r13d, 26
             mov rcx, [rbp + r13 * 8 + {cr}]",
            load!(),
            "ret
             3:
             stmxcsr [rbp + {mxcsr}]
             ldmxcsr [rip + {rust}]
             mov word ptr [rbp + {guest_float}], 0
             jmp 2b",
        ]
        bias = const BIAS,
        guest_float = const Slot::GuestFloat.at(),
        mxcsr = const MXCSR,
        rust = sym SCALAR_MXCSR,
        cr = const CR,
        service = sym ask_slow,
        failed = sym thunks::arm_failed,
    )
}

/// [`slow`] for the first instruction of a pair, called by its thunk: preserves rax. The arm
/// completes, because no mode of compiled code has exceptions of floating-point arithmetic.
#[unsafe(naked)]
unsafe extern "sysv64" fn slow_first() {
    code!(
        [
            store!(),
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
             3:
             stmxcsr [rbp + {mxcsr}]
             ldmxcsr [rip + {rust}]
             mov word ptr [rbp + {guest_float}], 0
             jmp 2b",
        ]
        bias = const BIAS,
        guest_float = const Slot::GuestFloat.at(),
        mxcsr = const MXCSR,
        rust = sym SCALAR_MXCSR,
        service = sym ask_slow,
    )
}

unsafe extern "sysv64" fn ask_slow(ctx: *mut PpcContext, operands: u32, word: u32) -> bool {
    // SAFETY: called by `slow`.
    let (ctx, run) = unsafe { thunks::lend(ctx) };
    services::run_slow_float(ctx, run, operands, word)
}

/// Upper bound of a thunk's length in bytes.
const LONGEST: usize = 512;

/// The function whose code is the thunk of a row; `None` if the row has no thunk.
fn original(op: Op, has_fma: bool) -> Option<unsafe extern "sysv64" fn()> {
    let thunk: unsafe extern "sysv64" fn() = match op {
        Op::faddx => rows::add,
        Op::faddsx => rows::add_single,
        Op::fsubx => rows::subtract,
        Op::fsubsx => rows::subtract_single,
        Op::fmulx => rows::multiply,
        Op::fmulsx => rows::multiply_single,
        Op::fdivx => rows::divide,
        Op::fdivsx => rows::divide_single,
        Op::fmaddx if has_fma => rows::multiply_add,
        Op::fmaddsx if has_fma => rows::multiply_add_single,
        Op::fmsubx if has_fma => rows::multiply_subtract,
        Op::fmsubsx if has_fma => rows::multiply_subtract_single,
        Op::fnmaddx if has_fma => rows::negative_multiply_add,
        Op::fnmaddsx if has_fma => rows::negative_multiply_add_single,
        Op::fnmsubx if has_fma => rows::negative_multiply_subtract,
        Op::fnmsubsx if has_fma => rows::negative_multiply_subtract_single,
        Op::fsqrtx => rows::square_root,
        Op::fsqrtsx => rows::square_root_single,
        Op::frspx => rows::round_to_single,
        Op::fcfidx => rows::from_integer,
        Op::fctiwzx => rows::to_word,
        Op::fctidzx => rows::to_doubleword,
        Op::fcmpo | Op::fcmpu => rows::compare,
        Op::fselx => rows::select,
        _ => return None,
    };
    Some(thunk)
}

/// Whether a row has a thunk.
pub(in crate::baseline) fn has_float_thunk(op: Op, has_fma: bool) -> bool {
    original(op, has_fma).is_some()
}

/// The function whose code is the first part of a pair's thunk; `None` if no pair begins with the
/// row.
fn first(op: Op, has_fma: bool) -> Option<unsafe extern "sysv64" fn()> {
    let thunk: unsafe extern "sysv64" fn() = match op {
        Op::faddx => rows::first_add,
        Op::faddsx => rows::first_add_single,
        Op::fsubx => rows::first_subtract,
        Op::fsubsx => rows::first_subtract_single,
        Op::fmulx => rows::first_multiply,
        Op::fmulsx => rows::first_multiply_single,
        Op::fdivx => rows::first_divide,
        Op::fdivsx => rows::first_divide_single,
        Op::fmaddx if has_fma => rows::first_multiply_add,
        Op::fmaddsx if has_fma => rows::first_multiply_add_single,
        Op::fmsubx if has_fma => rows::first_multiply_subtract,
        Op::fmsubsx if has_fma => rows::first_multiply_subtract_single,
        Op::fnmaddx if has_fma => rows::first_negative_multiply_add,
        Op::fnmaddsx if has_fma => rows::first_negative_multiply_add_single,
        Op::fnmsubx if has_fma => rows::first_negative_multiply_subtract,
        Op::fnmsubsx if has_fma => rows::first_negative_multiply_subtract_single,
        Op::frspx => rows::first_round_to_single,
        Op::fcfidx => rows::first_from_integer,
        _ => return None,
    };
    Some(thunk)
}

/// Whether a row can be part of a pair. The second one replaces FPRF, FR and FI, so that the first
/// one's need not be recorded.
pub(in crate::baseline) fn pairs(op: Op, has_fma: bool) -> bool {
    first(op, has_fma).is_some()
}

/// The code of a thunk, made of copies of the functions, so that calls within code memory are
/// direct. For two rows, it takes the operands of the first one in the lower half of rax, and those
/// of the second one in the upper half. `None` if a row has no thunk.
pub(in crate::baseline) fn float_thunk(sums: Arithmetic) -> Option<Vec<u8>> {
    let prepare = prepare as *const () as u64;
    let mut code = Vec::new();
    if sums.second.is_some() {
        let words = [slow_first as *const () as u64, prepare, sums.first.row().bits.into()];
        copy(&mut code, first(sums.first, true)?, words)?;
    }
    let last = sums.second.unwrap_or(sums.first);
    // mov rcx, row
    code.extend([0x48, 0xB9]);
    code.extend((PENDING | u64::from(last.row().bits)).to_le_bytes());
    copy(&mut code, original(last, true)?, [slow as *const () as u64, prepare])?;
    Some(code)
}

/// Appends a copy of a function, with these words in place of the marks at its end.
fn copy<const N: usize>(
    code: &mut Vec<u8>,
    function: unsafe extern "sysv64" fn(),
    words: [u64; N],
) -> Option<()> {
    let start = function as *const u8;
    let front = code.len();
    let mark = MARKS[0].to_le_bytes();
    while !code[front..].ends_with(&mark) {
        if code.len() - front > LONGEST {
            return None;
        }
        // SAFETY: the function's code is readable, and ends with the marks.
        code.push(unsafe { *start.add(code.len() - front) });
    }
    code.truncate(code.len() - mark.len());
    code.extend(words.into_iter().flat_map(u64::to_le_bytes));
    Some(())
}

/// The operands of an instruction, as its thunk takes them in eax: frA, frB, frC and frD, one byte
/// each from the lowest up. A row with only frA and frC has frC in frB's place.
pub(in crate::baseline) fn packed_operands(op: Op, i: Instruction) -> u32 {
    let (b, c) = if has_no_b(op) { (i.fc(), i.fb()) } else { (i.fb(), i.fc()) };
    (i.fa() | b << 8 | c << 16 | i.fd() << 24) as u32
}

/// Inverse of [`packed_operands`], for a row whose word without operands is `row`.
pub(in crate::baseline) fn unpacked(operands: u32, row: u32) -> Option<(Op, Instruction)> {
    let op = decode(row)?;
    let [a, b, c, d] = operands.to_le_bytes().map(u32::from);
    let (b, c) = if has_no_b(op) { (c, b) } else { (b, c) };
    Some((op, Instruction(row | d << 21 | a << 16 | b << 11 | c << 6)))
}

fn has_no_b(op: Op) -> bool {
    matches!(op, Op::fmulx | Op::fmulsx)
}
