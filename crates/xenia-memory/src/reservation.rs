//! `lwarx` reservations shared by all hardware threads.
//!
//! 4096 banks of 8 bytes; a 128-byte line has one bank, found by its low number bits. A bank packs
//!
//! ```text
//! 63      38 37  32 31           0
//! [line tag | holders | generation ]
//! ```
//!
//! Several hardware threads may hold one line, as on the hardware: were there one holder only, threads
//! that poll with `lwarx` would starve the one that commits. A commit or a foreign write ends all
//! holders and moves the generation. Lines that share a bank evict each other, which a guest sees as
//! a reservation lost for no reason: allowed by the architecture.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use xenia_guest::{GuestAddr, HW_THREADS, RESERVATION_LINE};

const BANKS: usize = 4096;
const LINE_SHIFT: u32 = RESERVATION_LINE.trailing_zeros();
/// Hardware threads that the table tells apart.
pub const HOLDERS: u8 = HW_THREADS as u8;

/// One bank's contents, unpacked.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Bank {
    line: u32,
    holders: u8,
    generation: u32,
}

impl Bank {
    fn unpack(word: u64) -> Self {
        Self { line: (word >> 38) as u32, holders: (word >> 32) as u8 & 0x3F, generation: word as u32 }
    }

    fn pack(self) -> u64 {
        u64::from(self.line) << 38 | u64::from(self.holders) << 32 | u64::from(self.generation)
    }
}

/// The table; see the module's description.
pub struct ReservationTable {
    banks: Box<[AtomicU64]>,
    /// Line + 1 that each hardware thread reserved last; 0 is none.
    last: [AtomicU32; HOLDERS as usize],
    /// Banks that have holders.
    active: AtomicU32,
}

fn line_of(addr: GuestAddr) -> u32 {
    addr.0 >> LINE_SHIFT
}

impl ReservationTable {
    pub(crate) fn new() -> Self {
        Self {
            banks: (0..BANKS).map(|_| AtomicU64::new(0)).collect(),
            last: Default::default(),
            active: AtomicU32::new(0),
        }
    }

    /// Changes a line's bank by `f` until it succeeds, or `f` says no. Returns what was there.
    fn update(&self, line: u32, mut f: impl FnMut(Bank) -> Option<Bank>) -> Result<Bank, Bank> {
        let bank = &self.banks[line as usize % BANKS];
        let mut word = bank.load(Acquire);
        loop {
            let old = Bank::unpack(word);
            let Some(new) = f(old) else { return Err(old) };
            match bank.compare_exchange_weak(word, new.pack(), AcqRel, Acquire) {
                Ok(_) => {
                    match (old.holders != 0, new.holders != 0) {
                        (false, true) => _ = self.active.fetch_add(1, Relaxed),
                        (true, false) => _ = self.active.fetch_sub(1, Relaxed),
                        _ => {}
                    }
                    return Ok(old);
                }
                Err(found) => word = found,
            }
        }
    }

    /// Reserves the line of `addr` for hardware thread `hw_id` (taken modulo [`HOLDERS`]), which
    /// gives up the line it held before. Returns the generation to commit with. Call it *before*
    /// loading the word.
    pub fn reserve(&self, addr: GuestAddr, hw_id: u8) -> u32 {
        let hw_id = hw_id % HOLDERS;
        let line = line_of(addr);
        let before = self.last[hw_id as usize].swap(line + 1, Relaxed);
        if before != 0 && before != line + 1 {
            self.drop_holder(before - 1, hw_id);
        }
        let mut generation = 0;
        let bit = 1 << hw_id;
        let _ = self.update(line, |bank| {
            let new = if bank.line == line && bank.holders != 0 {
                Bank { holders: bank.holders | bit, ..bank }
            } else {
                Bank { line, holders: bit, generation: bank.generation.wrapping_add(1) }
            };
            generation = new.generation;
            Some(new)
        });
        generation
    }

