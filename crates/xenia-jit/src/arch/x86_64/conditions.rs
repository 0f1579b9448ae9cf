//! Assembly routine that forms the condition register's word from its fields, for functions that
//! save CR in their prologue.
//!
//! Fields are loaded one at a time: a wider load would wait until all separately stored fields have
//! reached the cache.

use std::arch::naked_asm;
use xenia_lifter::host::{Word, field};

/// Stores CR as a word of nibbles in [`Word::HookResult`]. Preserves all registers but the flags.
///
/// # Safety
/// r15 must point into the context that was passed to `enter`, as in all compiled code.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn condition_word() {
    naked_asm!(
        "push rax",
        "push rcx",
        "push rdx",
        "xor eax, eax",
        // Shift the word's bits in through the carry flag.
        ".irp field, 0, 1, 2, 3, 4, 5, 6, 7",
        "mov rcx, [r15 + {fields} + 8 * \\field]",
        // LT.
        "bt rcx, 62",
        "adc eax, eax",
        // The complement of GT: the sign of (n - 1) | n is set unless n is greater than 0.
        "lea rdx, [rcx - 1]",
        "or rdx, rcx",
        "add rdx, rdx",
        "adc eax, eax",
        // EQ.
        "cmp ecx, 1",
        "adc eax, eax",
        // SO.
        "lea rdx, [rcx + rcx]",
        "xor rdx, rcx",
        "bt rdx, 62",
        "adc eax, eax",
        ".endr",
        "xor eax, 0x44444444",
        "mov [r15 + {result}], rax",
        "pop rdx",
        "pop rcx",
        "pop rax",
        "ret",
        fields = const field::cr(0),
        result = const Word::HookResult.offset(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::arch::asm;
    use xenia_cpu::{CrField, PpcContext};
    use xenia_lifter::host::AHEAD;

    /// The word that [`condition_word`] forms of a context.
    fn word_by_code(ctx: &mut PpcContext) -> u64 {
        let r15 = std::ptr::from_mut(ctx).addr() + AHEAD;
        // SAFETY: r15 points into a context that no other code uses; all other registers are
        // preserved.
        unsafe { asm!("call {}", sym condition_word, in("r15") r15) };
        ctx.host[Word::HookResult as usize]
    }

    #[test]
    fn code_makes_the_word_that_rust_makes() {
        let words = [0, 1, 1 << 31, 1 << 32, 1 << 61, 1 << 62, 1 << 63, 3 << 61, u64::MAX, 5 << 32];
        let nibbles = (0..16).map(|nibble| CrField::from_nibble(nibble).0);
        let fields: Vec<_> = words.into_iter().chain(nibbles).map(CrField).collect();
        for turn in 0..fields.len() {
            let cr = std::array::from_fn(|field| fields[(turn + field) % fields.len()]);
            let mut ctx = PpcContext { cr, ..PpcContext::default() };
            assert_eq!(word_by_code(&mut ctx), u64::from(ctx.cr_word()), "{cr:?}");
        }
    }
}
