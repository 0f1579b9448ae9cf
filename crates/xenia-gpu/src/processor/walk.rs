//! Going through the ring and the indirect buffers, packet by packet.

use super::{CommandProcessor, cost};
use crate::packets::{Header, dispatch};

impl CommandProcessor {
    /// Carries out a packet, and more while the clock stands at `until` at most, fewer than `most` words
    /// have been walked, and nothing has to be waited for. Returns the number of words.
    pub(super) fn run(&mut self, until: u64, most: u64) -> u64 {
        let mut words = 0;
        loop {
            words += if self.lists.is_empty() { self.step_ring() } else { self.step_list() };
            if self.cycles > until || words >= most || !self.is_runnable() {
                return words;
            }
        }
    }

    fn step_ring(&mut self) -> u64 {
        let Some(ring) = &mut self.ring else { return 0 };
        if ring.skip != 0 {
            return self.skip_in_ring();
        }
        let place = ring.place();
        let header = self.window.find(&*self.memory, place);
        let header = Header::decode(self.window.word(header));
        let count = header.body_words();
        if count >= place.available {
            // The rest has not been announced yet: the processor stalls until it is.
            ring.stalled = true;
            return 1;
        }
        let found = self.window.find_all(&*self.memory, place, 1 + count);
        if found.is_none() {
            ring.read_body(&*self.memory, count, &mut self.body);
        }
        let write_back = ring.advance(1 + count);
        self.execute_found(header, found);
        if let Some((address, index)) = write_back {
            self.store(address, &index.to_be_bytes());
        }
        let skip = std::mem::take(&mut self.skip);
        if let Some(ring) = &mut self.ring {
            ring.skip = skip;
        }
        1 + u64::from(count)
    }

    fn step_list(&mut self) -> u64 {
        let level = self.lists.len();
        let Some(list) = self.lists.last_mut() else { return 0 };
        let place = list.place();
        let header = self.window.find(&*self.memory, place);
        let header = Header::decode(self.window.word(header));
        let count = header.body_words();
        if count >= place.available {
            self.statistics.count_problem("indirect buffer ends within a packet");
            self.lists.pop();
            self.cycles += cost::words(u64::from(place.available));
            return u64::from(place.available);
        }
        let found = self.window.find_all(&*self.memory, place, 1 + count);
        if found.is_none() {
            list.read_body(&*self.memory, count, &mut self.body);
        }
        list.next += 1 + count;
        let is_last = list.available() == 0;
        if is_last {
            self.lists.pop();
        }
        self.execute_found(header, found);
        let skip = std::mem::take(&mut self.skip);
        if skip != 0 {
            self.skip_in_list(if is_last { None } else { Some(level - 1) }, skip);
        }
        1 + u64::from(count)
    }

    /// Carries out a packet that begins at an index of the window; else its body has been read.
    fn execute_found(&mut self, header: Header, found: Option<usize>) {
        if let Some(index) = found {
            let words = self.window.take();
            self.execute(header, &words[index + 1..][..header.body_words() as usize]);
            self.window.put_back(words);
        } else {
            let body = std::mem::take(&mut self.body);
            self.execute(header, &body);
            self.body = body;
        }
    }

    /// Goes over words that a packet said are to be skipped, as far as they have been announced.
    fn skip_in_ring(&mut self) -> u64 {
        let Some(ring) = &mut self.ring else { return 0 };
        let count = ring.skip.min(ring.available());
        ring.skip -= count;
        if let Some((address, index)) = ring.advance(count) {
            self.store(address, &index.to_be_bytes());
        }
        self.cycles += cost::words(u64::from(count));
        u64::from(count)
    }

    /// Goes over words of an indirect buffer, unless the packet that said so was its last.
    fn skip_in_list(&mut self, number: Option<usize>, count: u32) {
        let Some((number, list)) = number.and_then(|number| Some((number, self.lists.get_mut(number)?)))
        else {
            return self.statistics.count_problem("words to be skipped behind an indirect buffer's end");
        };
        let possible = count.min(list.available());
        list.next += possible;
        self.cycles += cost::words(u64::from(possible));
        if list.available() == 0 {
            self.lists.remove(number);
        }
        if possible < count {
            self.statistics.count_problem("words to be skipped behind an indirect buffer's end");
        }
    }

    fn execute(&mut self, header: Header, body: &[u32]) {
        self.cycles += cost::words(1 + body.len() as u64);
        self.statistics.words += 1 + body.len() as u64;
        if let Some(observer) = &mut self.observer {
            observer.packet(self.lists.len(), header, body);
        }
        match header {
            Header::Filler => self.statistics.type2 += 1,
            Header::Pair { first, second } => {
                self.statistics.type1 += 1;
                self.write_register(first, body[0]);
                self.write_register(second, body[1]);
            }
            Header::Registers { first, same, .. } => {
                self.statistics.type0 += 1;
                if same {
                    for &value in body {
                        self.write_register(first, value);
                    }
                } else {
                    self.write_registers(first, body);
                }
            }
            Header::Command { opcode, predicated, .. } => {
                if predicated && self.bin_mask & self.bin_select == 0 {
                    self.statistics.predicated_away += 1;
                } else {
                    self.statistics.type3[opcode as usize & 127] += 1;
                    dispatch(self, opcode, body);
                }
            }
        }
    }
}
