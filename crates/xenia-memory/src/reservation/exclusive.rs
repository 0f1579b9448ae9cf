//! Exclusive ownership of banks: makes a reservation check and a store one atomic step.
//!
//! A conditional store compares with the reserved value, and comparing values cannot detect a value
//! that changed and changed back (ABA). If a second conditional store could run between the check
//! of the reservation and the store, both could succeed, and a lock-free list that relies on
//! reservations would break. So a conditional store owns the bank exclusively from the check to the
//! store. With strict reservations, so does every other store, from before the store until other
//! threads' reservations have ended. Other threads wait for the bank, which takes a few
//! instructions unless the host preempts the owner.
//!
//! - Two banks (a store across two lines) are taken in ascending order.
//! - An owner waits only for things that the fault handler waits for, too, and the fault handler
//!   needs no bank.

use super::atomic::{AtomicU64, BANKS, SPINS, spin_loop, yield_now};
use super::{BUSY, Bank, HOLDERS, LINE_SHIFT, LINES, ReservationTable, line_of};
use std::sync::atomic::Ordering::*;
use xenia_guest::{GuestAddr, RESERVATION_LINE};

/// Waits until a bank is free; returns its contents.
#[cold]
pub(super) fn wait(bank: &AtomicU64) -> u64 {
    let mut spins_left = SPINS;
    loop {
        let word = bank.load(Acquire);
        if word & BUSY == 0 {
            return word;
        }
        if spins_left > 0 {
            spins_left -= 1;
            spin_loop();
        } else {
            yield_now();
        }
    }
}

/// Exclusive ownership of one or two banks; must be released by [`ReservationTable::end_store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Exclusive {
    first: u32,
    last: u32,
}

impl Exclusive {
    /// The lines in the order of their banks.
    fn lines(self) -> impl DoubleEndedIterator<Item = u32> {
        let Self { first, last } = self;
        // The second line has the lower bank where the banks begin again.
        let swap = last as usize % BANKS < first as usize % BANKS;
        let (low, high) = if swap { (last, first) } else { (first, last) };
        [Some(low), (low != high).then_some(high)].into_iter().flatten()
    }
}

impl ReservationTable {
    /// Whether plain stores end reservations.
    #[inline]
    pub fn is_strict(&self) -> bool {
        self.strict.load(Relaxed)
    }

    /// Makes plain stores end reservations from now on. Engines call it before they run, because
    /// all engines of a machine must agree.
    pub fn set_strict(&self) {
        self.set_used();
        self.strict.store(true, Relaxed);
    }

