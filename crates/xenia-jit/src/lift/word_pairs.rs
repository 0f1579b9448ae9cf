//! Doubles that a block stores as two words and loads at once: how 32-bit code makes a double of an
//! integer.
//!
//! The host forwards a store to a load only if the store covers it; a load of eight bytes behind
//! two stores of four waits until both have left for the cache, a dozen cycles. Such a double is
//! loaded as two words. Where nothing stores between, the value is the same, so all that is kept
//! here is a guess, made from the instructions' fields.
//!
//! Another hardware thread may store between, all eight bytes at once, and an aligned double is one
//! access (PowerISA 2.02 book II, 1.4). So where threads run at once, only what lies on the stack
//! is guessed, where compilers put such doubles.

use super::Lifter;
use super::place::Place;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_cpu::ReservationMode;
use xenia_isa::Instruction;

/// Where words were stored last: RA and displacement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StoredWords {
    places: [Option<(usize, i64)>; 4],
    next: usize,
}

impl StoredWords {
    /// `stw`.
    pub(super) fn note(&mut self, i: Instruction) {
        if let Some(place) = self.places.get_mut(self.next) {
            *place = Some((i.ra(), i.disp()));
        }
        self.next = (self.next + 1) % self.places.len();
    }

    /// Whether both words of what `lfd` loads were stored.
    fn has_both(self, i: Instruction) -> bool {
        [0, 4].iter().all(|half| self.places.contains(&Some((i.ra(), i.disp() + half))))
    }
}

/// The stack pointer.
const R1: usize = 1;

impl Lifter<'_> {
    /// What `lfd` loads, its bits.
    pub(super) fn load_doubleword(&mut self, i: Instruction, place: Place) -> Value {
        let is_alone = self.config.reservations == ReservationMode::Context || i.ra() == R1;
        if !is_alone || !self.stored_words.has_both(i) {
            return self.load_big(types::I64, place);
        }
        let high = self.load_big(types::I32, place);
        let low = self.load_big(types::I32, Place { displacement: place.displacement + 4, ..place });
        let [high, low] = [high, low].map(|half| self.b.ins().uextend(types::I64, half));
        let high = self.b.ins().ishl_imm_s(high, 32);
        self.b.ins().bor(high, low)
    }
}
