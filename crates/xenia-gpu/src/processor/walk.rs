//! Main loop over the packets of the [`Feed`](super::feed::Feed).

use super::feed::Next;
use super::stream::WriteBack;
use super::{CommandProcessor, cost};
use crate::packets::{Header, dispatch};

impl CommandProcessor {
    /// Executes at least one packet, and more while the clock is at most `until`, fewer than `most`
    /// words have been read, fewer than `last_draw` draws and resolves made, no frame swapped, and
    /// no wait blocks. Returns the number of words.
    pub(super) fn run(&mut self, until: u64, most: u64, last_draw: u64) -> u64 {
        let mut words = 0;
        let swaps = self.swaps;
        loop {
            words += self.step();
            let is_over = self.cycles > until || words >= most || self.drawn() >= last_draw;
            if is_over || self.swaps != swaps || !self.is_runnable() {
                return words;
            }
        }
    }

    /// Executes the next step; returns the number of words read.
    fn step(&mut self) -> u64 {
        self.reach_packets();
        match self.feed.next(&*self.memory) {
            Next::Nothing => 0,
            Next::Incomplete => 1,
            Next::CutOff(words) => {
                self.statistics.count_problem("indirect buffer ends within a packet");
                self.gone_over(words)
            }
            Next::Skipped(words, write_back) => {
                self.write_back(write_back);
                self.gone_over(words)
            }
            Next::Packet(packet) => {
                let words = self.feed.lend(&packet);
                self.execute(packet.header, &words[packet.body()]);
                self.feed.take_back(&packet, words);
                // Only now: the CPU may overwrite the words of the ring once it sees the index.
                self.write_back(packet.write_back());
                let (skipped, as_asked) = self.feed.perform_skip(&packet);
                self.gone_over(skipped);
                if !as_asked {
                    self.statistics.count_problem("words to be skipped after an indirect buffer's end");
                }
                1 + u64::from(packet.header.body_words())
            }
        }
    }

    /// Charges skipped words, which cost as much as executed ones.
    fn gone_over(&mut self, words: u32) -> u64 {
        self.cycles += cost::words(u64::from(words));
        u64::from(words)
    }

    /// Writes the read index to memory.
    fn write_back(&mut self, write_back: Option<WriteBack>) {
        if let Some(WriteBack { address, index }) = write_back {
            self.store_silently(address, &index.to_be_bytes());
        }
    }

    fn execute(&mut self, header: Header, body: &[u32]) {
        self.cycles += cost::words(1 + body.len() as u64);
        self.statistics.words += 1 + body.len() as u64;
        if let Some(observer) = &mut self.observer {
            observer.packet(self.feed.lists.len(), header, body);
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
                if predicated && !self.bins.are_wanted() {
                    self.statistics.predicated_away += 1;
                } else {
                    self.statistics.type3[opcode as usize & 127] += 1;
                    dispatch(self, opcode, body);
                }
            }
        }
        if self.expected.is_due(header) {
            self.expect_draw();
        }
    }
}
