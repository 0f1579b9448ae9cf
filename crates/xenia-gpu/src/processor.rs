//! Command processor: reads the ring buffer, executes packets and keeps the chip's guest time.
//!
//! ```text
//!   CPU stores CP_RB_WPTR ──► ring ──► indirect buffers (nested) ──► packets
//!                                                                      │
//!      register file ◄── values      fences, write-backs ──► memory ◄──┤
//!                                     interrupts, swaps ──► GpuEvent ◄─┤
//!                                     draws, resolves ──► Backend    ◄─┘
//! ```
//!
//! **Time.** The processor has a separate clock, counted in chip cycles. A packet is executed by
//! the first [`CommandProcessor::pump`] at or after the clock's time, and then advances the clock
//! by its cost ([`cost`]). So the guest time of every effect depends only on the packets, whatever
//! the backend and the speed of the host.
//!
//! **Short pumps.** Where guest code runs beside the pumps ([`Config::short_pumps`]), a host may be
//! slower than the modelled chip. A pump then ends after some draws, so the caller can soon do its
//! other work, and an overdue vertical blank is handled before packets that are due earlier.
//!
//! **Hostile streams.** Work per pump is bounded by the elapsed guest time and by
//! [`MAX_WORDS_PER_PUMP`]; indirect buffers nest at most [`MAX_DEPTH`] deep; an unsatisfied wait
//! suspends the processor until a later pump; unsupported operations are counted by name.

mod bins;
mod capture;
mod cost;
mod deferred_effects;
mod delivery;
mod display;
mod draw_inputs;
mod execute;
mod expected_draw;
mod feed;
mod gamma;
mod queries;
mod recording;
mod shaders;
mod state;
mod statistics;
mod stream;
mod walk;

use std::collections::VecDeque;
use std::sync::Arc;

pub use display::{FIELDS_PER_SECOND, LINES, TICKS_PER_SECOND, VBLANK_CPU, VBLANK_TICKS};
pub use state::{EdramGeneration, GpuState};
pub use statistics::Statistics;

use crate::Cancel;
use crate::backend::{Backend, QueryReports, Readback, SwapPicture, Threaded};
use crate::draw_state::{Constants, RegisterState, StaleConstants};
use crate::memory::{PHYSICAL_SIZE, PhysicalMemory};
use crate::packets::Header;
use crate::registers::{RegisterFile, cp, dc};
use crate::trace::{Recorder, TraceEvent};
use bins::Bins;
use deferred_effects::Late;
use display::Display;
use draw_inputs::DrawInputs;
use execute::Wait;
use expected_draw::ExpectedDraw;
use feed::Feed;
use queries::{OpenQueries, Queries, SampleCounter};
use serde::{Deserialize, Serialize};
use shaders::Shaders;
use stream::Ring;

/// Maximum number of words that one pump reads; the next pump continues.
pub const MAX_WORDS_PER_PUMP: u64 = 1 << 22;
/// Maximum number of words that a short pump reads.
const MAX_WORDS_PER_SHORT_PUMP: u64 = 1 << 16;
/// Draws and resolves after which a short pump ends.
const DRAWS_PER_SHORT_PUMP: u64 = 16;
/// Delay of a vertical blank, in ticks, at which it no longer waits for packets that are due before
/// it.
const OVERDUE: u64 = TICKS_PER_SECOND / 1000;
/// Maximum number of vertical blank interrupts from one pump over a long idle time; more than
/// software ever lets queue up.
const MAX_INTERRUPTS_PER_PUMP: u64 = 64;
/// Deepest nesting of indirect buffers.
pub const MAX_DEPTH: usize = 8;

/// Event for the emulator's main loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GpuEvent {
    /// Request to call the graphics interrupt callback.
    Interrupt {
        /// Interrupted hardware threads, one bit each (bits 0 to 5).
        cpu_mask: u32,
        /// 0 for the vertical blank, 1 for the command processor.
        source: u32,
    },
    /// A front buffer was submitted for display.
    Swap {
        physical: u32,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Number of swaps so far, including this one.
        number: u64,
    },
}

