//! XMA contexts: input buffers, the output ring buffer, loops.
//!
//! A kick starts a pass over one context, which lasts until the ring is full or the input ends;
//! then the context is idle until the next kick. Contexts are therefore always idle when a title
//! reads them, and the result of a pass depends on guest memory alone.
//!
//! Only words and bits owned by the decoder are written back, atomically per word, because the
//! title can change the others meanwhile.

mod state;

pub use state::XmaState;

use super::packet::{HEADER_BITS, Next, Packet, PacketSource, Position, next_frame};
use super::stream::{FRAME_SAMPLES, FrameDecoder, RateCode};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_guest::xma::{BLOCK_SIZE, CONTEXT_SIZE, CONTEXTS, ContextField, PACKET_SIZE, field, register};
use xenia_memory::{GuestMemory, MemoryFault, MmioDevice, physical_to_view};

/// Largest number of frames per pass; the largest ring holds eight. This also bounds empty loops.
const MAX_FRAMES_PER_PASS: usize = 64;
/// Largest number of frames at one moment of guest time: a full ring for every context, which is
/// more than a console could decode. All stores of one visit share a moment, so a title that only
/// stores kicks cannot prevent the machine from being stopped.
const MAX_FRAMES_AT_ONCE: u64 = 8 * CONTEXTS as u64;
/// Largest number of packets read and passes started at one moment: an incomplete frame costs its
/// packets at each attempt.
const MAX_READS_AT_ONCE: u64 = 32 * CONTEXTS as u64;
/// Value of the register of the active context: no context. Titles wait until it is not their
/// context.
const NO_CONTEXT: u32 = 0x1FF;
/// Samples in a block of the ring.
const BLOCK_SAMPLES: usize = BLOCK_SIZE as usize / 2;
/// Samples per channel in a subframe.
const SUBFRAME: usize = FRAME_SAMPLES / 4;
/// Number of values of the field of the read offset: the bits of 4,096 packets.
const READ_OFFSETS: u32 = 1 << 26;
/// Loop count of an endless loop.
const FOR_EVER: u32 = 255;

/// Statistics of the decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct XmaFigures {
    /// Kicks that started a pass.
    pub passes: u64,
    /// Number of frames decoded.
    pub frames: u64,
    /// Frames that could not be decoded and are silent.
    pub frames_failed: u64,
    /// Passes that accessed unmapped memory.
    pub faults: u64,
    /// Kicks ignored because of the limits per moment.
    pub refused: u64,
    /// Number of packets read.
    pub packets: u64,
}

/// Decoder state of a stream that is not in its context.
#[derive(Debug)]
struct Stream {
    decoder: FrameDecoder,
    is_stereo: bool,
    rate: RateCode,
    /// Samples that are not in the ring yet.
    pending: VecDeque<i16>,
    /// Samples per channel to drop from the next frame.
    leave_out: usize,
    /// Read offset of a frame with a cut length field that the last kick has left for the next one.
    waits_at: Option<u32>,
}

/// The XMA decoder with its contexts and registers.
pub struct Decoder {
    memory: Arc<GuestMemory>,
    /// Address of the context array, once the kernel has set it.
    contexts: Option<GuestAddr>,
    streams: Vec<Option<Box<Stream>>>,
    figures: XmaFigures,
    /// The last moment of guest time with a register store.
    moment: u64,
    /// The statistics before that moment.
    figures_before: XmaFigures,
}

/// A context's words during a pass.
struct Words([u32; 10]);

impl Words {
    fn read(memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault> {
        let mut words = [0; 10];
        for (number, word) in (0..).zip(&mut words) {
            *word = memory.read(at.offset(4 * number))?;
        }
        Ok(Self(words))
    }

    fn get(&self, field: ContextField) -> u32 {
        field.of(self.0[field.word as usize])
    }

    fn set(&mut self, field: ContextField, value: u32) {
        let word = &mut self.0[field.word as usize];
        *word = field.put(*word, value);
    }

    /// Number of packets in the current buffer.
    fn packets(&self) -> u32 {
        self.get(if self.get(field::CURRENT_BUFFER) == 0 {
            field::INPUT0_PACKETS
        } else {
            field::INPUT1_PACKETS
        })
    }

    fn is_valid(&self) -> bool {
        self.get(valid_field(self.get(field::CURRENT_BUFFER))) != 0
    }

    /// Releases the current buffer and switches to the other one.
    fn release(&mut self) {
        let current = self.get(field::CURRENT_BUFFER);
        self.set(valid_field(current), 0);
        self.set(field::CURRENT_BUFFER, 1 - current);
    }
}

fn valid_field(buffer: u32) -> ContextField {
    if buffer == 0 { field::INPUT0_VALID } else { field::INPUT1_VALID }
}

/// Packets of the current buffer, followed by those of the other one.
struct Buffers<'a> {
    memory: &'a GuestMemory,
    words: &'a Words,
    fault: Option<MemoryFault>,
    /// Number of packets read.
    packets_read: &'a mut u64,
}

