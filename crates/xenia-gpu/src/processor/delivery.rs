//! Delivery of resolved texels: before texels may be read, those that the backend still keeps on a
//! device are written to memory.
//!
//! ```text
//!   packet reads or writes memory ──► texels in its range
//!   fence, interrupt, swap ─────────► all, if guest code may run meanwhile: these wait in line
//!                                     behind the delivery, while packets go on
//!   end of a pump ──────────────────► all, if guest code runs only between pumps
//! ```
//!
//! With [`Readback::None`] only the first line applies.

use super::CommandProcessor;
use crate::backend::{PresentCall, Readback};
use crate::memory::PhysicalRange;

/// Memory that a packet accesses.
fn range_of(physical: u32, length: usize) -> PhysicalRange {
    PhysicalRange { start: physical, length: u32::try_from(length).unwrap_or(u32::MAX) }
}

impl CommandProcessor {
    /// Sets when memory gets resolved texels, from the next resolve on.
    pub fn set_readback(&mut self, readback: Readback) {
        self.finish_late();
        self.deliver_all();
        self.config.readback = readback;
        self.backend.set_readback(readback);
    }

    /// Prepares memory for an access by a packet.
    pub(super) fn reach(&mut self, physical: u32, length: usize) {
        self.finish_late_in(range_of(physical, length));
        self.reach_texels(physical, length);
    }

    /// Writes the texels of resolves to memory that a packet accesses.
    pub(super) fn reach_texels(&mut self, physical: u32, length: usize) {
        let range = range_of(physical, length);
        if self.backend.is_pending(range) {
            self.deliver(Some(range));
        }
    }

    /// Prepares memory for the packets that can be read next. A packet that is prefetched reads no
    /// memory: a resolve or a queued effect that would change its words has dropped them.
    pub(super) fn reach_packets(&mut self) {
        if (self.backend.has_pending() || self.late.has_stores())
            && !self.feed.has_next()
            && let Some(range) = self.feed.ahead()
        {
            self.reach(range.start, range.length as usize);
        }
    }

    /// Prepares memory for a signal to guest code.
    pub(super) fn signal(&mut self) {
        if self.config.readback == Readback::Lazy
            && self.may_be_late()
            && self.backend.has_pending()
            && !self.deliver_late()
        {
            self.deliver_all();
        }
    }

    /// Prepares memory and registers for guest code that runs after a pump. A trace contains pumps
    /// without the code that runs meanwhile, so a recording delivers here, too.
    pub(super) fn end_pump(&mut self) {
        if self.config.readback == Readback::Lazy && !self.may_be_late() {
            self.deliver_all();
        }
        self.poll_late();
        if self.may_be_late() {
            self.poll_queries();
        } else {
            self.settle_queries(u64::MAX);
        }
    }

    /// Prepares memory for a picture. In line with effects that may be late, it is ready.
    pub(super) fn reach_picture(&mut self, call: &PresentCall) {
        if !self.backend.has_pending() {
            return;
        }
        match self.config.readback {
            Readback::Lazy if self.may_be_late() => {}
            Readback::None => self.deliver(call.memory()),
            Readback::Full | Readback::Lazy => self.deliver(None),
        }
    }

    /// Writes all resolved texels to memory.
    pub(crate) fn deliver_all(&mut self) {
        if self.backend.has_pending() {
            self.deliver(None);
        }
    }

    fn deliver(&mut self, range: Option<PhysicalRange>) {
        if let Err(error) = self.backend.deliver(range, &*self.memory) {
            self.statistics.count_error(&error);
        }
        self.feed.clear();
    }
}
