//! Settling CR fields from compiled code, in few instructions: functions that save CR begin with it.
//!
//! What it does is what [`crate::conditions::settle`] does, which the test holds it to. Fields are read one by one: a load of all
//! eight would wait until those that code has just stored, each by itself, have reached the cache.

use crate::conditions::{OWED, UNSIGNED};
use crate::host::{COMPARED, NIBBLES, Word, displacement};
use std::arch::naked_asm;
use std::mem::offset_of;
use xenia_cpu::PpcContext;

const _: () = assert!(OWED == 0x80, "a field's sign says whether it is owed");

/// Makes nibbles of CR fields that are owed, and leaves CR as a word in [`Word::HookResult`]. Preserves all registers but the flags.
///
/// # Safety
/// r15 points into the context that `enter` was given, as in all compiled code.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn settled_word() {
    naked_asm!(
        "push rax",
        "push rcx",
        "push rdx",
        "push rsi",
        "push rdi",
        "xor eax, eax",
        ".irp field, 0, 1, 2, 3, 4, 5, 6, 7",
        "movzx ecx, byte ptr [r15 + {fields} + \\field]",
        "test cl, cl",
        "jns 2f",
        "mov edx, [r15 + {operands} + 8 * \\field]",
        "mov esi, [r15 + {operands} + 8 * \\field + 4]",
        // Unsigned operands are in the order of signed ones if the halves of the numbers change places.
        "and ecx, {unsigned}",
        "shl ecx, {to_sign}",
        "xor edx, ecx",
        "xor esi, ecx",
        "cmp edx, esi",
        "mov ecx, 2",
        "mov edi, 4",
        "cmovg ecx, edi",
        "mov edi, 8",
        "cmovl ecx, edi",
        "or cl, [r15 + {so}]",
        "mov [r15 + {fields} + \\field], cl",
        "2:",
        "shl eax, 4",
        "or eax, ecx",
        ".endr",
        "mov [r15 + {result}], rax",
        "pop rdi",
        "pop rsi",
        "pop rdx",
        "pop rcx",
        "pop rax",
        "ret",
        fields = const displacement(offset_of!(PpcContext, host) + 8 * NIBBLES),
        operands = const displacement(offset_of!(PpcContext, host) + 8 * COMPARED),
        so = const displacement(offset_of!(PpcContext, xer_so)),
        unsigned = const UNSIGNED,
        to_sign = const 31 - UNSIGNED.trailing_zeros(),
        result = const Word::HookResult.offset(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::settle;
    use crate::host::AHEAD;
    use std::arch::asm;

    /// What [`settled_word`] makes of a context.
    fn settled_by_code(ctx: &mut PpcContext) {
        let r15 = std::ptr::from_mut(ctx).addr() + AHEAD;
        // SAFETY: r15 points into a context that nobody else uses; all other registers are preserved.
        unsafe { asm!("call {}", sym settled_word, in("r15") r15) };
    }

    #[test]
    fn code_settles_as_rust_does() {
        let words = [0, 1, 5, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF_u64];
        let pairs = words.iter().flat_map(|a| words.iter().map(move |b| a | b << 32));
        for (turn, operands) in pairs.enumerate() {
            let mut ctx = PpcContext { xer_so: (turn % 2) as u8, ..PpcContext::default() };
            let mut marks = [0; 8];
            for (field, mark) in marks.iter_mut().enumerate() {
                ctx.host[COMPARED + field] = operands.rotate_left(8 * (field / 4) as u32);
                *mark = [OWED, OWED | UNSIGNED, (turn + field) as u8 & 0xF][(turn + field) % 3];
            }
            ctx.host[NIBBLES] = u64::from_ne_bytes(marks);
            let mut settled = ctx.clone();
            settle(&mut settled);
            settled_by_code(&mut ctx);
            assert_eq!(ctx.host[NIBBLES], settled.host[NIBBLES], "{operands:x}");
            let nibbles = settled.host[NIBBLES].to_ne_bytes();
            let word = nibbles.iter().fold(0, |word, &field| word << 4 | u64::from(field));
            assert_eq!(ctx.host[Word::HookResult as usize], word, "{operands:x}");
        }
    }
}
