//! Numbering of handlers: a number takes less space in an entry than an address.

use crate::interp::{HandlerTable, MAX_HANDLERS, RowHandler};
use xenia_isa::Instruction;

/// Size of the hash table from addresses to numbers.
const SLOTS: usize = 4 * MAX_HANDLERS;

/// Handlers by number, in the order of their first use.
pub(super) struct HandlerNumbers {
    table: Box<HandlerTable>,
    /// Addresses of the handlers, by number.
    addresses: Vec<usize>,
    /// Open-addressing hash table from an address to 1 + its number.
    slots: Box<[u16]>,
}

impl HandlerNumbers {
    pub(super) fn new() -> Self {
        let none = crate::interp::handler_for(Instruction(0), 0).handler;
        let table = Box::new(HandlerTable([none; MAX_HANDLERS]));
        Self { table, addresses: Vec::new(), slots: vec![0; SLOTS].into() }
    }

    /// The number of `handler`.
    ///
    /// # Panics
    /// If there are more than [`MAX_HANDLERS`] handlers, which is a bug in the interpreter.
    pub(super) fn number(&mut self, handler: RowHandler) -> u16 {
        let address = handler as usize;
        // Most functions are aligned to 16 bytes.
        let mut slot = (address >> 4) % SLOTS;
        // Ends at a free slot: there are four times as many as numbers.
        while let Some(number) = self.slots[slot].checked_sub(1) {
            if self.addresses[usize::from(number)] == address {
                return number;
            }
            slot = (slot + 1) % SLOTS;
        }
        let number = self.addresses.len();
        assert!(number < MAX_HANDLERS, "more handlers than there is room for");
        self.table.0[number] = handler;
        self.addresses.push(address);
        self.slots[slot] = number as u16 + 1;
        number as u16
    }

    /// The handlers by number.
    #[inline(always)]
    pub(super) fn all(&self) -> &HandlerTable {
        &self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::testing::random;
    use crate::interp::{handler_for, pair_of};
    use std::ptr::fn_addr_eq;
    use xenia_isa::Op;

    #[test]
    fn each_handler_has_one_number_and_all_have_room() {
        let mut numbers = HandlerNumbers::new();
        let mut random = random();
        let mut words = Vec::new();
        for op in Op::all() {
            words.extend((0..64).map(|_| Instruction(op.row().bits | random() as u32 & !op.row().mask)));
        }
        let handlers = words.iter().map(|&i| handler_for(i, u64::MAX).handler);
        let pairs = words.windows(2).filter_map(|two| pair_of(two[0], two[1]));
        let mut most = 0;
        for handler in handlers.chain(pairs) {
            let number = numbers.number(handler);
            assert_eq!(numbers.number(handler), number);
            assert!(fn_addr_eq(numbers.all().0[usize::from(number)], handler));
            most = most.max(number);
        }
        assert!(most > 100, "{most} handlers");
    }
}