impl PacketSource for Buffers<'_> {
    fn packet(&mut self, index: u32) -> Option<Packet> {
        let words = self.words;
        let current = words.get(field::CURRENT_BUFFER);
        let (buffer, index) =
            index.checked_sub(words.packets()).map_or((current, index), |beyond| (1 - current, beyond));
        let (at, count) = if buffer == 0 {
            (field::INPUT0, field::INPUT0_PACKETS)
        } else {
            (field::INPUT1, field::INPUT1_PACKETS)
        };
        if words.get(valid_field(buffer)) == 0 || index >= words.get(count) {
            return None;
        }
        *self.packets_read += 1;
        let mut packet = [0; PACKET_SIZE as usize];
        let at = physical_to_view(words.get(at)).offset(index * PACKET_SIZE);
        match self.memory.read_bytes(at, &mut packet) {
            Ok(()) => Some(packet),
            Err(fault) => {
                self.fault.get_or_insert(fault);
                None
            }
        }
    }
}

impl Decoder {
    /// A decoder without contexts.
    pub fn new(memory: Arc<GuestMemory>) -> Self {
        let streams = (0..CONTEXTS).map(|_| None).collect();
        let figures = XmaFigures::default();
        Self { memory, contexts: None, streams, figures, moment: 0, figures_before: figures }
    }

    /// Statistics since the start.
    pub fn figures(&self) -> XmaFigures {
        self.figures
    }

    /// Handles a store to a register at a moment of guest time, in any unit.
    pub fn store_register(&mut self, index: u32, value: u32, now: u64) {
        if self.moment != now {
            self.moment = now;
            self.figures_before = self.figures;
        }
        self.show(index, value);
        if index == register::CONTEXT_ARRAY {
            self.contexts = Some(physical_to_view(value));
            self.show(register::CURRENT_CONTEXT, NO_CONTEXT);
            return;
        }
        contexts_in(register::KICK, index, value).for_each(|context| self.kick(context));
        contexts_in(register::CLEAR, index, value).for_each(|context| self.clear(context));
    }

    /// Sets the value that titles read from a register: a little-endian word.
    fn show(&self, index: u32, value: u32) {
        self.memory.device_registers(MmioDevice::Xma).store(index, value.swap_bytes());
    }

    fn clear(&mut self, context: u32) {
        let Some(stream) = self.streams.get_mut(context as usize) else { return };
        *stream = None;
        let Some(array) = self.contexts else { return };
        if clear_words(&self.memory, array.offset(context * CONTEXT_SIZE)).is_err() {
            self.figures.faults += 1;
        }
    }

    fn kick(&mut self, context: u32) {
        let Some(array) = self.contexts else { return };
        let done = &self.figures;
        let before = &self.figures_before;
        let reads = done.packets + done.passes - before.packets - before.passes;
        if done.frames - before.frames >= MAX_FRAMES_AT_ONCE || reads >= MAX_READS_AT_ONCE {
            self.figures.refused += 1;
            return;
        }
        self.figures.passes += 1;
        if self.pass(array.offset(context * CONTEXT_SIZE), context as usize).is_err() {
            self.figures.faults += 1;
        }
    }

    fn pass(&mut self, at: GuestAddr, index: usize) -> Result<(), MemoryFault> {
        let memory = self.memory.clone();
        let mut words = Words::read(&memory, at)?;
        let before = words.0;
        let is_stereo = words.get(field::IS_STEREO) != 0;
        let rate = RateCode(words.get(field::SAMPLE_RATE));
        let Some(slot) = self.streams.get_mut(index) else { return Ok(()) };
        // A context with other channels or another rate has begun another stream.
        let kept = slot.take().filter(|stream| (stream.is_stereo, stream.rate) == (is_stereo, rate));
        let mut stream = kept.unwrap_or_else(|| {
            let decoder = FrameDecoder::new(is_stereo, rate);
            let pending = VecDeque::new();
            Box::new(Stream { decoder, is_stereo, rate, pending, leave_out: 0, waits_at: None })
        });
        let result = run(&memory, &mut words, &mut stream, &mut self.figures);
        // Also after a fault: the ring has the frames before it.
        self.streams[index] = Some(stream);
        write_back(&memory, at, before, &words)?;
        result
    }
}

