//! Packet sources: the ring buffer, the indirect buffers that it calls, and the prefetched words of
//! both.

use super::MAX_DEPTH;
use super::stream::{List, Ring, Window, WriteBack};
use crate::memory::{PHYSICAL_SIZE, PhysicalMemory, PhysicalRange};
use crate::packets::Header;

/// Ring buffer and the stack of indirect buffers.
#[derive(Default)]
pub(super) struct Feed {
    pub(super) ring: Option<Ring>,
    /// Indirect buffers, innermost last.
    pub(super) lists: Vec<List>,
    window: Window,
    /// Copy of a packet body that isn't contiguous in the prefetch window.
    body: Vec<u32>,
    /// Words to skip after the current packet.
    skip: u32,
}

/// Result of reading the next packet.
pub(super) enum Next {
    /// There is no ring buffer.
    Nothing,
    /// The packet in the ring is not completely written yet: the processor stalls until it is.
    Incomplete,
    /// The indirect buffer ends within a packet; holds the number of words left in it.
    CutOff(u32),
    /// Words skipped by a preceding packet, and the write-back of the read index if one is due.
    Skipped(u32, Option<WriteBack>),
    /// A complete packet.
    Packet(Packet),
}

/// Packet that has been read.
pub(super) struct Packet {
    pub(super) header: Header,
    /// Index of the header in the window; `None` if the body was copied separately.
    found: Option<usize>,
    source: Source,
}

enum Source {
    /// Write-back of the read index to do after the packet.
    Ring(Option<WriteBack>),
    /// Number of the indirect buffer, if it has more packets.
    List(Option<usize>),
}

impl Packet {
    /// Write-back of the read index to do after the packet.
    pub(super) fn write_back(&self) -> Option<WriteBack> {
        match self.source {
            Source::Ring(write_back) => write_back,
            Source::List(_) => None,
        }
    }

    /// Range of the body in the words that [`Feed::lend`] returns.
    pub(super) fn body(&self) -> std::ops::Range<usize> {
        let start = self.found.map_or(0, |header| header + 1);
        start..start + self.header.body_words() as usize
    }
}

impl Feed {
    /// Sets the ring buffer and drops the indirect buffers called from the old one.
    pub(super) fn set_ring(&mut self, ring: Ring) {
        self.lists.clear();
        self.ring = Some(ring);
    }

    /// Whether any words are left.
    pub(super) fn has_work(&self) -> bool {
        !self.lists.is_empty() || self.ring.as_ref().is_some_and(|ring| !ring.is_empty())
    }

    /// Whether a packet can be read.
    pub(super) fn is_runnable(&self) -> bool {
        !self.lists.is_empty() || self.ring.as_ref().is_some_and(|ring| !ring.is_empty() && !ring.stalled)
    }

    /// Calls an indirect buffer; false if the nesting would be too deep.
    pub(super) fn call(&mut self, address: u32, words: u32) -> bool {
        if words == 0 {
            return true;
        }
        let fits = self.lists.len() < MAX_DEPTH;
        if fits {
            self.lists.push(List { base: address & (PHYSICAL_SIZE - 1) & !3, next: 0, end: words });
        }
        fits
    }

    /// Skips `words` after the current packet.
    pub(super) fn skip(&mut self, words: u32) {
        self.skip = words;
    }

    /// Drops prefetched words, since memory may have changed.
    pub(super) fn clear(&mut self) {
        self.window.clear();
    }

    /// Drops prefetched words if a write to memory overlaps them.
    pub(super) fn note_write(&mut self, physical: u32, length: usize) {
        self.window.note_write(physical, length);
    }

    /// Whether all words of the next packet are prefetched.
    pub(super) fn has_next(&self) -> bool {
        let place = match (self.lists.last(), &self.ring) {
            (Some(list), _) => list.place(),
            (None, Some(ring)) => ring.place(),
            (None, None) => return false,
        };
        self.window.index_of(place, 1).is_some_and(|header| {
            let count = Header::decode(self.window.word(header)).body_words();
            self.window.index_of(place, 1 + count).is_some()
        })
    }