    /// Ends the reservation of `hw_id` on the line of `addr` if it stands since `generation`, and
    /// with it all other holders'. True if it stood: the caller then stores by a compare-exchange
    /// with the value that it had loaded. Either way `hw_id` holds nothing afterwards.
    pub fn try_commit(&self, addr: GuestAddr, generation: u32, hw_id: u8) -> bool {
        let hw_id = hw_id % HOLDERS;
        let line = line_of(addr);
        let before = self.last[hw_id as usize].swap(0, Relaxed);
        let committed = self
            .update(line, |bank| {
                let holds = bank.line == line && bank.holders >> hw_id & 1 != 0;
                let stands = holds && bank.generation == generation;
                stands.then_some(Bank { holders: 0, generation: generation.wrapping_add(1), ..bank })
            })
            .is_ok();
        if before != 0 && (!committed || before != line + 1) {
            self.drop_holder(before - 1, hw_id);
        }
        committed
    }

    /// Gives up whatever `hw_id` holds: a thread switch, or a store-conditional to another line.
    pub fn release(&self, hw_id: u8) {
        let hw_id = hw_id % HOLDERS;
        let before = self.last[hw_id as usize].swap(0, Relaxed);
        if before != 0 {
            self.drop_holder(before - 1, hw_id);
        }
    }

    fn drop_holder(&self, line: u32, hw_id: u8) {
        let _ = self.update(line, |bank| {
            let holds = bank.line == line && bank.holders >> hw_id & 1 != 0;
            holds.then_some(Bank { holders: bank.holders & !(1 << hw_id), ..bank })
        });
    }

    /// Ends all reservations of the line of `addr`: somebody without a reservation wrote to it.
    /// Call it *after* the write.
    pub fn invalidate_for_write(&self, addr: GuestAddr) {
        let line = line_of(addr);
        let _ = self.update(line, |bank| {
            let held = bank.line == line && bank.holders != 0;
            held.then_some(Bank { holders: 0, generation: bank.generation.wrapping_add(1), ..bank })
        });
    }

    /// Whether a conditional store of `hw_id` may go on: `held` is the address and generation of its reservation, if that is
    /// one for this store. Nothing is reserved any more afterwards.
    pub fn claim(&self, held: Option<(GuestAddr, u32)>, hw_id: u8) -> bool {
        if let Some((addr, generation)) = held {
            return self.try_commit(addr, generation, hw_id);
        }
        self.release(hw_id);
        false
    }

    /// A plain store of `size` bytes at `addr` by `hw_id`, where plain stores count (`strict`): ends what others hold of
    /// its lines. `own` is the address and generation of its own reservation, if it has one, which survives if it stood, with
    /// a new generation. Call it *after* the store.
    pub fn stored(&self, addr: GuestAddr, size: u32, hw_id: u8, own: Option<(GuestAddr, &mut u32)>) {
        if size == 0 || !self.has_active_reservers() {
            return;
        }
        let (mut line, last) = (line_of(addr), line_of(addr.offset(size - 1)));
        let (own_line, mut generation) = own.map_or((None, None), |(at, g)| (Some(line_of(at)), Some(g)));
        loop {
            let at = GuestAddr(line << LINE_SHIFT);
            match &mut generation {
                // Committing ends the other holders; if it stood, it is made anew.
                Some(generation) if own_line == Some(line) && self.try_commit(at, **generation, hw_id) => {
                    **generation = self.reserve(at, hw_id);
                }
                _ => self.invalidate_for_write(at),
            }
            if line == last {
                return;
            }
            line = line.wrapping_add(1) & (u32::MAX >> LINE_SHIFT);
        }
    }

