//! `lwarx` reservations shared by all hardware threads.
//!
//! 4096 banks of 8 bytes; the low bits of a 128-byte line's number select its bank. A bank packs
//!
//! ```text
//! 63      38 37  32 31           0
//! [line tag | holders | generation ]   bit 63: one thread owns the bank (`exclusive.rs`)
//! ```
//!
//! Several hardware threads may hold one line, as on the hardware: with a single holder, threads
//! that poll with `lwarx` would starve the one that commits. A commit or a foreign write ends all
//! holders and advances the generation. Lines that share a bank evict each other, which a guest
//! sees as a spuriously lost reservation: the architecture allows that.
//!
//! A load-and-reserve and a conditional store each change one bank, atomically, and no other data
//! that another thread writes, as long as a hardware thread stays with its line. A hardware thread
//! is one host thread at a time.

mod atomic;
mod exclusive;
#[cfg(all(test, feature = "model"))]
mod models;

pub use exclusive::Exclusive;

use atomic::{AtomicBool, AtomicU32, AtomicU64, BANKS, fence_after_update};
use std::sync::atomic::Ordering::*;
use xenia_guest::{GuestAddr, HW_THREADS, RESERVATION_LINE};

/// Writes of up to this many lines check each line's bank unconditionally.
const FEW_LINES: u32 = 8;
const LINE_SHIFT: u32 = RESERVATION_LINE.trailing_zeros();
/// Number of hardware threads that the table distinguishes.
pub const HOLDERS: u8 = HW_THREADS as u8;

/// The highest line.
const LINES: u32 = u32::MAX >> LINE_SHIFT;
/// Bank flag: one thread owns the bank exclusively.
const BUSY: u64 = 1 << 63;

/// State that one hardware thread writes, on a separate cache line to avoid false sharing.
#[derive(Default)]
#[repr(align(128))]
struct Own {
    /// Line + 1 of its last reservation, which it may still hold; 0 is none.
    last: AtomicU32,
}

/// The unpacked contents of a bank.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Bank {
    line: u32,
    holders: u8,
    generation: u32,
}

impl Bank {
    fn unpack(word: u64) -> Self {
        Self {
            // The mask drops the flag of ownership.
            line: (word >> 38) as u32 & LINES,
            holders: (word >> 32) as u8 & 0x3F,
            generation: word as u32,
        }
    }

    fn pack(self) -> u64 {
        u64::from(self.line) << 38 | u64::from(self.holders) << 32 | u64::from(self.generation)
    }
}

/// Table of `lwarx` reservations, one bank per group of cache lines.
pub struct ReservationTable {
    banks: Box<[AtomicU64]>,
    own: [Own; HOLDERS as usize],
    /// Whether engines make reservations here.
    used: AtomicBool,
    /// Whether plain stores end reservations.
    strict: AtomicBool,
}

fn line_of(addr: GuestAddr) -> u32 {
    addr.0 >> LINE_SHIFT
}

impl ReservationTable {
    pub(crate) fn new() -> Self {
        Self {
            banks: (0..BANKS).map(|_| AtomicU64::new(0)).collect(),
            own: Default::default(),
            used: AtomicBool::new(false),
            strict: AtomicBool::new(false),
        }
    }

    /// Whether engines make reservations here. If not, writes by the machine have none to end, and
    /// need no fence.
    #[inline]
    pub(crate) fn are_used(&self) -> bool {
        self.used.load(Relaxed)
    }

    /// Makes writes by the machine end reservations from now on. Engines that call
    /// [`Self::reserve`] call this before they run.
    pub fn set_used(&self) {
        self.used.store(true, Relaxed);
    }

    /// Changes a line's bank by `f` until that succeeds, or `f` returns `None`. Returns the
    /// previous contents.
    fn update(&self, line: u32, mut f: impl FnMut(Bank) -> Option<Bank>) -> Result<Bank, Bank> {
        let bank = &self.banks[line as usize % BANKS];
        let mut word = bank.load(Acquire);
        loop {
            if word & BUSY != 0 {
                word = exclusive::wait(bank);
                continue;
            }
            let old = Bank::unpack(word);
            let Some(new) = f(old) else { return Err(old) };
            match bank.compare_exchange_weak(word, new.pack(), AcqRel, Acquire) {
                Ok(_) => return Ok(old),
                Err(found) => word = found,
            }
        }
    }

    /// Reserves the line of `addr` for hardware thread `hw_id` (taken modulo [`HOLDERS`]), which
    /// loses its previous reservation. Returns the generation to commit with. Call it *before*
    /// loading the word.
    pub fn reserve(&self, addr: GuestAddr, hw_id: u8) -> u32 {
        let hw_id = hw_id % HOLDERS;
        let line = line_of(addr);
        let last = &self.own[hw_id as usize].last;
        let before = last.load(Relaxed);
        if before != line + 1 {
            // Before the bank changes: `has_active_reservers` asks no bank but the one that this
            // names.
            last.store(line + 1, Relaxed);
            if before != 0 {
                self.drop_holder(before - 1, hw_id);
            }
        }
        let mut generation = 0;
        let bit = 1 << hw_id;
        let _ = self.update(line, |bank| {
            let new = if bank.line == line && bank.holders != 0 {
                // A joining holder keeps the generation, so the others' reservations stay valid.
                Bank { holders: bank.holders | bit, ..bank }
            } else {
                Bank { line, holders: bit, generation: bank.generation.wrapping_add(1) }
            };
            generation = new.generation;
            Some(new)
        });
        // Store-load order on both sides, so that one sees the other: the reservation is stored
        // before the load that follows; a writer stores its bytes before it reads the table.
        fence_after_update();
        generation
    }