/// Configuration of the command processor.
#[derive(Clone, Debug)]
pub struct Config {
    /// Render a frame for every swap; else only when [`CommandProcessor::capture_next`] was called.
    pub capture_all: bool,
    /// Generate vertical blanks.
    pub vblank: bool,
    /// Draw on the calling thread; else on a separate draw thread, if the backend can list what
    /// draws read. Guest-visible behaviour is the same.
    pub inline: bool,
    /// End a pump at its first swap, so that callers who count frames can stop there, and after
    /// some draws or words; ignored while recording. The next pump continues from there, also at
    /// the same guest time.
    pub short_pumps: bool,
    /// Time at which resolved texels are written to memory.
    pub readback: Readback,
    /// Time at which sample counts are written to memory.
    pub queries: QueryReports,
    /// Guest code may run during a pump.
    pub concurrent: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            capture_all: false,
            vblank: true,
            inline: true,
            short_pumps: false,
            readback: Readback::Lazy,
            queries: QueryReports::Exact,
            concurrent: false,
        }
    }
}

/// Observer of packets before they are executed.
pub trait Observer: Send {
    /// Called with a packet, its body, and the number of active indirect buffers (those with
    /// packets left).
    fn packet(&mut self, depth: usize, header: Header, body: &[u32]);
}

/// Swap that waits for the vertical blank.
#[derive(Clone, Copy, Debug)]
struct Flip {
    physical: u32,
    width: u32,
    height: u32,
}

/// Command processor with its register file and display controller.
pub struct CommandProcessor {
    registers: RegisterFile,
    pub(crate) memory: Arc<dyn PhysicalMemory>,
    backend: Box<dyn Backend>,
    config: Config,
    feed: Feed,
    /// Clock in chip cycles.
    cycles: u64,
    waiting: Option<Wait>,
    /// Guest time of the last poll of the current wait.
    last_poll: u64,
    /// Front buffer to show at the next vertical blank; no packets are read until then.
    flip: Option<Flip>,
    bins: Bins,
    /// Pass of the last rectangles that were charged for fill, zero after a resolve; see
    /// [`cost::pass`].
    pass: u64,
    queries: Queries,
    samples: SampleCounter,
    /// Number of calls that may have changed the EDRAM.
    edram_changes: u64,
    open_queries: OpenQueries,
    shaders: Shaders,
    expected: ExpectedDraw,
    /// Shader constants; the stale ones are captured again before a draw.
    constants: Arc<Constants>,
    stale: StaleConstants,
    /// State of the last draw's registers.
    register_state: RegisterState,
    display: Display,
    /// Number of vertical blanks and swaps so far: the counter that fences can write.
    counter: u32,
    /// Number of swaps so far, including those not yet shown.
    swaps: u64,
    late: Late,
    draw_inputs: DrawInputs,
    capture: bool,
    /// Frames not fetched yet, with their swap numbers.
    frames: VecDeque<(u64, SwapPicture)>,
    events: Vec<GpuEvent>,
    statistics: Statistics,
    observer: Option<Box<dyn Observer>>,
    pub(crate) recorder: Option<Box<Recorder>>,
}