/// Contexts whose bits are set in a value stored to the register at `index`, if that belongs to the
/// group that begins at `group`.
fn contexts_in(group: u32, index: u32, value: u32) -> impl Iterator<Item = u32> {
    let word = Some(index.wrapping_sub(group)).filter(|&word| word < register::GROUP);
    word.into_iter().flat_map(move |word| {
        (0..32).filter(move |bit| value >> bit & 1 != 0).map(move |bit| word * 32 + bit)
    })
}

/// Decodes until the ring is full or the input ends.
fn run(
    memory: &GuestMemory,
    words: &mut Words,
    stream: &mut Stream,
    figures: &mut XmaFigures,
) -> Result<(), MemoryFault> {
    // A unit larger than the ring would never fit.
    let quantum = words.get(field::SUBFRAME_DECODE_COUNT).max(1).min(words.get(field::OUTPUT_BLOCKS).max(1));
    let mut fault = None;
    for _ in 0..MAX_FRAMES_PER_PASS {
        if !write_blocks(memory, words, stream, quantum)? {
            return Ok(());
        }
        match decode_frame(memory, words, stream, figures) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                fault = Some(error);
                break;
            }
        }
    }
    // Less than the title's unit of output remains, but the input has ended.
    write_blocks(memory, words, stream, 1)?;
    fault.map_or(Ok(()), Err)
}

/// Writes pending samples to the ring in units of `quantum` blocks. Returns `false` if one more
/// unit does not fit.
fn write_blocks(
    memory: &GuestMemory,
    words: &mut Words,
    stream: &mut Stream,
    quantum: u32,
) -> Result<bool, MemoryFault> {
    let blocks = words.get(field::OUTPUT_BLOCKS);
    let read = words.get(field::OUTPUT_READ_OFFSET);
    let ring = physical_to_view(words.get(field::OUTPUT));
    loop {
        let write = words.get(field::OUTPUT_WRITE_OFFSET);
        if words.get(field::OUTPUT_VALID) == 0 || blocks == 0 || read >= blocks || write >= blocks {
            return Ok(false);
        }
        // Equal offsets mean that the title has read everything: a full ring is not valid.
        let free = if read == write { blocks } else { (read + blocks - write) % blocks };
        if free < quantum {
            return Ok(false);
        }
        if stream.pending.len() < quantum as usize * BLOCK_SAMPLES {
            return Ok(true);
        }
        let mut next = write;
        for _ in 0..quantum {
            let bytes: Vec<u8> = stream.pending.drain(..BLOCK_SAMPLES).flat_map(i16::to_be_bytes).collect();
            memory.write_bytes(ring.offset(next * BLOCK_SIZE), &bytes)?;
            next = (next + 1) % blocks;
        }
        words.set(field::OUTPUT_WRITE_OFFSET, next);
        if next == read {
            words.set(field::OUTPUT_VALID, 0);
        }
    }
}

/// Whether the frame at `at` is the last one of a loop iteration: the first frame at or after the
/// bit of the loop's end, as a loop's start is found.
fn ends_loop(memory: &GuestMemory, words: &Words, at: Position, packets_read: &mut u64) -> bool {
    let start = words.get(field::LOOP_START);
    let end = words.get(field::LOOP_END);
    // Some titles express "no loop" as an endless loop from 0 to 0.
    if words.get(field::LOOP_COUNT) == 0 || (start, end) == (0, 0) {
        return false;
    }
    if !(start.max(HEADER_BITS)..at.bits()).contains(&end) {
        return at.bits() == end;
    }
    // The end is a bit of a previous frame, or between frames, if this frame is the next one.
    let mut buffers = Buffers { memory, words, fault: None, packets_read };
    matches!(next_frame(&mut buffers, Position::of_bits(end)), Next::Frame { at: first, .. } if first == at)
}