    /// Ends the reservation of `hw_id`: at a thread switch, or at a store-conditional to another
    /// line.
    pub fn release(&self, hw_id: u8) {
        let hw_id = hw_id % HOLDERS;
        let last = &self.own[hw_id as usize].last;
        let before = last.load(Relaxed);
        if before != 0 {
            last.store(0, Relaxed);
            self.drop_holder(before - 1, hw_id);
        }
    }

    fn drop_holder(&self, line: u32, hw_id: u8) {
        let _ = self.update(line, |bank| {
            let holds = bank.line == line && bank.holders >> hw_id & 1 != 0;
            // The generation stays, because the other holders' reservations remain valid.
            holds.then_some(Bank { holders: bank.holders & !(1 << hw_id), ..bank })
        });
    }

    /// Ends all reservations of the line of `addr` after a write without a reservation. Call it
    /// *after* the write.
    pub fn invalidate_for_write(&self, addr: GuestAddr) {
        let line = line_of(addr);
        let _ = self.update(line, |bank| {
            let held = bank.line == line && bank.holders != 0;
            held.then_some(Bank { holders: 0, generation: bank.generation.wrapping_add(1), ..bank })
        });
    }

    /// Ends all reservations of the lines of `addr..addr + len`, like
    /// [`Self::invalidate_for_write`]. Call it after an atomic read-modify-write that follows the
    /// write.
    pub fn invalidate_range_for_write(&self, addr: GuestAddr, len: u32) {
        fence_after_update();
        // Checking a few banks costs less than checking the reservation of each hardware thread.
        if len == 0 || len > FEW_LINES * RESERVATION_LINE && !self.has_active_reservers() {
            return;
        }
        let mut line = line_of(addr);
        let last = line_of(addr.offset(len - 1));
        loop {
            self.invalidate_for_write(GuestAddr(line << LINE_SHIFT));
            if line == last {
                return;
            }
            // A range may continue at address 0.
            line = line.wrapping_add(1) & LINES;
        }
    }

    /// Whether any line is reserved.
    pub fn has_active_reservers(&self) -> bool {
        self.own.iter().enumerate().any(|(hw_id, own)| {
            let Some(line) = own.last.load(Relaxed).checked_sub(1) else { return false };
            let bank = Bank::unpack(self.banks[line as usize % BANKS].load(Relaxed));
            bank.line == line && bank.holders >> hw_id & 1 != 0
        })
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;

    const A: GuestAddr = GuestAddr(0x8234_5600);
    /// Same line as `A`.
    const A_TOO: GuestAddr = GuestAddr(0x8234_567C);
    const B: GuestAddr = GuestAddr(0x8234_5680);
    /// Same bank as `A`, another line.
    const COLLIDES: GuestAddr = GuestAddr(0x8234_5600 + 4096 * RESERVATION_LINE);

    fn commits(table: &ReservationTable, addr: GuestAddr, generation: u32, hw_id: u8) -> bool {
        table.commit(Some((addr, generation)), hw_id, || ()).is_some()
    }

    #[test]
    fn a_reservation_commits_once() {
        let table = ReservationTable::new();
        assert!(!table.has_active_reservers());
        let generation = table.reserve(A, 0);
        assert!(table.has_active_reservers());
        assert!(commits(&table, A_TOO, generation, 0), "the line counts, not the word");
        assert!(!commits(&table, A, generation, 0));
        assert!(!table.has_active_reservers());
    }

    #[test]
    fn several_threads_hold_a_line_and_a_commit_ends_them_all() {
        let table = ReservationTable::new();
        let held: Vec<u32> = (0..HOLDERS).map(|hw| table.reserve(A, hw)).collect();
        assert!(commits(&table, A, held[3], 3));
        for hw in 0..HOLDERS {
            assert!(!commits(&table, A, held[hw as usize], hw), "{hw}");
        }
        // A new reservation of the same line is distinct from the ended ones.
        let again = table.reserve(A, 1);
        assert!(!commits(&table, A, held[1], 1), "an old generation");
        let _ = again;
    }

    #[test]
    fn writes_to_the_line_end_it_and_others_do_not() {
        let table = ReservationTable::new();
        let generation = table.reserve(A, 2);
        table.invalidate_for_write(B);
        table.invalidate_for_write(COLLIDES);
        assert!(commits(&table, A, generation, 2));
        let generation = table.reserve(A, 2);
        table.invalidate_for_write(A_TOO);
        assert!(!commits(&table, A, generation, 2));
        assert!(!table.has_active_reservers());
    }

    #[test]
    fn colliding_lines_evict_each_other() {
        let table = ReservationTable::new();
        let first = table.reserve(A, 0);
        let second = table.reserve(COLLIDES, 1);
        assert!(!commits(&table, A, first, 0));
        assert!(commits(&table, COLLIDES, second, 1));
    }

    #[test]
    fn a_thread_holds_one_line_at_a_time() {
        let table = ReservationTable::new();
        let first = table.reserve(A, 0);
        let second = table.reserve(B, 0);
        assert!(!commits(&table, A, first, 0), "given up by the second reservation");
        let _ = second;
        let generation = table.reserve(A, 0);
        table.release(0);
        assert!(!table.has_active_reservers());
        assert!(!commits(&table, A, generation, 0));
    }

    #[test]
    fn the_whole_address_fits_into_a_bank() {
        let table = ReservationTable::new();
        for addr in [0, 0x7F, 0xFFFF_FF80, 0xFFFF_FFFF] {
            let generation = table.reserve(GuestAddr(addr), 5);
            assert!(commits(&table, GuestAddr(addr), generation, 5), "{addr:#x}");
        }
        let bank = Bank { line: 0x1FF_FFFF, holders: 0x3F, generation: u32::MAX };
        assert!(Bank::unpack(bank.pack()) == bank);
    }
}
