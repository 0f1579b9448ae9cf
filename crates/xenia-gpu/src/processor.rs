//! The command processor: walks the ring, carries out packets, keeps guest time.
//!
//! ```text
//!   CPU stores CP_RB_WPTR ──► ring ──► indirect buffers (nested) ──► packets
//!                                                                      │
//!      register file ◄── values      fences, write-backs ──► memory ◄──┤
//!                                     interrupts, swaps ──► GpuEvent ◄─┤
//!                                     draws, copies ──► Backend      ◄─┘
//! ```
//!
//! **Time.** The processor has a clock of its own, in chip cycles. A packet is carried out by the
//! first [`CommandProcessor::pump`] at or after the clock's time, and then moves the clock on by
//! its cost ([`cost`]). So every effect has a guest time that follows from the packets alone,
//! whatever the backend and however fast the host.
//!
//! **Hostile streams.** Work per pump is bounded by the time that passed and by
//! [`MAX_WORDS_PER_PUMP`]; indirect buffers nest [`MAX_DEPTH`] deep; a wait that isn't satisfied
//! suspends the processor until a later pump; whatever can't be done is counted by name.

mod bins;
mod cost;
mod display;
mod execute;
mod feed;
mod gamma;
mod pictures;
mod queries;
mod shaders;
mod state;
mod statistics;
mod stream;
mod walk;

use std::collections::VecDeque;
use std::sync::Arc;

pub use display::{LINES, TICKS_PER_SECOND, VBLANK_CPU, VBLANK_TICKS};
pub use execute::constant_base;
pub use statistics::Statistics;

use crate::backend::{Backend, Frame, Threaded};
use crate::draw_state::{Constants, StaleConstants};
use crate::limits::Cancel;
use crate::memory::{PHYSICAL_SIZE, PhysicalMemory};
use crate::packets::Header;
use crate::registers::{RegisterFile, cp, dc};
use crate::trace::{Event, Recorder};
use bins::Bins;
use display::Display;
use execute::Wait;
use feed::Feed;
use queries::{Queries, SampleCounter};
use shaders::Shaders;
use stream::Ring;

/// Most words that one pump walks; the rest waits for the next.
pub const MAX_WORDS_PER_PUMP: u64 = 1 << 22;
/// Interrupts of vertical blanks that a pump over a long time makes, as far as nothing else happens
/// at them: more than anybody keeps waiting.
const INTERRUPTS_PER_PUMP: u64 = 64;
/// How deep indirect buffers may nest.
pub const MAX_DEPTH: usize = 8;

/// What happened, for whoever runs the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GpuEvent {
    /// The graphics interrupt callback is to be called.
    Interrupt {
        /// One bit per hardware thread (bits 0 to 5).
        cpu_mask: u32,
        /// 0 for the vertical blank, 1 for the command processor.
        source: u32,
    },
    /// A front buffer was handed over.
    Swap {
        /// Its physical address.
        physical: u32,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Swaps so far, this one included.
        number: u64,
    },
}

/// Settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Make a picture of every swap; else only where [`CommandProcessor::capture_next`] asked.
    pub capture_all: bool,
    /// Vertical blanks happen.
    pub vblank: bool,
    /// Draw on the calling thread; else on one of the backend's own, if it can tell what draws
    /// read. What the guest sees is the same.
    pub inline: bool,
    /// A pump ends with the first swap, so that whoever counts frames can stop there; not while a
    /// recording is made. Time that is left is the next pump's.
    pub stop_at_swap: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { capture_all: false, vblank: true, inline: true, stop_at_swap: false }
    }
}

/// Is told each packet before it is carried out; what it costs to look is paid only by who looks.
pub trait Observer: Send {
    /// A packet and its body; so many indirect buffers deep, as far as they are not at their end.
    fn packet(&mut self, depth: usize, header: Header, body: &[u32]);
}

/// A swap that waits for the vertical blank.
#[derive(Clone, Copy, Debug)]
struct Flip {
    physical: u32,
    width: u32,
    height: u32,
}

