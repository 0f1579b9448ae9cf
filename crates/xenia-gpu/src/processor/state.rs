//! Snapshot of the processor's state: saved when a trace begins, restored when it is played. A
//! machine's saved state has it, too, as [`GpuState`].

use super::execute::Wait;
use super::queries::{OpenQueries, SampleCounter};
use super::stream::{List, Ring};
use super::*;
use crate::edram::EdramPage;
use crate::fnv;
use crate::registers::COUNT;
use crate::trace::{ProcessorState, RingState};
use serde::{Deserialize, Serialize};
use xenia_guest::MAX_TICKS;
use xenia_state::{Impossible, StateSection, Unsaveable, check};

/// Maximum number of words in an indirect buffer.
const MAX_LIST: u32 = 0xf_ffff;

/// The processor's part of a machine's saved state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuState {
    /// The state as a trace has it, without the EDRAM.
    trace: ProcessorState,
    open_queries: OpenQueries,
    /// Events of effects that were late, for the next pump to return.
    events: Vec<GpuEvent>,
    /// The words of the EDRAM; none if the backend has no EDRAM.
    #[serde(with = "xenia_state::whole_words")]
    edram: Vec<u32>,
}

impl StateSection for GpuState {
    const NAME: &'static str = "gpu";
    const VERSION: u16 = 3;
}

impl GpuState {
    /// Puts the words of the EDRAM in.
    pub fn put_edram(&mut self, words: Vec<u32>) {
        self.edram = words;
    }
}

/// Generation of the EDRAM's contents: changes after it can be read.
#[derive(Clone, Copy, Debug)]
pub struct EdramGeneration {
    /// Calls so far that may have changed the EDRAM.
    changes: u64,
    /// The backend's number of the generation.
    number: u64,
}

impl RingState {
    /// The ring of a saved state.
    fn ring(self) -> Result<Ring, Impossible> {
        let Self { base, words, read, write, stalled, write_back, block_words, skip } = self;
        let are_powers = words.is_power_of_two() && block_words.is_power_of_two();
        check(are_powers, "the ring's size is not a power of two")?;
        check((4..=2 << 22).contains(&words), "the ring has too few or too many words")?;
        check(read < words && write < words, "the ring's indices are outside it")?;
        check(
            base < PHYSICAL_SIZE && base.is_multiple_of(4),
            "the ring buffer is outside of physical memory or unaligned",
        )?;
        let write_back = write_back.map(|at| at & (PHYSICAL_SIZE - 1) & !3);
        Ok(Ring { base, words, read, write, stalled, write_back, block_words, skip })
    }
}

impl CommandProcessor {
    /// The state to save with a machine, between two runs. Late effects are carried out first, and
    /// memory gets all texels, so it has to be saved after this.
    ///
    /// # Errors
    /// Copies that stay on the host's device.
    pub fn machine_state(&mut self) -> Result<GpuState, Unsaveable> {
        let mut state = self.state_without_edram()?;
        state.edram = self.backend.edram().unwrap_or_default();
        Ok(state)
    }

    /// The state to save with a machine, without the words of the EDRAM.
    ///
    /// # Errors
    /// As [`Self::machine_state`].
    pub fn state_without_edram(&mut self) -> Result<GpuState, Unsaveable> {
        if self.config.readback == Readback::None {
            return Err("resolved texels exist on the graphics device only, since none are read back".into());
        }
        self.finish_effects();
        let trace = self.plain_state();
        let open_queries = self.open_queries.clone();
        let events = self.events.clone();
        Ok(GpuState { trace, open_queries, events, edram: Vec::new() })
    }

    /// Passes the pages of the EDRAM that may have changed since a generation to `each`, with their
    /// numbers; `None` is the first generation, when each word is zero. Returns the present
    /// generation, or `None` if the backend has no EDRAM.
    pub fn edram_since(
        &mut self,
        since: Option<EdramGeneration>,
        each: &mut dyn FnMut(u32, &EdramPage),
    ) -> Option<EdramGeneration> {
        let changes = self.edram_changes;
        if since.is_some_and(|since| since.changes == changes) {
            return since;
        }
        let number = self.backend.edram_since(since.map_or(0, |since| since.number), each)?;
        Some(EdramGeneration { changes, number })
    }

    /// Carries out the late effects and delivers all texels, before memory is saved or replaced by
    /// that of another moment: otherwise they would be written to the memory of that moment.
    pub fn finish_effects(&mut self) {
        self.finish_late();
        self.deliver_all();
    }

    /// Restores the state of a machine.
    ///
    /// # Errors
    /// A state that no processor can be in.
    pub fn restore_machine(&mut self, state: &GpuState) -> Result<(), Impossible> {
        let GpuState { trace, open_queries, events, edram } = state;
        let is_past =
            |event: &GpuEvent| !matches!(event, GpuEvent::Swap { number, .. } if *number > trace.counts[0]);
        check(events.iter().all(is_past), "a swap is shown that was not made")?;
        check(open_queries.is_valid(), "too many queries are open")?;
        check(trace.edram.is_empty(), "there is a second EDRAM")?;
        self.restore_with(trace, edram)?;
        self.swaps = trace.counts[0];
        self.open_queries = open_queries.clone();
        self.backend.count_samples(self.open_queries.is_counting());
        if self.open_queries.is_known() {
            // The first report began this.
            self.backend.samples_passed();
        }
        // The events that the processor holds belong to the state before the restore.
        self.events.clone_from(events);
        self.frames.clear();
        Ok(())
    }