    /// Memory that the next packets are read from.
    pub(super) fn ahead(&self) -> Option<PhysicalRange> {
        match (self.lists.last(), &self.ring) {
            (Some(list), _) => {
                let place = list.place();
                Some(PhysicalRange { start: place.address, length: place.available.saturating_mul(4) })
            }
            (None, Some(ring)) => {
                // All of the ring, since the words to read may wrap around its end.
                Some(PhysicalRange { start: ring.base, length: ring.words.saturating_mul(4) })
            }
            (None, None) => None,
        }
    }

    /// Reads the next packet.
    pub(super) fn next(&mut self, memory: &dyn PhysicalMemory) -> Next {
        if self.lists.is_empty() { self.next_of_ring(memory) } else { self.next_of_list(memory) }
    }

    fn next_of_ring(&mut self, memory: &dyn PhysicalMemory) -> Next {
        let Some(ring) = &mut self.ring else { return Next::Nothing };
        if ring.skip != 0 {
            let count = ring.skip.min(ring.available());
            ring.skip -= count;
            return Next::Skipped(count, ring.advance(count));
        }
        let place = ring.place();
        let header = self.window.find(memory, place);
        let header = Header::decode(self.window.word(header));
        let count = header.body_words();
        // The header is one of the available words.
        if count >= place.available {
            ring.stalled = true;
            return Next::Incomplete;
        }
        let found = self.window.find_all(memory, place, 1 + count);
        if found.is_none() {
            ring.read_body(memory, count, &mut self.body);
        }
        Next::Packet(Packet { header, found, source: Source::Ring(ring.advance(1 + count)) })
    }

    fn next_of_list(&mut self, memory: &dyn PhysicalMemory) -> Next {
        let number = self.lists.len() - 1;
        let list = &mut self.lists[number];
        let place = list.place();
        let header = self.window.find(memory, place);
        let header = Header::decode(self.window.word(header));
        let count = header.body_words();
        if count >= place.available {
            self.lists.pop();
            return Next::CutOff(place.available);
        }
        let found = self.window.find_all(memory, place, 1 + count);
        if found.is_none() {
            list.read_body(memory, count, &mut self.body);
        }
        list.next += 1 + count;
        let is_last = list.available() == 0;
        // Popped before the packet executes, so that a tail call does not nest deeper.
        if is_last {
            self.lists.pop();
        }
        Next::Packet(Packet { header, found, source: Source::List((!is_last).then_some(number)) })
    }

    /// Lends the words that contain a packet, until [`take_back`](Self::take_back).
    pub(super) fn lend(&mut self, packet: &Packet) -> Vec<u32> {
        if packet.found.is_some() { self.window.take() } else { std::mem::take(&mut self.body) }
    }

    /// Takes lent words back.
    pub(super) fn take_back(&mut self, packet: &Packet, words: Vec<u32>) {
        if packet.found.is_some() {
            self.window.put_back(words);
        } else {
            self.body = words;
        }
    }

    /// Performs the skip that the current packet requested. Returns the number of words skipped now
    /// (in the ring buffer they are skipped later), and whether there were enough of them.
    pub(super) fn perform_skip(&mut self, packet: &Packet) -> (u32, bool) {
        let wanted = std::mem::take(&mut self.skip);
        match packet.source {
            _ if wanted == 0 => (0, true),
            Source::Ring(_) => {
                if let Some(ring) = &mut self.ring {
                    ring.skip = wanted;
                }
                (0, true)
            }
            Source::List(number) => {
                let Some((number, list)) =
                    number.and_then(|number| Some((number, self.lists.get_mut(number)?)))
                else {
                    return (0, false);
                };
                let possible = wanted.min(list.available());
                list.next += possible;
                if list.available() == 0 {
                    self.lists.remove(number);
                }
                (possible, possible == wanted)
            }
        }
    }
}