impl CommandProcessor {
    /// Creates a processor without a ring buffer.
    pub fn new(memory: Arc<dyn PhysicalMemory>, backend: Box<dyn Backend>, config: Config) -> Self {
        let mut registers = RegisterFile::new();
        display::reset(&mut registers);
        let register_state = RegisterState::capture(&registers);
        let mut backend = if config.inline { backend } else { Threaded::wrap(backend) };
        backend.set_readback(config.readback);
        Self {
            registers,
            memory,
            backend,
            feed: Feed::default(),
            cycles: 0,
            waiting: None,
            last_poll: 0,
            flip: None,
            bins: Bins::default(),
            pass: 0,
            queries: Queries::default(),
            samples: SampleCounter::default(),
            edram_changes: 0,
            open_queries: OpenQueries::default(),
            shaders: Shaders::default(),
            expected: ExpectedDraw::default(),
            constants: Arc::default(),
            stale: StaleConstants::ALL,
            register_state,
            display: Display::new(config.vblank),
            counter: 0,
            swaps: 0,
            late: Late::default(),
            draw_inputs: DrawInputs::default(),
            capture: false,
            frames: VecDeque::new(),
            events: Vec::new(),
            statistics: Statistics::default(),
            observer: None,
            recorder: None,
            config,
        }
    }

    /// Sets the ring buffer (`VdInitializeRingBuffer`): its physical address, and its size as the
    /// log2 of quadwords. The ring is emptied.
    pub fn initialize_ring(&mut self, physical: u32, size_log2: u32) {
        let ring = Ring::new(physical, size_log2);
        self.registers.set(cp::CP_RB_WPTR, 0);
        self.waiting = None;
        self.flip = None;
        self.feed.set_ring(ring);
        self.record_call(&TraceEvent::InitializeRing { physical, size_log2 }, 0);
    }

    /// Enables write-back of the read index (in words) to `physical`: whenever two to the power of
    /// `block_size_log2` quadwords have been read, and when the ring is empty.
    pub fn enable_rptr_writeback(&mut self, physical: u32, block_size_log2: u32) {
        if let Some(ring) = &mut self.feed.ring {
            ring.write_back = Some(physical & (PHYSICAL_SIZE - 1) & !3);
            ring.block_words = 2 << block_size_log2.min(19);
        }
        self.record_call(&TraceEvent::WriteBack { physical, block_log2: block_size_log2 }, 0);
    }