    /// Captures all state that affects later behaviour, except memory.
    pub(crate) fn state(&mut self) -> ProcessorState {
        let state = self.plain_state();
        ProcessorState { edram: self.backend.edram().unwrap_or_default(), ..state }
    }

    /// As [`Self::state`], without the EDRAM.
    fn plain_state(&mut self) -> ProcessorState {
        self.finish_late();
        let queries = self.query_state();
        let ring = self.feed.ring.as_ref().map(|ring| RingState {
            base: ring.base,
            words: ring.words,
            read: ring.read,
            write: ring.write,
            stalled: ring.stalled,
            write_back: ring.write_back,
            block_words: ring.block_words,
            skip: ring.skip,
        });
        let (shaders, shader_starts) = self.shaders.state();
        let passed = self.backend.samples_so_far();
        ProcessorState {
            registers: self.registers.values().to_vec(),
            ring,
            lists: self.feed.lists.iter().map(|list| [list.base, list.next, list.end]).collect(),
            cycles: self.cycles,
            waiting: self.waiting.map(Wait::words),
            flip: self.flip.map(|flip| [flip.physical, flip.width, flip.height]),
            bins: [self.bins.mask, self.bins.select],
            shaders,
            display: self.display.state(),
            counter: self.counter,
            samples: self.samples.count(passed),
            queries,
            shader_starts,
            counts: [self.statistics.swaps, self.statistics.vblanks],
            edram: Vec::new(),
            pass: self.pass,
            last_poll: self.last_poll,
        }
    }

    /// Restores a state. The input is untrusted: invalid values are refused with an error message.
    pub(crate) fn restore(&mut self, state: &ProcessorState) -> Result<(), String> {
        self.restore_with(state, &state.edram).map_err(|Impossible(reason)| reason.into_owned())?;
        self.open_queries = OpenQueries::default();
        self.count_all();
        Ok(())
    }

    /// Lets the backend count the samples of all draws up to the next report: where a trace begins,
    /// in the recording as in a replay, which has no earlier queries.
    pub(crate) fn count_all(&mut self) {
        self.backend.count_samples(true);
        self.backend.samples_passed();
    }

    fn restore_with(&mut self, state: &ProcessorState, edram: &[u32]) -> Result<(), Impossible> {
        check(state.registers.len() == COUNT, "wrong number of registers")?;
        check(state.cycles <= cost::cycles_at(MAX_TICKS), "its clock is too late")?;
        check(state.last_poll <= MAX_TICKS, "its last poll is too late")?;
        check(state.lists.len() <= MAX_DEPTH, "too many indirect buffers")?;
        check(
            state.counts.iter().all(|&count| u32::try_from(count).is_ok()),
            "a count of swaps or vertical blanks is too high",
        )?;
        let lists = state.lists.iter().map(|&[base, next, end]| {
            check(
                next < end && end <= MAX_LIST,
                "the next word of an indirect buffer is past its end, or its end too far",
            )?;
            Ok(List { base: base & (PHYSICAL_SIZE - 1) & !3, next, end })
        });
        let lists = lists.collect::<Result<_, Impossible>>()?;
        let ring = state.ring.map(RingState::ring).transpose()?;
        let display = Display::from_state(&state.display)?;
        if !edram.is_empty() {
            self.edram_changes += 1;
            self.backend.set_edram(edram)?;
        }
        for (index, &value) in state.registers.iter().enumerate() {
            self.registers.set(index as u32, value);
        }
        self.shaders.restore(&state.shaders, state.shader_starts);
        self.feed.ring = ring;
        self.feed.lists = lists;
        self.display = display;
        self.cycles = state.cycles;
        self.waiting = state.waiting.map(|words| Wait::new(&words));
        self.last_poll = state.last_poll;
        self.flip = state.flip.map(|[physical, width, height]| Flip { physical, width, height });
        let [mask, select] = state.bins;
        self.bins = Bins { mask, select };
        self.pass = state.pass;
        self.counter = state.counter;
        self.queries.set_visibility(state.queries);
        self.samples = SampleCounter::resume(state.samples, self.backend.samples_so_far());
        [self.statistics.swaps, self.statistics.vblanks] = state.counts;
        self.stale = StaleConstants::ALL;
        self.feed.clear();
        Ok(())
    }

    /// Digest (128-bit FNV-1a) of the processor at guest time `now`, for the end of a trace.
    pub(crate) fn short_digest(&mut self, now: u64) -> [u8; 16] {
        self.display.refresh(&mut self.registers, now);
        let mut hash = fnv::BASIS_128;
        self.digest(&mut |bytes| hash = fnv::bytes_128(hash, bytes));
        hash.to_be_bytes()
    }
}
