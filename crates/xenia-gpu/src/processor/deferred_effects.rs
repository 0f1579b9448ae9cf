//! Effects that wait for results of the backend, while later packets are executed.
//!
//! ```text
//!   report of samples, texels ──► queue ──► memory, events
//!   store, interrupt, swap ────────┘  if the queue is not empty
//! ```
//!
//! Guest code sees effects in the order of their packets: effects after a pending result wait for
//! it, too. They are carried out by any later pump, at the latest after [`MAX_BLANKS`] vertical
//! blanks. Packets and draws that read memory of a queued store wait for it.
//!
//! Only with guest code beside a pump, whose effects have no exact time ([`Config::concurrent`]).
//!
//! [`Config::concurrent`]: super::Config::concurrent

use std::collections::VecDeque;
use std::sync::Arc;

use super::{CommandProcessor, GpuEvent};
use crate::backend::{DevicePicture, PresentCall, QueryReports};
use crate::draw_state::{DrawCall, ResolveCall};
use crate::memory::{PHYSICAL_SIZE, PhysicalRange};
use crate::reference::Reference;
use crate::resolve::{ResolvedPixels, rectangle};
use xenia_guest::PAGE_SIZE;

/// Maximum number of queued effects; a further one waits for the oldest.
pub(super) const MAX_EFFECTS: usize = 4096;
/// Maximum delay of an effect in vertical blanks; then the processor waits for its result.
pub(super) const MAX_BLANKS: u64 = 2;
/// Maximum size in bytes of a queued store.
const MAX_STORE_SIZE: usize = 32;
/// log2 of the sizes of the blocks of memory by which effects and ranges are distinguished; 64 of
/// each size are a part of physical memory, or all of it.
const BLOCK_LOG2: [u32; 3] = [PAGE_SIZE.ilog2(), 17, (PHYSICAL_SIZE / 64).ilog2()];

/// Swap, with the parameters of its picture.
pub(super) struct Swap {
    pub(super) physical: u32,
    pub(super) call: PresentCall,
    /// Its picture, if that was made before the swap was queued.
    pub(super) picture: Option<Arc<dyn DevicePicture>>,
}

/// Effect of a packet that guest code can see.
pub(super) enum Effect {
    /// Report of sample counts to an address, once the result with this number is available.
    Report {
        number: u64,
        physical: u32,
    },
    /// Delivery of texels, with the number of the result.
    Delivery {
        number: u64,
    },
    /// Store of the first `length` bytes.
    Store {
        physical: u32,
        bytes: [u8; MAX_STORE_SIZE],
        length: u8,
    },
    Interrupt {
        cpu_mask: u32,
    },
    Swap(Box<Swap>),
}

impl Effect {
    /// Number of the backend's result that the effect needs.
    fn result(&self) -> Option<u64> {
        match self {
            Self::Report { number, .. } | Self::Delivery { number } => Some(*number),
            _ => None,
        }
    }

    /// Memory that the effect writes.
    fn memory(&self) -> Option<PhysicalRange> {
        match *self {
            Self::Report { physical, .. } => {
                Some(PhysicalRange { start: physical, length: MAX_STORE_SIZE as u32 })
            }
            Self::Store { physical, length, .. } => {
                Some(PhysicalRange { start: physical, length: u32::from(length) })
            }
            Self::Delivery { .. } | Self::Interrupt { .. } | Self::Swap(_) => None,
        }
    }
}

/// Effect that is queued.
struct QueuedEffect {
    /// Number of vertical blanks before it.
    vblanks: u64,
    effect: Effect,
}

/// Queue of effects.
#[derive(Default)]
pub(super) struct Late {
    queue: VecDeque<QueuedEffect>,
    /// Number of the last delivery.
    delivery: u64,
    /// [Blocks](blocks) of each size that the effects write.
    written: [u64; 3],
}

