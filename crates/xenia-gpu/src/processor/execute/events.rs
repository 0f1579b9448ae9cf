//! Pipeline events: fences, screen extents, occlusion and visibility queries.
//!
//! Packets execute one after the other, so the work that an event reports (shaders, caches) is
//! done. Counts of samples come from the backend, perhaps later
//! ([`deferred_effects`](super::super::deferred_effects)).

use super::super::CommandProcessor;
use super::super::deferred_effects::Effect;
use super::super::queries::END_MARK;
use crate::memory::PHYSICAL_SIZE;
use crate::registers::{cp, pa, rb, vgt};

/// Screen extent that covers everything: 8192 in units of eight pixels.
const FULL_EXTENT: [u16; 6] = [0, 8192 >> 3, 0, 8192 >> 3, 0, 1];
/// Events that begin and end a visibility query.
const VIZQUERY_START: u32 = 7;
const VIZQUERY_END: u32 = 8;

impl CommandProcessor {
    pub(super) fn event(&mut self, initiator: u32) {
        self.registers.set(vgt::VGT_EVENT_INITIATOR, initiator & 0x3f);
    }

    /// Writes a fence's value.
    pub(super) fn fence(&mut self, mut address: u32, value: u32) {
        // Addresses above physical memory refer to the write-back window, if software set one up.
        let base = self.registers.get(cp::WRITEBACK_BASE);
        let size = self.registers.get(cp::WRITEBACK_SIZE);
        // The low two bits are the byte order, which the window's offset keeps.
        if address >= PHYSICAL_SIZE && base != 0 && (address & !3).wrapping_sub(base) < size {
            address = address.wrapping_sub(base);
        }
        self.write_memory(address, value);
    }

    /// `EVENT_WRITE`, and `EVENT_WRITE_CFL` without the counter: raises an event; if an address and
    /// a value follow, writes a fence.
    pub(super) fn event_with_fence(&mut self, body: &[u32]) {
        self.event(body[0]);
        match *body {
            [_] => {}
            [_, address, value, ..] => self.fence(address, value),
            _ => self.statistics.count_problem("event with an address and no value"),
        }
    }

    /// `EVENT_WRITE_EXT`: writes the extent of drawn pixels. The real extent is not known here; the
    /// whole surface is always a correct answer.
    pub(super) fn write_extent(&mut self, address: u32) {
        let bytes: Vec<u8> = FULL_EXTENT.iter().flat_map(|extent| extent.to_be_bytes()).collect();
        self.store(address, &bytes);
    }

    /// `EVENT_WRITE_ZPD`: stores the sample counters. They are never reset; software subtracts two
    /// reports.
    pub(super) fn write_sample_counts(&mut self) {
        let address = self.registers.get(rb::RB_SAMPLE_COUNT_ADDR) & (PHYSICAL_SIZE - 1) & !3;
        let ends = self.is_marked(address);
        self.signal();
        if let Some(number) = self.late_report() {
            self.effect(Effect::Report { number, physical: address });
        } else {
            let passed = self.backend.samples_passed();
            // Reports before this one come first.
            self.finish_late();
            let bytes = self.sample_counts(passed);
            self.store(address, &bytes);
        }
        self.backend.count_samples(self.open_queries.report(address, ends));
    }

    /// Bytes of a report, when the backend's count is `passed`.
    ///
    /// Backends do not count failed samples: those counters stay 0, and the total equals the passed
    /// ones.
    pub(in super::super) fn sample_counts(&mut self, passed: Option<u64>) -> [u8; 32] {
        // Eight little-endian words: total, depth failed, depth passed, stencil failed; two halves
        // each.
        let count = self.samples.report(passed);
        let mut counts = [0_u32; 8];
        // The halves are 32 bits wide and wrap around. Titles add them, some after a mask of 24
        // bits, so neither has the whole count.
        for first in [0, 4] {
            counts[first] = count.div_ceil(2) as u32;
            counts[first + 1] = (count / 2) as u32;
        }
        let mut bytes = [0; 32];
        for (bytes, word) in bytes.chunks_exact_mut(4).zip(counts) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Whether the memory of a report has the mark of a query's end, at either of the two counters
    /// that versions of titles' graphics library poll. Some versions mark its first half alone.
    fn is_marked(&mut self, address: u32) -> bool {
        let mut words = [0_u32; 8];
        self.reach(address, 32);
        self.memory.read_words(address, &mut words);
        [2, 4].iter().any(|&first| words[first] == END_MARK)
    }

    /// `VIZ_QUERY`: begins a visibility query, or ends it, which puts its result into the status
    /// register.
    pub(super) fn visibility_query(&mut self, body: &[u32]) {
        let id = body[0] & 0x3f;
        let ends = body[0] & 0x100 != 0;
        self.event(if ends { VIZQUERY_END } else { VIZQUERY_START });
        if !ends {
            self.settle_queries(1 << id);
            self.queries.begin(id);
        } else if let Some(is_visible) = self.queries.end(id) {
            self.set_status(id, is_visible);
        }
    }

    /// Puts the result of a visibility query into the status register.
    fn set_status(&mut self, id: u32, is_visible: bool) {
        let status = if id < 32 { pa::PA_SC_VIZ_QUERY_STATUS_0 } else { pa::PA_SC_VIZ_QUERY_STATUS_1 };
        let others = self.registers.get(status) & !(1 << (id & 31));
        self.registers.set(status, others | u32::from(is_visible) << (id & 31));
    }

    /// Takes the backend's result of an ended visibility query.
    fn conclude_query(&mut self, id: u32, is_visible: bool) {
        self.queries.conclude(id, is_visible);
        self.set_status(id, is_visible);
    }

    /// Waits for the results of ended visibility queries in a mask.
    pub(in super::super) fn settle_queries(&mut self, ids: u64) {
        while let Some(survey) = self.queries.pending(ids) {
            let is_visible = self.backend.survey(survey);
            self.conclude_query(survey.id, is_visible);
        }
    }

    /// Collects the available results of ended visibility queries.
    pub(in super::super) fn poll_queries(&mut self) {
        let mut ids = u64::MAX;
        while let Some(survey) = self.queries.pending(ids) {
            ids &= !(1 << survey.id);
            if let Some(is_visible) = self.backend.poll_survey(survey) {
                self.conclude_query(survey.id, is_visible);
            }
        }
    }

    /// State of the visibility queries, after a wait for results that are not known yet.
    pub(in super::super) fn query_state(&mut self) -> [u64; 2] {
        self.settle_queries(u64::MAX);
        let mut ids = u64::MAX;
        while let Some(survey) = self.queries.undecided(ids) {
            ids &= !(1 << survey.id);
            if self.backend.survey(survey) {
                self.queries.note_found(survey.id);
            }
        }
        self.queries.visibility()
    }
}