    /// Takes the bank of `line` if `f` accepts its contents.
    fn take(&self, line: u32, f: impl Fn(Bank) -> bool) -> bool {
        let bank = &self.banks[line as usize % BANKS];
        // Relaxed: a bank that is refused orders nothing, and the exchange acquires one that is
        // taken.
        let mut word = bank.load(Relaxed);
        loop {
            if word & BUSY != 0 {
                word = wait(bank);
            }
            if !f(Bank::unpack(word)) {
                return false;
            }
            match bank.compare_exchange_weak(word, word | BUSY, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
    }

    /// Releases the bank of `line` with the contents that `f` returns.
    fn release_bank(&self, line: u32, f: impl FnOnce(Bank) -> Bank) {
        let bank = &self.banks[line as usize % BANKS];
        // Relaxed suffices: only the owner changes a bank that is taken.
        let new = f(Bank::unpack(bank.load(Relaxed)));
        bank.store(new.pack(), Release);
    }

    /// Takes the banks of the lines that a store of `size` bytes at `addr` touches: at most two.
    pub fn begin_store(&self, addr: GuestAddr, size: u32) -> Exclusive {
        let size = size.clamp(1, RESERVATION_LINE);
        let taken = Exclusive { first: line_of(addr), last: line_of(addr.offset(size - 1)) };
        for line in taken.lines() {
            self.take(line, |_| true);
        }
        taken
    }

    /// Releases the banks after `hw_id` has made the store, or not: ends other threads'
    /// reservations of its lines. `own` is the address and generation of its own reservation, if it
    /// has one; that reservation stays, perhaps with a new generation.
    pub fn end_store(&self, taken: Exclusive, hw_id: u8, own: Option<(GuestAddr, &mut u32)>) {
        let own_bit = 1 << (hw_id % HOLDERS);
        let (own_line, mut generation) = own.map_or((None, None), |(at, g)| (Some(line_of(at)), Some(g)));
        for line in taken.lines().rev() {
            self.release_bank(line, |bank| {
                if bank.line != line || bank.holders & !own_bit == 0 {
                    return bank;
                }
                let new = bank.generation.wrapping_add(1);
                let mut holders = 0;
                if let Some(held) = &mut generation
                    && own_line == Some(line)
                    && bank.holders & own_bit != 0
                    && **held == bank.generation
                {
                    holders = own_bit;
                    **held = new;
                }
                Bank { holders, generation: new, ..bank }
            });
        }
    }

    /// A write by the machine, made by `write`: ends all reservations of its lines, atomically with
    /// the write if it is no longer than a line.
    pub(crate) fn write_strictly<R>(&self, addr: GuestAddr, len: u32, write: impl FnOnce() -> R) -> R {
        let taken = self.begin_store(addr, len);
        let result = write();
        for line in taken.lines().rev() {
            self.release_bank(line, |bank| {
                let held = bank.line == line && bank.holders != 0;
                let generation = bank.generation.wrapping_add(u32::from(held));
                Bank { holders: if held { 0 } else { bank.holders }, generation, ..bank }
            });
        }
        result
    }

    /// A conditional store by `hw_id`, made by `store` if its reservation is valid. `held` is the
    /// address and generation of the reservation, if it has one for this store. A store that is
    /// made ends all reservations of the line; `hw_id` holds none afterwards in any case. Returns
    /// the result of `store`; `None` if it was not called.
    pub fn commit<R>(
        &self,
        held: Option<(GuestAddr, u32)>,
        hw_id: u8,
        store: impl FnOnce() -> R,
    ) -> Option<R> {
        let hw_id = hw_id % HOLDERS;
        let stored = held.and_then(|(addr, generation)| {
            let line = line_of(addr);
            let stands = |bank: Bank| {
                bank.line == line && bank.holders >> hw_id & 1 != 0 && bank.generation == generation
            };
            if !self.take(line, stands) {
                return None;
            }
            let result = store();
            self.release_bank(line, |bank| Bank {
                holders: 0,
                generation: bank.generation.wrapping_add(1),
                ..bank
            });
            Some((line, result))
        });
        match stored {
            // `last` only says what may be held, and the bank no longer names this thread: it may
            // stay.
            Some((line, result)) if self.own[hw_id as usize].last.load(Relaxed) == line + 1 => Some(result),
            other => {
                self.release(hw_id);
                other.map(|(_, result)| result)
            }
        }
    }
}

// The line's tag has bits 38 to 62, below the flag of ownership.
const _: () = assert!(LINES == u32::MAX >> LINE_SHIFT && (LINES as u64) << 38 & BUSY == 0);

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;
    use std::thread;

    const A: GuestAddr = GuestAddr(0x8234_5600);
    const NEXT: GuestAddr = GuestAddr(A.0 + RESERVATION_LINE);

    fn commits(table: &ReservationTable, addr: GuestAddr, generation: u32, hw_id: u8) -> bool {
        table.commit(Some((addr, generation)), hw_id, || ()).is_some()
    }

    fn store(
        table: &ReservationTable,
        addr: GuestAddr,
        size: u32,
        hw: u8,
        own: Option<(GuestAddr, &mut u32)>,
    ) {
        let taken = table.begin_store(addr, size);
        table.end_store(taken, hw, own);
    }

    #[test]
    fn a_strict_store_ends_all_but_its_own_reservation_on_every_line_that_it_touches() {
        let table = ReservationTable::new();
        let mut own = table.reserve(A, 0);
        let others = [table.reserve(A, 1), table.reserve(NEXT, 2)];
        store(&table, GuestAddr(NEXT.0 - 2), 4, 0, Some((A, &mut own)));
        assert!(commits(&table, A, own, 0), "with its new generation");
        assert!(!commits(&table, A, others[0], 1) && !commits(&table, NEXT, others[1], 2));
        let held = table.reserve(A, 1);
        store(&table, NEXT, 4, 0, None);
        assert!(commits(&table, A, held, 1), "another line");
        // Across the end of the address space, and across the end of the banks.
        for at in [u32::MAX, 0x8238_0000 - 1] {
            let held = table.reserve(GuestAddr(at.wrapping_add(1)), 1);
            store(&table, GuestAddr(at), 2, 0, None);
            assert!(!commits(&table, GuestAddr(at.wrapping_add(1)), held, 1), "{at:#x}");
        }
        table.reserve(A, 1);
        assert!(table.commit(None, 1, || ()).is_none());
        assert!(!table.has_active_reservers(), "given up");
    }

    #[test]
    fn a_commit_has_the_line_to_itself_and_ends_all() {
        let table = ReservationTable::new();
        let held = [0, 1].map(|hw| table.reserve(A, hw));
        let commit = |hw: u8| table.commit(Some((A, held[hw as usize])), hw, || hw);
        thread::scope(|scope| {
            let mut other = None;
            let first = table.commit(Some((A, held[0])), 0, || {
                let second = other.insert(scope.spawn(|| commit(1)));
                thread::sleep(std::time::Duration::from_millis(5));
                second.is_finished()
            });
            assert_eq!(first, Some(false), "the other waits");
            assert_eq!(other.unwrap().join().unwrap(), None, "and is too late");
        });
        assert_eq!(table.commit(None, 0, || ()), None);
        assert!(!table.has_active_reservers());
        let held = table.reserve(A, 3);
        assert_eq!(table.write_strictly(A, 4, || 7), 7);
        assert_eq!(table.commit(Some((A, held)), 3, || ()), None);
    }

    /// One thread stores the value that memory already holds, and counts its stores; other threads
    /// reserve, and read the count on both sides of the conditional store. No conditional store may
    /// succeed with a plain store known to lie in between.
    #[test]
    fn no_store_comes_between_a_reservation_and_its_conditional_store() {
        let table = ReservationTable::new();
        let stores = AtomicU64::new(0);
        let stop = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                while !stop.load(Relaxed) {
                    let taken = table.begin_store(A, 4);
                    stores.fetch_add(1, SeqCst);
                    table.end_store(taken, 0, None);
                    spin_loop();
                }
            });
            let readers: Vec<_> = (1..3)
                .map(|hw| {
                    let table = &table;
                    let stores = &stores;
                    scope.spawn(move || {
                        let mut committed = 0;
                        for _ in 0..100_000 {
                            let held = table.reserve(A, hw);
                            let before = stores.load(SeqCst);
                            if let Some(now) = table.commit(Some((A, held)), hw, || stores.load(SeqCst)) {
                                assert_eq!(now, before);
                                committed += 1;
                            }
                        }
                        committed
                    })
                })
                .collect();
            let committed: u32 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
            stop.store(true, Relaxed);
            writer.join().unwrap();
            assert!(committed > 0);
        });
        assert!(!table.has_active_reservers());
    }
}