impl Late {
    /// Whether effects are queued.
    pub(super) fn has_effects(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether effects of the queue write to memory.
    pub(super) fn has_stores(&self) -> bool {
        self.written[0] != 0
    }

    /// Whether an effect of the queue writes to a range.
    pub(super) fn writes(&self, range: PhysicalRange) -> bool {
        let mut written = self.written.iter().zip(BLOCK_LOG2);
        if !self.has_stores() || written.any(|(written, log2)| written & blocks(range, log2) == 0) {
            return false;
        }
        let overlaps = |written: PhysicalRange| {
            // Ranges wrap around the end of memory, so only distances can be compared.
            let distance = |from: u32, to: u32| to.wrapping_sub(from) % PHYSICAL_SIZE;
            distance(range.start, written.start) < range.length
                || distance(written.start, range.start) < written.length
        };
        self.queue.iter().filter_map(|queued| queued.effect.memory()).any(overlaps)
    }
}

/// Blocks of a range, of one size, by their numbers modulo 64. Ranges that overlap have a block of
/// each size in common.
#[inline]
fn blocks(range: PhysicalRange, log2: u32) -> u64 {
    let first = (range.start % PHYSICAL_SIZE) >> log2;
    let within = u64::from(range.start) & ((1 << log2) - 1);
    let count = (within + u64::from(range.length) + (1 << log2) - 1) >> log2;
    if count >= 64 { u64::MAX } else { ((1_u64 << count) - 1).rotate_left(first % 64) }
}

impl CommandProcessor {
    /// Whether effects may wait for results. A trace has pumps without the code that runs beside
    /// them, so a recording is exact.
    pub(super) fn may_be_late(&self) -> bool {
        self.config.concurrent && self.recorder.is_none()
    }

    /// Sets when reports of sample counts are written, from the next one on.
    pub fn set_queries(&mut self, queries: QueryReports) {
        self.config.queries = queries;
    }

    /// Sets whether guest code may run during a pump, from the next one on.
    pub fn set_concurrent(&mut self, concurrent: bool) {
        self.finish_late();
        self.config.concurrent = concurrent;
    }

    /// Number of a report's result, if the report may be late.
    pub(super) fn late_report(&mut self) -> Option<u64> {
        let is_late = self.config.queries == QueryReports::Late && self.may_be_late();
        if is_late { self.backend.begin_samples() } else { None }
    }

    /// Queues the delivery of all texels that memory lacks; false if they can't be late.
    pub(super) fn deliver_late(&mut self) -> bool {
        let Some(number) = self.backend.begin_delivery(&*self.memory) else { return false };
        if number > self.late.delivery {
            self.late.delivery = number;
            self.effect(Effect::Delivery { number });
        }
        true
    }

    /// Carries an effect out, or queues it after a result that is still pending.
    pub(super) fn effect(&mut self, effect: Effect) {
        if self.late.queue.is_empty() && effect.result().is_none() {
            return self.carry_out(effect, 0);
        }
        if let Some(range) = effect.memory() {
            for (written, log2) in self.late.written.iter_mut().zip(BLOCK_LOG2) {
                *written |= blocks(range, log2);
            }
            // Prefetched words that it overwrites are read again, once it has been carried out.
            self.feed.note_write(range.start, range.length as usize);
        }
        self.late.queue.push_back(QueuedEffect { vblanks: self.statistics.vblanks, effect });
        if self.late.queue.len() > MAX_EFFECTS {
            self.run_oldest(true);
        }
    }

    /// Stores bytes after all earlier effects have been carried out.
    pub(super) fn store_in_order(&mut self, physical: u32, bytes: &[u8]) {
        // Too large for the queue: it waits for the earlier effects here.
        if bytes.len() > MAX_STORE_SIZE {
            self.finish_late();
        }
        if self.late.queue.is_empty() {
            return self.store_now(physical, bytes);
        }
        let mut kept = [0; MAX_STORE_SIZE];
        kept[..bytes.len()].copy_from_slice(bytes);
        self.effect(Effect::Store { physical, bytes: kept, length: bytes.len() as u8 });
    }

    /// Carries out the effects whose results are available.
    pub(super) fn poll_late(&mut self) {
        while let Some(oldest) = self.late.queue.front() {
            let is_due = self.statistics.vblanks - oldest.vblanks > MAX_BLANKS;
            if !self.run_oldest(is_due) {
                return;
            }
        }
    }

    /// Carries out the effects of packets that still wait for results; returns their events.
    pub fn finish(&mut self) -> Vec<GpuEvent> {
        self.finish_late();
        std::mem::take(&mut self.events)
    }

