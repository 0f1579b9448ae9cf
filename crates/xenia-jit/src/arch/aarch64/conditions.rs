//! Assembly routine that forms the condition register's word from its fields, for functions that
//! save CR in their prologue.

use std::arch::naked_asm;
use xenia_lifter::host::{Word, field};

/// Stores CR as a word of nibbles in [`Word::HookResult`]. Preserves all registers but the flags.
///
/// # Safety
/// x21 must point into the context that was passed to `enter`, as in all compiled code.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn condition_word() {
    naked_asm!(
        "stp x0, x1, [sp, #-32]!",
        "str x2, [sp, #16]",
        "mov w0, wzr",
        // Shift the word's bits in from the right.
        ".irp field, 0, 1, 2, 3, 4, 5, 6, 7",
        "ldr x1, [x21, #{fields} + 8 * \\field]",
        // LT.
        "ubfx x2, x1, #62, #1",
        "orr w0, w2, w0, lsl #1",
        // The complement of GT: the sign of (n - 1) | n is set unless n is greater than 0.
        "sub x2, x1, #1",
        "orr x2, x2, x1",
        "lsr x2, x2, #63",
        "orr w0, w2, w0, lsl #1",
        // EQ.
        "cmp w1, #0",
        "cset w2, eq",
        "orr w0, w2, w0, lsl #1",
        // SO.
        "eor x2, x1, x1, lsl #1",
        "ubfx x2, x2, #62, #1",
        "orr w0, w2, w0, lsl #1",
        ".endr",
        "eor w0, w0, #0x44444444",
        "str x0, [x21, #{result}]",
        "ldr x2, [sp, #16]",
        "ldp x0, x1, [sp], #32",
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
        let pinned = std::ptr::from_mut(ctx).addr() + AHEAD;
        // SAFETY: x21 points into a context that no other code uses; all other registers but the
        // link register are preserved.
        unsafe { asm!("bl {}", sym condition_word, in("x21") pinned, out("x30") _) };
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
