//! What packets come out of: the ring, the indirect buffers that it calls, and the words read ahead
//! of both.

use super::MAX_DEPTH;
use super::stream::{List, Ring, Window};
use crate::memory::{PHYSICAL_SIZE, PhysicalMemory};
use crate::packets::Header;

/// The ring and what it calls.
#[derive(Default)]
pub(super) struct Feed {
    pub(super) ring: Option<Ring>,
    /// Indirect buffers, the innermost last.
    pub(super) lists: Vec<List>,
    window: Window,
    /// The body of a packet that the window can't have in one piece.
    body: Vec<u32>,
    /// Words to be skipped behind the packet that is carried out.
    skip: u32,
}

/// What comes next.
pub(super) enum Next {
    /// There is no ring.
    Nothing,
    /// The rest of a packet in the ring has not been announced yet: the processor stalls until it
    /// is.
    Incomplete,
    /// An indirect buffer ends within a packet; so many words of it were left.
    CutOff(u32),
    /// So many words were gone over, because a packet said so.
    Skipped(u32, WriteBack),
    /// A packet.
    Packet(Packet),
}

/// Where the ring's read index is to be written, and what it is.
pub(super) type WriteBack = Option<(u32, u32)>;

/// A packet that has been read.
pub(super) struct Packet {
    pub(super) header: Header,
    /// The index of the header in the window; else the body has been read for itself.
    found: Option<usize>,
    source: Source,
}

enum Source {
    Ring(WriteBack),
    /// The number of its indirect buffer, if there is more of that.
    List(Option<usize>),
}

impl Packet {
    /// What is to be done about the read index once the packet is carried out.
    pub(super) fn write_back(&self) -> WriteBack {
        match self.source {
            Source::Ring(write_back) => write_back,
            Source::List(_) => None,
        }
    }

    /// Where the body is in the words that [`Feed::lend`] gives.
    pub(super) fn body(&self) -> std::ops::Range<usize> {
        let start = self.found.map_or(0, |header| header + 1);
        start..start + self.header.body_words() as usize
    }
}

impl Feed {
    /// Takes a ring; what was called from the one before is left.
    pub(super) fn set_ring(&mut self, ring: Ring) {
        self.lists.clear();
        self.ring = Some(ring);
    }

    /// Whether there is anything left.
    pub(super) fn has_work(&self) -> bool {
        !self.lists.is_empty() || self.ring.as_ref().is_some_and(|ring| !ring.is_empty())
    }

    /// Whether something can be taken of it.
    pub(super) fn is_runnable(&self) -> bool {
        !self.lists.is_empty() || self.ring.as_ref().is_some_and(|ring| !ring.is_empty() && !ring.stalled)
    }

    /// Calls so many words; false if that would be too deep.
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

    /// Words are to be skipped behind the packet that is carried out.
    pub(super) fn skip(&mut self, words: u32) {
        self.skip = words;
    }

    /// Memory may have changed anywhere.
    pub(super) fn changed(&mut self) {
        self.window.clear();
    }

    /// Bytes of memory were written.
    pub(super) fn written(&mut self, physical: u32, length: usize) {
        self.window.written(physical, length);
    }

    /// Takes what comes next.
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
        if is_last {
            self.lists.pop();
        }
        Next::Packet(Packet { header, found, source: Source::List((!is_last).then_some(number)) })
    }

    /// The words that a packet is in, until [`take_back`](Self::take_back).
    pub(super) fn lend(&mut self, packet: &Packet) -> Vec<u32> {
        if packet.found.is_some() { self.window.take() } else { std::mem::take(&mut self.body) }
    }

    /// Takes a packet's words back.
    pub(super) fn take_back(&mut self, packet: &Packet, words: Vec<u32>) {
        if packet.found.is_some() {
            self.window.put_back(words);
        } else {
            self.body = words;
        }
    }

    /// Goes over what a packet that was carried out said is to be skipped: how many words (the
    /// ring's are still to come), and whether there were as many.
    pub(super) fn skip_behind(&mut self, packet: &Packet) -> (u32, bool) {
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
