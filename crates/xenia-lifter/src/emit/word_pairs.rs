//! Store-forwarding heuristic: doubles that a block stores as two words and loads as one, as 32-bit
//! code does to convert an integer to a double.
//!
//! The host forwards a store to a load only if the store covers the load. A load of eight bytes
//! after two stores of four waits until both have reached the cache, a dozen cycles. Such a double
//! is therefore loaded as two words. The value is the same unless another store intervenes, so a
//! guess from the instructions' fields is sufficient.
//!
//! Another hardware thread may store all eight bytes in between, and an access to an aligned double
//! is atomic (PowerISA 2.02 book II, 1.4). If threads run in parallel, only doubles on the stack
//! are guessed, where compilers put them.

use super::Lifter;
use super::place::AddressOperand;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_cpu::ReservationMode;
use xenia_isa::Instruction;

/// The last stored words: RA and displacement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StoredWords {
    places: [Option<(usize, i64)>; 4],
    next: usize,
}

impl StoredWords {
    /// Records an `stw`.
    pub(super) fn note(&mut self, i: Instruction) {
        if let Some(place) = self.places.get_mut(self.next) {
            *place = Some((i.ra(), i.disp()));
        }
        self.next = (self.next + 1) % self.places.len();
    }

    /// Whether both words of the double that `lfd` loads were stored.
    fn has_both(self, i: Instruction) -> bool {
        [0, 4].iter().all(|half| self.places.contains(&Some((i.ra(), i.disp() + half))))
    }
}

/// The stack pointer.
const R1: usize = 1;

impl Lifter<'_> {
    /// Loads the bits of the double for an `lfd`.
    pub(super) fn load_doubleword(&mut self, i: Instruction, place: AddressOperand) -> Value {
        let is_alone = self.config.reservations == ReservationMode::Context || i.ra() == R1;
        if !is_alone || !self.state.stored_words.has_both(i) {
            return self.load_big(types::I64, place);
        }
        let high = self.load_big(types::I32, place);
        let low = self.load_big(types::I32, place.offset(4));
        let [high, low] = [high, low].map(|half| self.b.ins().uextend(types::I64, half));
        let high = self.b.ins().ishl_imm_s(high, 32);
        self.b.ins().bor(high, low)
    }
}