    /// Handles a store to the MMIO window: register `index` (byte offset / 4), at guest time `now`.
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
        self.record_call(&TraceEvent::Store { index, value, now }, 0);
    }

    /// Moves the clock of an idle processor on to `now`.
    fn catch_up(&mut self, now: u64) {
        if !self.has_work() {
            self.cycles = self.cycles.max(cost::cycles_at(now));
        }
    }

    fn has_work(&self) -> bool {
        self.waiting.is_some() || self.flip.is_some() || self.feed.has_work()
    }

    /// Calls `publish` with every MMIO register whose value changed since the last call, so that
    /// the CPU's loads see it.
    pub fn refresh_registers(&mut self, now: u64, publish: impl FnMut(u32, u32)) {
        self.display.refresh(&mut self.registers, now);
        self.registers.take_changed(publish);
    }

    /// Whether pumps are short. They are not while a trace is recorded, because a replay repeats
    /// each pump of the recording.
    fn is_short(&self) -> bool {
        self.config.short_pumps && self.recorder.is_none()
    }

    /// Number of draws and resolves so far.
    fn drawn(&self) -> u64 {
        self.statistics.draws + self.statistics.resolves
    }

    /// The vertical blank with which a late swap is shown, instead of another wait: the last one,
    /// if it came before the packets that were due earlier. The clock continues from there, so that
    /// a host that was slow for a while does not catch up afterwards.
    fn missed_blank(&self) -> Option<u64> {
        if self.is_short() { self.display.blank_since(cost::ticks(self.cycles)) } else { None }
    }

    /// Executes everything due at guest time `now`, in order of time; a short pump only a part of
    /// it.
    pub fn pump(&mut self, now: u64) -> Vec<GpuEvent> {
        let mut words = 0;
        let swaps = self.swaps;
        let swaps_before = self.statistics.swaps;
        // The CPU may have written to prefetched words since the last pump.
        self.feed.clear();
        self.poll_late();
        self.poll(now);
        let is_short = self.is_short();
        let (most, last_draw) = if is_short {
            (MAX_WORDS_PER_SHORT_PUMP, self.drawn() + DRAWS_PER_SHORT_PUMP)
        } else {
            (MAX_WORDS_PER_PUMP, u64::MAX)
        };
        while !is_short || (self.swaps == swaps && self.drawn() < last_draw) {
            let packet = self.is_runnable().then(|| cost::ticks(self.cycles)).filter(|&time| time <= now);
            match (self.display.next_vblank(), packet) {
                (Some(blank), packet)
                    if blank <= now
                        && (packet.is_none_or(|time| blank <= time)
                            || (is_short && now - blank >= OVERDUE)) =>
                {
                    self.display.blank();
                    self.finish_flip(blank);
                    self.counter = self.counter.wrapping_add(1);
                    self.statistics.vblanks += 1;
                    self.poll_late();
                    self.events.push(GpuEvent::Interrupt { cpu_mask: 1 << VBLANK_CPU, source: 0 });
                    self.poll(blank);
                    if !self.is_runnable() && self.flip.is_none() {
                        self.skip_blanks(now);
                    }
                }
                (blank, Some(_)) if words < most => {
                    let until = blank.map_or(now, |blank| now.min(blank.saturating_sub(1)));
                    words += self.run(cost::cycles_at(until), most - words, last_draw);
                }
                // A wait for the line counter that began during this pump has not been polled
                // since.
                _ if self.waits_for_line() && self.last_poll < now => self.poll(now),
                _ => break,
            }
        }
        self.end_pump();
        self.record_call(&TraceEvent::Pump { now }, self.statistics.swaps - swaps_before);
        std::mem::take(&mut self.events)
    }

    /// Skips vertical blanks up to `now` without an effect. The caller has seen that the processor
    /// was blocked at the previous one, and its wait would find the same at each of them. The last
    /// ones are not skipped, because their interrupts count.
    fn skip_blanks(&mut self, now: u64) {
        let skipped = self.display.skip_blanks(now, MAX_INTERRUPTS_PER_PUMP);
        self.counter = self.counter.wrapping_add(skipped as u32);
        self.statistics.vblanks += skipped;
    }

    /// Whether a packet can be executed.
    fn is_runnable(&self) -> bool {
        self.waiting.is_none() && self.flip.is_none() && self.feed.is_runnable()
    }

    /// Sets the vertical blank period in ticks, from the next one on.
    pub fn set_vblank_period(&mut self, ticks: u64) {
        self.display.set_period(ticks);
        self.record_call(&TraceEvent::VblankPeriod { ticks }, 0);
    }

    /// Guest time at which a pump will next have work. While the processor waits for memory this is
    /// only the next vertical blank, since only the CPU can change that memory.
    pub fn next_event_time(&self) -> Option<u64> {
        let packet = self.is_runnable().then(|| cost::ticks(self.cycles).next_multiple_of(cost::EVENT_GRAIN));
        let line = self.waiting.filter(|wait| wait.on_line_counter());
        let line = line.and_then(|wait| self.display.next_line(self.last_poll, |line| wait.holds(line)));
        [packet, line, self.display.next_vblank()].into_iter().flatten().min()
    }

    /// Whether all submitted packets have been executed.
    pub fn is_idle(&self) -> bool {
        !self.has_work()
    }

    /// Sets the observer of packets.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Token that cancels draws, if the backend's draws may take long.
    pub fn cancel(&self) -> Option<Cancel> {
        self.backend.cancel()
    }

    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    pub fn registers(&self) -> &RegisterFile {
        &self.registers
    }

    pub fn backend(&mut self) -> &mut dyn Backend {
        &mut *self.backend
    }

    /// Feeds all state that affects later behaviour to a digest, in a fixed order.
    pub fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.finish_late();
        let queries = self.query_state();
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
        // Rarely used state is left out while it has its initial value.
        if queries != [0; 2] {
            state.extend(queries);
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
