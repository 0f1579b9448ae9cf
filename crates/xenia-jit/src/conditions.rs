//! Compares whose result nobody has asked for: CR fields that compiled code has left as the operands.
//!
//! A nibble of CR takes eight host instructions, two stores of operands take two, and most compares are followed by a branch
//! that needs the operands alone, and by another compare into the same field. So where a compare of words has to be in the context,
//! compiled code stores its operands and marks the field as *owed* ([`OWED`]). Compiled code that reads a field knows;
//! everybody else sees nibbles only, as fields are settled whenever compiled code is left ([`crate::enter`]).
//!
//! The nibble's last bit is a copy of SO from when the compare was made, so what is owed is settled before SO changes.

use crate::host::COMPARED;
use std::cmp::Ordering;
use xenia_cpu::PpcContext;

/// In a field of [`PpcContext::cr`]: it is owed, and its operands are in the words from [`COMPARED`] on, the first one in the low half.
pub(crate) const OWED: u8 = 0x80;
/// Beside [`OWED`]: the operands are unsigned.
pub(crate) const UNSIGNED: u8 = 0x40;
/// [`OWED`] in all fields.
const ANY_OWED: u64 = u64::from_ne_bytes([OWED; 8]);

/// Makes nibbles of all fields.
pub(crate) fn settle(ctx: &mut PpcContext) {
    if u64::from_ne_bytes(ctx.cr) & ANY_OWED == 0 {
        return;
    }
    let so = ctx.xer_so & 1;
    for (field, compared) in ctx.cr.iter_mut().zip(&ctx.host[COMPARED..]) {
        if *field & OWED == 0 {
            continue;
        }
        let (a, b) = (*compared as u32, (compared >> 32) as u32);
        let order = if *field & UNSIGNED == 0 { a.cast_signed().cmp(&b.cast_signed()) } else { a.cmp(&b) };
        *field = so
            | match order {
                Ordering::Less => 8,
                Ordering::Greater => 4,
                Ordering::Equal => 2,
            };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_becomes_the_order_of_the_operands_and_so() {
        let mut ctx = PpcContext { xer_so: 1, ..PpcContext::default() };
        let minus = u64::from(u32::MAX);
        for (field, (mark, word)) in [
            (OWED, minus),
            (OWED | UNSIGNED, minus),
            (OWED, 5 << 32 | 5),
            (OWED, minus << 32),
            (OWED | UNSIGNED, minus << 32),
            (4, 7),
        ]
        .into_iter()
        .enumerate()
        {
            ctx.cr[field] = mark;
            ctx.host[COMPARED + field] = word;
        }
        settle(&mut ctx);
        assert_eq!(ctx.cr, [9, 5, 3, 5, 9, 4, 0, 0]);
    }
}