    /// Whether any line is reserved at all; if not, writers need not look further.
    #[inline]
    pub fn has_active_reservers(&self) -> bool {
        self.active.load(Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: GuestAddr = GuestAddr(0x8234_5600);
    /// Same line as `A`.
    const A_TOO: GuestAddr = GuestAddr(0x8234_567C);
    const B: GuestAddr = GuestAddr(0x8234_5680);
    /// Same bank as `A`, another line.
    const COLLIDES: GuestAddr = GuestAddr(0x8234_5600 + 4096 * RESERVATION_LINE);

    #[test]
    fn a_reservation_commits_once() {
        let table = ReservationTable::new();
        assert!(!table.has_active_reservers());
        let generation = table.reserve(A, 0);
        assert!(table.has_active_reservers());
        assert!(table.try_commit(A_TOO, generation, 0), "the line counts, not the word");
        assert!(!table.try_commit(A, generation, 0));
        assert!(!table.has_active_reservers());
    }

    #[test]
    fn several_threads_hold_a_line_and_a_commit_ends_them_all() {
        let table = ReservationTable::new();
        let held: Vec<u32> = (0..HOLDERS).map(|hw| table.reserve(A, hw)).collect();
        assert!(table.try_commit(A, held[3], 3));
        for hw in 0..HOLDERS {
            assert!(!table.try_commit(A, held[hw as usize], hw), "{hw}");
        }
        // A new reservation of the same line is not confused with the ended ones.
        let again = table.reserve(A, 1);
        assert!(!table.try_commit(A, held[1], 1), "an old generation");
        let _ = again;
    }

    #[test]
    fn writes_to_the_line_end_it_and_others_do_not() {
        let table = ReservationTable::new();
        let generation = table.reserve(A, 2);
        table.invalidate_for_write(B);
        table.invalidate_for_write(COLLIDES);
        assert!(table.try_commit(A, generation, 2));
        let generation = table.reserve(A, 2);
        table.invalidate_for_write(A_TOO);
        assert!(!table.try_commit(A, generation, 2));
        assert!(!table.has_active_reservers());
    }

    #[test]
    fn colliding_lines_evict_each_other() {
        let table = ReservationTable::new();
        let first = table.reserve(A, 0);
        let second = table.reserve(COLLIDES, 1);
        assert!(!table.try_commit(A, first, 0));
        assert!(table.try_commit(COLLIDES, second, 1));
    }

    #[test]
    fn a_strict_store_ends_all_but_its_own_reservation_on_every_line_that_it_touches() {
        let table = ReservationTable::new();
        let next = GuestAddr(A.0 + RESERVATION_LINE);
        let mut own = table.reserve(A, 0);
        let others = [table.reserve(A, 1), table.reserve(next, 2)];
        table.stored(GuestAddr(next.0 - 2), 4, 0, Some((A, &mut own)));
        assert!(table.claim(Some((A, own)), 0), "with its new generation");
        assert!(!table.claim(Some((A, others[0])), 1) && !table.claim(Some((next, others[1])), 2));
        let held = table.reserve(A, 1);
        table.stored(A, 0, 0, None);
        assert!(table.claim(Some((A, held)), 1), "nothing was stored");
        table.reserve(A, 1);
        assert!(!table.claim(None, 1));
        assert!(!table.has_active_reservers(), "given up");
    }

    #[test]
    fn a_thread_holds_one_line_at_a_time() {
        let table = ReservationTable::new();
        let first = table.reserve(A, 0);
        let second = table.reserve(B, 0);
        assert!(!table.try_commit(A, first, 0), "given up by the second reservation");
        let _ = second;
        let generation = table.reserve(A, 0);
        table.release(0);
        assert!(!table.has_active_reservers());
        assert!(!table.try_commit(A, generation, 0));
    }

    #[test]
    fn the_whole_address_fits_into_a_bank() {
        let table = ReservationTable::new();
        for addr in [0, 0x7F, 0xFFFF_FF80, 0xFFFF_FFFF] {
            let generation = table.reserve(GuestAddr(addr), 5);
            assert!(table.try_commit(GuestAddr(addr), generation, 5), "{addr:#x}");
        }
        let bank = Bank { line: 0x1FF_FFFF, holders: 0x3F, generation: u32::MAX };
        assert!(Bank::unpack(bank.pack()) == bank);
    }
}
