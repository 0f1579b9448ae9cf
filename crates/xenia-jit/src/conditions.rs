//! Compares whose result nobody has asked for: CR fields that compiled code has left as the operands.
//!
//! A nibble of CR takes eight host instructions, two stores of operands take two, and most compares are followed by a branch
//! that needs the operands alone, and by another compare into the same field. So where a compare of words has to be in the context,
//! compiled code stores its operands and marks the field as *owed* ([`OWED`]). Compiled code that reads a field knows;
//! everybody else sees nibbles only, as fields are settled whenever compiled code is left ([`crate::enter`]).
//!
//! The nibble's last bit is a copy of SO from when the compare was made, so what is owed is settled before SO changes.

use crate::host::{COMPARED, NIBBLES};
use std::cmp::Ordering;
use xenia_cpu::{CrField, PpcContext};

/// In a byte of the word [`NIBBLES`]: the field is owed, and its operands are in the words from
/// [`COMPARED`] on, the first one in the low half.
pub(crate) const OWED: u8 = 0x80;
/// Beside [`OWED`]: the operands are unsigned.
pub(crate) const UNSIGNED: u8 = 0x40;
/// [`OWED`] in all fields.
const ANY_OWED: u64 = u64::from_ne_bytes([OWED; 8]);

/// Gives compiled code the fields as nibbles, a byte each.
pub(crate) fn lend(ctx: &mut PpcContext) {
    ctx.host[NIBBLES] = u64::from_ne_bytes(ctx.cr.map(CrField::nibble));
}

/// Takes the fields back from compiled code.
pub(crate) fn take(ctx: &mut PpcContext) {
    settle(ctx);
    ctx.cr = ctx.host[NIBBLES].to_ne_bytes().map(CrField::from_nibble);
}

/// Makes nibbles of all fields.
pub(crate) fn settle(ctx: &mut PpcContext) {
    if ctx.host[NIBBLES] & ANY_OWED == 0 {
        return;
    }
    let so = ctx.xer_so & 1;
    let mut nibbles = ctx.host[NIBBLES].to_ne_bytes();
    for (field, compared) in nibbles.iter_mut().zip(&ctx.host[COMPARED..]) {
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
    ctx.host[NIBBLES] = u64::from_ne_bytes(nibbles);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_becomes_the_order_of_the_operands_and_so() {
        let mut ctx = PpcContext { xer_so: 1, ..PpcContext::default() };
        let mut marks = [0; 8];
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
            marks[field] = mark;
            ctx.host[COMPARED + field] = word;
        }
        ctx.host[NIBBLES] = u64::from_ne_bytes(marks);
        take(&mut ctx);
        assert_eq!(ctx.cr.map(CrField::nibble), [9, 5, 3, 5, 9, 4, 0, 0]);
    }
}