/// Begins the next iteration of a loop. Returns the position of its first frame.
fn begin_iteration(words: &mut Words, stream: &mut Stream) -> Position {
    stream.leave_out = SUBFRAME * (words.get(field::LOOP_SUBFRAME_SKIP) as usize).min(4);
    let count = words.get(field::LOOP_COUNT);
    if count != FOR_EVER {
        // Not below zero: `ends_loop` finds no end where the count is zero.
        words.set(field::LOOP_COUNT, count - 1);
    }
    Position::of_bits(words.get(field::LOOP_START))
}

/// Decodes a frame. Returns `false` if there is none.
///
/// The first kick that finds a frame whose length field continues in a missing packet waits for the
/// title's other buffer. The next one gives the frame up, because some titles fill no buffer before
/// this one is released.
fn decode_frame(
    memory: &GuestMemory,
    words: &mut Words,
    stream: &mut Stream,
    figures: &mut XmaFigures,
) -> Result<bool, MemoryFault> {
    let offset = words.get(field::INPUT_READ_OFFSET);
    let has_waited = stream.waits_at.take() == Some(offset);
    if !words.is_valid() {
        let other = 1 - words.get(field::CURRENT_BUFFER);
        if words.get(valid_field(other)) == 0 {
            return Ok(false);
        }
        words.set(field::CURRENT_BUFFER, other);
    }
    let position = Position::of_bits(offset);
    let mut buffers = Buffers { memory, words, fault: None, packets_read: &mut figures.packets };
    let next = next_frame(&mut buffers, position);
    if let Some(fault) = buffers.fault {
        return Err(fault);
    }
    let is_end = matches!(next, Next::End(_));
    let waits = !has_waited && matches!(next, Next::MissingLength { .. });
    let (mut position, has_frame) = match next {
        Next::MissingLength { behind, .. } if has_waited => (behind, false),
        Next::Missing(at) | Next::MissingLength { at, .. } | Next::End(at) => (at, false),
        Next::Frame { bytes, length, at, behind, metadata } => {
            figures.frames += 1;
            words.set(field::PACKET_METADATA, metadata);
            let mut samples = Vec::with_capacity(2 * FRAME_SAMPLES);
            figures.frames_failed += u64::from(stream.decoder.decode(&bytes, length, &mut samples).is_err());
            let channels = stream.decoder.channels();
            let from = std::mem::take(&mut stream.leave_out).min(FRAME_SAMPLES);
            let mut to = FRAME_SAMPLES;
            let mut position = behind;
            if ends_loop(memory, words, at, &mut figures.packets) {
                to = SUBFRAME * (words.get(field::LOOP_SUBFRAME_END) as usize + 1).min(4);
                position = begin_iteration(words, stream);
            }
            // The title's fields may leave nothing between `from` and `to`.
            let kept = samples.get(from * channels..to * channels).unwrap_or_default();
            stream.pending.extend(kept);
            (position, true)
        }
    };
    // Release buffers before the new position, also where the rest of a frame is missing: the title
    // may have no other buffer for it.
    while position.packet >= words.packets() && words.is_valid() {
        position.packet -= words.packets();
        words.release();
    }
    let offset = position.bits() % READ_OFFSETS;
    words.set(field::INPUT_READ_OFFSET, offset);
    stream.waits_at = waits.then_some(offset);
    // The end of a buffer is not the end of the input if the release has switched to a valid one.
    Ok(has_frame || is_end && words.is_valid())
}

/// Resets a context: no buffers, position at the start; the title's other settings stay. This
/// follows xenia-canary; the console's behaviour is unknown.
fn clear_words(memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
    let mut words = Words::read(memory, at)?;
    let before = words.0;
    for (field, value) in [
        (field::INPUT0_VALID, 0),
        (field::INPUT1_VALID, 0),
        (field::OUTPUT_VALID, 0),
        (field::OUTPUT_READ_OFFSET, 0),
        (field::OUTPUT_WRITE_OFFSET, 0),
        (field::INPUT_READ_OFFSET, Position::default().bits()),
    ] {
        words.set(field, value);
    }
    write_back(memory, at, before, &words)
}

/// Writes back the words that the decoder has changed.
fn write_back(
    memory: &GuestMemory,
    at: GuestAddr,
    before: [u32; 10],
    words: &Words,
) -> Result<(), MemoryFault> {
    for (number, (old, new)) in (0..).zip(before.into_iter().zip(words.0)) {
        let changed = old ^ new;
        if changed != 0 {
            // Bits that the title has set meanwhile are preserved.
            let put =
                memory.atomic_u32(at.offset(4 * number), |word| Some(word & !changed | new & changed))?;
            debug_assert!(put.is_ok(), "it always changes");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
