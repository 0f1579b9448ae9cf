//! Comparisons with registers and memory: waits, conditional writes, conditional execution.
//!
//! Invariant: a wait that suspended the processor drops the prefetched words when it ends, because
//! the code that ended it may have written the packets that follow. So does a wait on memory that
//! holds at once, while guest code runs concurrently.

use super::super::{CommandProcessor, cost};
use crate::memory::PHYSICAL_SIZE;
use crate::registers::{Register, cp, dc};

/// Comparison with a register or a word of memory: the first words of `WAIT_REG_MEM` and
/// `COND_WRITE`.
#[derive(Clone, Copy)]
pub(in super::super) struct Wait {
    info: u32,
    address: u32,
    reference: u32,
    mask: u32,
}

/// Comparison codes of "equal" and "at least" in [`Wait`].
pub(super) const EQUAL: u32 = 3;
pub(super) const AT_LEAST: u32 = 5;

impl Wait {
    pub(in super::super) fn new(body: &[u32]) -> Self {
        Self { info: body[0], address: body[1], reference: body[2], mask: body[3] }
    }

    /// Words from which [`Wait::new`] recreates the comparison.
    pub(in super::super) fn words(self) -> [u32; 4] {
        [self.info, self.address, self.reference, self.mask]
    }

    fn is_memory(self) -> bool {
        self.info & 0x10 != 0
    }

    /// Whether the operand is the display's line counter.
    pub(in super::super) fn on_line_counter(self) -> bool {
        !self.is_memory() && self.address == dc::D1MODE_V_COUNTER
    }

    /// Whether the comparison holds for a value.
    pub(in super::super) fn holds(self, value: u32) -> bool {
        let value = value & self.mask;
        let reference = self.reference;
        match self.info & 7 {
            0 => false,
            1 => value < reference,
            2 => value <= reference,
            EQUAL => value == reference,
            4 => value != reference,
            AT_LEAST => value >= reference,
            6 => value > reference,
            _ => true,
        }
    }
}

impl CommandProcessor {
    /// Reads the operand of a comparison at guest time `now`.
    fn read_operand(&mut self, wait: Wait, now: u64) -> u32 {
        if wait.is_memory() {
            return self.read_memory(wait.address);
        }
        match wait.address {
            // A flush completes at the first poll: nothing is cached between packets.
            cp::CoherStatusHost::INDEX => {
                let value = self.registers.get(wait.address) & !(1 << 31);
                self.registers.set(wait.address, value);
                value
            }
            dc::D1MODE_V_COUNTER => {
                self.display.refresh(&mut self.registers, now);
                self.registers.get(wait.address)
            }
            index => self.read_register(index),
        }
    }

    /// Whether the processor waits for the display's line counter.
    pub(in super::super) fn waits_for_line(&self) -> bool {
        self.waiting.is_some_and(Wait::on_line_counter)
    }

    /// Polls the condition that the processor waits for.
    pub(in super::super) fn poll(&mut self, now: u64) {
        if let Some(wait) = self.waiting {
            self.last_poll = now;
            let value = self.read_operand(wait, now);
            if wait.holds(value) {
                self.waiting = None;
                self.feed.clear();
                self.cycles = self.cycles.max(cost::cycles_at(now));
            }
        }
    }

    /// Whether a packet's comparison holds now.
    pub(super) fn holds_now(&mut self, wait: Wait) -> bool {
        let value = self.read_operand(wait, cost::ticks(self.cycles));
        wait.holds(value)
    }

    /// Suspends the processor unless the comparison holds.
    pub(super) fn wait_for(&mut self, wait: Wait) {
        if !self.holds_now(wait) {
            self.last_poll = cost::ticks(self.cycles);
            self.waiting = Some(wait);
        } else if wait.is_memory() && self.config.concurrent {
            // The following words may have been read before they were written.
            self.feed.clear();
        }
    }

    /// `WAIT_REG_EQ` and `WAIT_REG_GTE`: register, reference, mask, interval.
    pub(super) fn wait_for_register(&mut self, body: &[u32], comparison: u32) {
        self.wait_for(Wait::new(&[comparison, body[0], body[1], body[2]]));
    }

    /// `COND_EXEC`: skips following words unless the word at the first address is not zero and the
    /// word at the second is less than the reference. The body has the two word addresses, the
    /// reference and the number of words to skip.
    ///
    /// The layout and the signed comparison follow drivers of chips of the same family. Unsure: the
    /// addresses have no bits for the byte order; it is taken to be the stream's.
    pub(super) fn skip_unless(&mut self, body: &[u32]) {
        let mut word = |address: u32| {
            let physical = (address << 2) & (PHYSICAL_SIZE - 1);
            self.reach(physical, 4);
            self.memory.read_u32(physical)
        };
        if word(body[0]) == 0 || word(body[1]) as i32 >= body[2] as i32 {
            self.feed.skip(body[3]);
        }
    }
}