    /// Carries out all effects.
    pub(super) fn finish_late(&mut self) {
        while self.run_oldest(true) {}
    }

    /// Carries out the oldest effect, if any, once its result is available; waits for the result if
    /// `waits` is set.
    fn run_oldest(&mut self, waits: bool) -> bool {
        let Some(oldest) = self.late.queue.front() else { return false };
        let mut samples = 0;
        if let Some(number) = oldest.effect.result() {
            let result = if waits {
                Some(self.backend.wait_for_result(number, &*self.memory))
            } else {
                self.backend.poll_result(number, &*self.memory)
            };
            let Some(result) = result else { return false };
            samples = result;
        }
        if let Some(oldest) = self.late.queue.pop_front() {
            self.carry_out(oldest.effect, samples);
        }
        if self.late.queue.is_empty() {
            // Effects share blocks, so none is removed from the masks before the last effect.
            self.late.written = [0; 3];
        }
        true
    }

    fn carry_out(&mut self, effect: Effect, samples: u64) {
        match effect {
            Effect::Report { physical, .. } => {
                let bytes = self.sample_counts(Some(samples));
                self.store_now(physical, &bytes);
            }
            Effect::Store { physical, bytes, length } => {
                self.store_now(physical, &bytes[..usize::from(length)]);
            }
            // The texels may have replaced prefetched words.
            Effect::Delivery { .. } => self.feed.clear(),
            Effect::Interrupt { cpu_mask } => {
                self.events.push(GpuEvent::Interrupt { cpu_mask, source: 1 });
            }
            Effect::Swap(swap) => self.show(*swap),
        }
    }

    /// Writes bytes to memory.
    fn store_now(&mut self, physical: u32, bytes: &[u8]) {
        self.memory.write(physical, bytes);
        self.feed.note_write(physical, bytes.len());
    }

    /// Carries out effects before a read of memory that they write.
    pub(super) fn finish_late_in(&mut self, range: PhysicalRange) {
        if self.late.writes(range) {
            self.finish_late();
        }
    }

    /// Carries out effects before a draw that reads memory which they write.
    pub(super) fn finish_late_for_draw(&mut self, call: &DrawCall) {
        if !self.late.has_stores() {
            return;
        }
        let late = &self.late;
        if !call.exports_memory() && !self.draw_inputs.meet(call, |range| late.writes(range)) {
            return;
        }
        let mut found = false;
        let is_known = Reference::inputs_of(call, &mut |range| found = found || late.writes(range));
        if found || !is_known {
            self.finish_late();
        }
    }

    /// Carries out effects before a resolve that reads or overwrites memory which they write.
    pub(super) fn finish_late_for_resolve(&mut self, call: &ResolveCall) {
        if !self.late.has_stores() {
            return;
        }
        let writes = |range| self.late.writes(range);
        let overwrites = || {
            let covered = rectangle(call, &*self.memory).ok().flatten();
            covered.is_some_and(|ResolvedPixels { rect: [.., right, bottom], .. }| {
                writes(call.destination_memory([right, bottom]))
            })
        };
        if writes(call.vertices_memory()) || overwrites() {
            self.finish_late();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_overlap_have_blocks_in_common() {
        const MIB: u32 = 1 << 20;
        // It lies in two pages.
        let of = |range| BLOCK_LOG2.map(|log2| blocks(range, log2));
        let written = of(PhysicalRange { start: 33 * MIB + 0x1ff0, length: 32 });
        for (start, length, expected) in [
            (33 * MIB + 0x1fff, 1, true),
            (33 * MIB + 0x2000, 1, true),
            (30 * MIB, 4 * MIB, true),
            (PHYSICAL_SIZE - MIB, 35 * MIB, true),
            (0, u32::MAX, true),
            // Other blocks of each size.
            (33 * MIB, 0x1000, false),
            (34 * MIB, 4 * MIB, false),
            (16 * MIB, 16 * MIB, false),
        ] {
            let read = of(PhysicalRange { start, length });
            let meets = written.iter().zip(read).all(|(written, read)| written & read != 0);
            assert_eq!(meets, expected, "{start:#x} {length:#x}");
        }
    }
}