/// The command processor with its register file and display controller.
pub struct CommandProcessor {
    registers: RegisterFile,
    pub(crate) memory: Arc<dyn PhysicalMemory>,
    backend: Box<dyn Backend>,
    config: Config,
    feed: Feed,
    /// The clock, in chip cycles.
    cycles: u64,
    waiting: Option<Wait>,
    /// The guest time at which what is waited for was looked at last.
    looked: u64,
    /// A front buffer that is shown at the next vertical blank; nothing is read on until then.
    flip: Option<Flip>,
    bins: Bins,
    /// The pass whose first rectangles were drawn last, zero after a copy; see [`cost::pass`].
    pass: u64,
    queries: Queries,
    samples: SampleCounter,
    shaders: Shaders,
    /// The shader constants, as far as they are not stale.
    constants: Arc<Constants>,
    stale: StaleConstants,
    display: Display,
    /// Vertical blanks and swaps so far: what fences write when asked for a counter.
    counter: u32,
    capture: bool,
    /// Pictures not taken yet, with the numbers of their swaps.
    frames: VecDeque<(u64, Frame)>,
    events: Vec<GpuEvent>,
    statistics: Statistics,
    /// Who is told each packet before it is carried out.
    observer: Option<Box<dyn Observer>>,
    pub(crate) recorder: Option<Box<Recorder>>,
}

impl CommandProcessor {
    /// A processor without a ring.
    pub fn new(memory: Arc<dyn PhysicalMemory>, backend: Box<dyn Backend>, config: Config) -> Self {
        let mut registers = RegisterFile::new();
        display::reset(&mut registers);
        Self {
            registers,
            memory,
            backend: if config.inline { backend } else { Threaded::wrap(backend) },
            feed: Feed::default(),
            cycles: 0,
            waiting: None,
            looked: 0,
            flip: None,
            bins: Bins::default(),
            pass: 0,
            queries: Queries::default(),
            samples: SampleCounter::default(),
            shaders: Shaders::default(),
            constants: Arc::default(),
            stale: StaleConstants::ALL,
            display: Display::new(config.vblank),
            counter: 0,
            capture: false,
            frames: VecDeque::new(),
            events: Vec::new(),
            statistics: Statistics::default(),
            observer: None,
            recorder: None,
            config,
        }
    }

    /// Sets the ring: its physical address, and its size as the log2 of quadwords
    /// (`VdInitializeRingBuffer`). The ring is emptied.
    pub fn initialize_ring(&mut self, physical: u32, size_log2: u32) {
        let ring = Ring::new(physical, size_log2);
        self.registers.set(cp::CP_RB_WPTR, 0);
        self.waiting = None;
        self.flip = None;
        self.feed.set_ring(ring);
        self.recorded(&Event::InitializeRing { physical, size_log2 }, 0);
    }

    /// Asks for the read index (in words) to be written to `physical`, each time
    /// two to the power of `block_size_log2` quadwords have been read and when the ring is empty.
    pub fn enable_rptr_writeback(&mut self, physical: u32, block_size_log2: u32) {
        if let Some(ring) = &mut self.feed.ring {
            ring.write_back = Some(physical & (PHYSICAL_SIZE - 1) & !3);
            ring.block_words = 2 << block_size_log2.min(19);
        }
        self.recorded(&Event::WriteBack { physical, block_log2: block_size_log2 }, 0);
    }

    /// A store to the MMIO window: register `index` (byte offset / 4), at guest time `now`.
    pub fn store_register(&mut self, index: u32, value: u32, now: u64) {
        match index {
            cp::CP_RB_WPTR => {
                self.catch_up(now);
                self.registers.set(index, value);
                if let Some(ring) = &mut self.feed.ring {
                    ring.write = value % ring.words;
                    ring.stalled = false;
                }
            }
            dc::D1MODE_INTERRUPT_STATUS | dc::D1MODE_V_COUNTER => {}
            _ => self.write_register(index, value),
        }
        self.recorded(&Event::Store { index, value, now }, 0);
    }

    /// A processor that had nothing to do starts at `now`.
    fn catch_up(&mut self, now: u64) {
        if !self.has_work() {
            self.cycles = self.cycles.max(cost::cycles_at(now));
        }
    }

    fn has_work(&self) -> bool {
        self.waiting.is_some() || self.flip.is_some() || self.feed.has_work()
    }

    /// Hands `publish` every register of the MMIO window whose value changed since the last call:
    /// what the CPU's loads are to see.
    pub fn refresh_registers(&mut self, now: u64, publish: impl FnMut(u32, u32)) {
        self.display.refresh(&mut self.registers, now);
        self.registers.take_changed(publish);
    }

