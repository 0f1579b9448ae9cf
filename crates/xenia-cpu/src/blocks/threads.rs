//! Numbering of thread functions: a number takes less space in an entry than an address.

use crate::interp::{HandlerTable, THREADS, Thread};
use xenia_isa::Instruction;

/// Size of the hash table from addresses to numbers.
const PLACES: usize = 4 * THREADS;

/// Threads by number, in the order of their first use.
pub(super) struct Numbered {
    threads: Box<HandlerTable>,
    /// Addresses of the threads, by number.
    addresses: Vec<usize>,
    /// Open-addressing hash table from an address to 1 + its number.
    places: Box<[u16]>,
}

impl Numbered {
    pub(super) fn new() -> Self {
        let none = crate::interp::thread_of(Instruction(0), 0).0;
        let threads = Box::new(HandlerTable([none; THREADS]));
        Self { threads, addresses: Vec::new(), places: vec![0; PLACES].into() }
    }

    /// The number of `thread`.
    ///
    /// # Panics
    /// If there are more than [`THREADS`] threads, which is a bug in the interpreter.
    pub(super) fn number(&mut self, thread: Thread) -> u16 {
        let address = thread as usize;
        let mut place = (address >> 4) % PLACES;
        while let Some(number) = self.places[place].checked_sub(1) {
            if self.addresses[usize::from(number)] == address {
                return number;
            }
            place = (place + 1) % PLACES;
        }
        let number = self.addresses.len();
        assert!(number < THREADS, "more threads than there is room for");
        self.threads.0[number] = thread;
        self.addresses.push(address);
        self.places[place] = number as u16 + 1;
        number as u16
    }

    /// The threads by number.
    #[inline(always)]
    pub(super) fn all(&self) -> &HandlerTable {
        &self.threads
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::testing::random;
    use crate::interp::{pair_of, thread_of};
    use std::ptr::fn_addr_eq;
    use xenia_isa::Op;

    #[test]
    fn each_thread_has_one_number_and_all_have_room() {
        let mut numbered = Numbered::new();
        let mut random = random();
        let mut words = Vec::new();
        for op in Op::all() {
            words.extend((0..64).map(|_| Instruction(op.row().bits | random() as u32 & !op.row().mask)));
        }
        let threads = words.iter().map(|&i| thread_of(i, u64::MAX).0);
        let pairs = words.windows(2).filter_map(|two| pair_of(two[0], two[1]));
        let mut most = 0;
        for thread in threads.chain(pairs) {
            let number = numbered.number(thread);
            assert_eq!(numbered.number(thread), number);
            assert!(fn_addr_eq(numbered.all().0[usize::from(number)], thread));
            most = most.max(number);
        }
        assert!(most > 100, "{most} threads");
    }
}