    /// Does everything that is due at guest time `now`, in order of time.
    pub fn pump(&mut self, now: u64) -> Vec<GpuEvent> {
        let mut words = 0;
        let swaps = self.statistics.swaps;
        self.feed.changed();
        self.poll(now);
        let stops = self.config.stop_at_swap && self.recorder.is_none();
        while !stops || self.statistics.swaps == swaps {
            let packet = self.is_runnable().then(|| cost::ticks(self.cycles)).filter(|&time| time <= now);
            match (self.display.next_vblank(), packet) {
                (Some(blank), packet) if blank <= now && packet.is_none_or(|time| blank <= time) => {
                    self.display.blank();
                    self.finish_flip(blank);
                    self.counter = self.counter.wrapping_add(1);
                    self.statistics.vblanks += 1;
                    self.events.push(GpuEvent::Interrupt { cpu_mask: 1 << VBLANK_CPU, source: 0 });
                    self.poll(blank);
                    if !self.is_runnable() && self.flip.is_none() {
                        self.skip_blanks(now);
                    }
                }
                (blank, Some(_)) if words < MAX_WORDS_PER_PUMP => {
                    let until = blank.map_or(now, |blank| now.min(blank.saturating_sub(1)));
                    words += self.run(cost::cycles_at(until), MAX_WORDS_PER_PUMP - words);
                }
                // A wait that began on the way has not been looked at since.
                _ if self.waits_for_line() && self.looked < now => self.poll(now),
                _ => break,
            }
        }
        self.recorded(&Event::Pump { now }, self.statistics.swaps - swaps);
        std::mem::take(&mut self.events)
    }

    /// Goes over vertical blanks up to `now` that change nothing, for a processor that had nothing
    /// to do at the one before: whatever it waits for is the same at each of them. The last
    /// ones are left, with their interrupts.
    fn skip_blanks(&mut self, now: u64) {
        let skipped = self.display.skip_blanks(now, INTERRUPTS_PER_PUMP);
        self.counter = self.counter.wrapping_add(skipped as u32);
        self.statistics.vblanks += skipped;
    }

    /// Whether a packet can be taken.
    fn is_runnable(&self) -> bool {
        self.waiting.is_none() && self.flip.is_none() && self.feed.is_runnable()
    }

    /// From the next vertical blank on, they come `ticks` of guest time apart.
    pub fn set_vblank_period(&mut self, ticks: u64) {
        self.display.set_period(ticks);
        self.recorded(&Event::VblankPeriod { ticks }, 0);
    }

    /// The guest time at which a pump will have something to do by itself. A processor that waits
    /// for memory has only the next vertical blank, since nothing but the CPU changes memory.
    pub fn next_event_time(&self) -> Option<u64> {
        let packet = self.is_runnable().then(|| cost::ticks(self.cycles).next_multiple_of(cost::EVENT_GRAIN));
        let line = self.waiting.filter(|wait| wait.on_line_counter());
        let line = line.and_then(|wait| self.display.next_line(self.looked, |line| wait.holds(line)));
        [packet, line, self.display.next_vblank()].into_iter().flatten().min()
    }

    /// Whether the processor has carried out everything it was given.
    pub fn is_idle(&self) -> bool {
        !self.has_work()
    }

    /// Has somebody told of each packet before it is carried out.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// What ends draws that nobody wants any more, where the backend's may take long.
    pub fn cancel(&self) -> Option<Cancel> {
        self.backend.cancel()
    }

    /// Counters.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// The register file.
    pub fn registers(&self) -> &RegisterFile {
        &self.registers
    }

    /// The backend.
    pub fn backend(&mut self) -> &mut dyn Backend {
        &mut *self.backend
    }

    /// Feeds everything that later behaviour depends on to a digest, in a fixed order.
    pub fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        sink(bytemuck::cast_slice(self.registers.values()));
        let samples = self.samples.count(self.backend.samples_passed());
        let Bins { mask, select } = self.bins;
        let mut state = vec![self.cycles, mask, select, u64::from(self.counter), samples];
        if let Some(ring) = &self.feed.ring {
            state.extend([ring.base, ring.words, ring.read, ring.write, ring.stalled as u32].map(u64::from));
            state.extend([ring.write_back.map_or(u64::MAX, u64::from), ring.block_words as u64]);
        }
        for list in &self.feed.lists {
            state.extend([list.base, list.next, list.end].map(u64::from));
        }
        state.extend(self.shaders.hashes());
        state.push(self.waiting.is_some() as u64);
        // What few titles use is left out while it says nothing.
        let [open, seen] = self.queries.visibility();
        if open != 0 {
            state.extend([open, seen]);
        }
        state.extend(self.feed.ring.iter().map(|ring| u64::from(ring.skip)).filter(|&skip| skip != 0));
        state.extend(Some(self.pass).filter(|&pass| pass != 0));
        state.extend([self.statistics.swaps, self.statistics.vblanks]);
        state.extend(self.display.changed_period());
        for value in state {
            sink(&value.to_le_bytes());
        }
        self.backend.digest(sink);
    }
}

#[cfg(test)]
mod tests;
