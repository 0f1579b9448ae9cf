//! Tests of contexts in guest memory: rings, quanta, double buffering, loops, and random data.

use super::encoder::{Form, Style, packets, signal_to_noise, sine, stream};
use super::stream::{self as plain, RateCode};
use super::{Decoder, encoder};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_guest::xma::{ContextField, PACKET_SIZE, field, register};
use xenia_memory::{GuestMemory, Heap, Protect, physical};
use xenia_testing::Dice;

/// Delay between encoded and decoded samples.
const LAG: usize = 64;

pub(super) struct Bench {
    pub(super) memory: Arc<GuestMemory>,
    pub(super) decoder: Decoder,
    context: GuestAddr,
    pub(super) input: GuestAddr,
    ring: GuestAddr,
    now: u64,
}

impl Bench {
    /// Context number 33 with `packets` in its first buffer, and a ring of `blocks` blocks.
    pub(super) fn new(packets: &[u8], blocks: u32, is_stereo: bool) -> Self {
        let memory = GuestMemory::new().unwrap();
        let take = |size| {
            memory.alloc_physical(Heap::Physical4K, size, 0x1000, 0, u32::MAX, Protect::READ_WRITE).unwrap()
        };
        let array = take(0x5000);
        let input = take(0x10_0000);
        let ring = take(0x2000);
        let mut decoder = Decoder::new(memory.clone());
        decoder.store_register(register::CONTEXT_ARRAY, physical(array).unwrap(), 0);
        memory.write_bytes(input, packets).unwrap();
        let bench = Self { memory, decoder, context: array.offset(33 * 64), input, ring, now: 0 };
        bench.set(field::INPUT0, physical(input).unwrap());
        bench.set(field::INPUT0_PACKETS, packets.len() as u32 / 2048);
        bench.set(field::INPUT0_VALID, 1);
        bench.set(field::INPUT_READ_OFFSET, 32);
        bench.set(field::OUTPUT, physical(ring).unwrap());
        bench.set(field::OUTPUT_BLOCKS, blocks);
        bench.set(field::OUTPUT_VALID, 1);
        bench.set(field::SUBFRAME_DECODE_COUNT, 4);
        bench.set(field::SAMPLE_RATE, RateCode::KHZ_48.0);
        bench.set(field::IS_STEREO, u32::from(is_stereo));
        bench
    }

    fn get(&self, field: ContextField) -> u32 {
        field.of(self.memory.read(self.context.offset(4 * field.word)).unwrap())
    }

    pub(super) fn set(&self, field: ContextField, value: u32) {
        let at = self.context.offset(4 * field.word);
        self.memory.write(at, field.put(self.memory.read(at).unwrap(), value)).unwrap();
    }

    pub(super) fn kick(&mut self) {
        self.now += 1;
        self.decoder.store_register(register::KICK + 1, 2, self.now);
    }

    /// Takes the samples written since the last call.
    pub(super) fn take(&self) -> Vec<i16> {
        let blocks = self.get(field::OUTPUT_BLOCKS);
        let write = self.get(field::OUTPUT_WRITE_OFFSET);
        let mut read = self.get(field::OUTPUT_READ_OFFSET);
        let mut samples = Vec::new();
        let mut full = self.get(field::OUTPUT_VALID) == 0;
        while read != write || std::mem::take(&mut full) {
            let mut block = [0; 256];
            self.memory.read_bytes(self.ring.offset(read * 256), &mut block).unwrap();
            samples.extend(block.as_chunks::<2>().0.iter().map(|bytes| i16::from_be_bytes(*bytes)));
            read = (read + 1) % blocks;
        }
        self.set(field::OUTPUT_READ_OFFSET, read);
        self.set(field::OUTPUT_VALID, 1);
        samples
    }

    /// Kicks and takes samples until no more arrive.
    pub(super) fn drain(&mut self) -> Vec<i16> {
        let mut all = Vec::new();
        for _ in 0..10_000 {
            self.kick();
            let samples = self.take();
            if samples.is_empty() {
                return all;
            }
            all.extend(samples);
        }
        panic!("it never ends");
    }
}

pub(super) fn tone(frames: usize) -> Vec<f64> {
    // Includes the samples that the last tile overlaps.
    sine(1000.0, 10_000.0, 512 * frames + 64)
}

pub(super) fn tone_stream(frames: usize) -> Vec<u8> {
    stream(&[tone(frames)], |_| Style { form: Form::Vectors, ..Style::default() })
}

/// Bit positions of the frames.
pub(super) fn places(packets: &[u8]) -> Vec<u32> {
    let mut whole = plain::Whole(packets);
    let mut position = plain::Position::default();
    let mut places = Vec::new();
    while let plain::Next::Frame { at, behind, .. } = plain::next_frame(&mut whole, position) {
        places.push(at.bits());
        position = behind;
    }
    places
}

#[test]
fn every_ring_and_quantum_gives_the_same_samples() {
    for is_stereo in [false, true] {
        let channels = vec![tone(9); 1 + usize::from(is_stereo)];
        let bytes = stream(&channels, |_| Style::default());
        let (expected, _) = plain::decode(&bytes, is_stereo, RateCode::KHZ_48);
        for blocks in 1..=31 {
            for quantum in [0, 1, 3, 4, 8, 15] {
                let mut bench = Bench::new(&bytes, blocks, is_stereo);
                bench.set(field::SUBFRAME_DECODE_COUNT, quantum);
                let samples = bench.drain();
                assert!(samples == expected, "{blocks} {quantum} {}", samples.len());
                assert_eq!(bench.get(field::INPUT0_VALID), 0, "used up");
                assert_eq!(bench.get(field::CURRENT_BUFFER), 1);
            }
        }
    }
}

#[test]
fn a_ring_fills_in_quanta_and_is_taken_when_it_is_full() {
    let mut bench = Bench::new(&tone_stream(9), 10, false);
    bench.kick();
    // Two quanta of four blocks; the third does not fit.
    assert_eq!((bench.get(field::OUTPUT_WRITE_OFFSET), bench.get(field::OUTPUT_VALID)), (8, 1));
    assert_eq!(bench.take().len(), 8 * 128);
    bench.kick();
    assert_eq!(bench.get(field::OUTPUT_WRITE_OFFSET), 6);
    let mut bench = Bench::new(&tone_stream(9), 8, false);
    bench.kick();
    assert_eq!((bench.get(field::OUTPUT_WRITE_OFFSET), bench.get(field::OUTPUT_VALID)), (0, 0));
    let before: Vec<u32> = (0..16).map(|n| bench.memory.read(bench.context.offset(4 * n)).unwrap()).collect();
    bench.kick();
    let after: Vec<u32> = (0..16).map(|n| bench.memory.read(bench.context.offset(4 * n)).unwrap()).collect();
    assert_eq!(before, after, "there is nothing to do");
}

#[test]
fn two_buffers_take_turns_in_the_midst_of_frames() {
    let bytes = tone_stream(40);
    let (expected, _) = plain::decode(&bytes, false, RateCode::KHZ_48);
    let count = bytes.len() / 2048;
    assert!(count > 6);
    let mut bench = Bench::new(&bytes, 16, false);
    let start = physical(bench.input).unwrap();
    // Each buffer has one packet and is refilled as soon as it is released.
    let mut next = 0;
    bench.set(field::INPUT0_PACKETS, 1);
    bench.set(field::INPUT1_PACKETS, 1);
    bench.set(field::INPUT0_VALID, 0);
    let mut all = Vec::new();
    for _ in 0..400 {
        for (valid, at) in [(field::INPUT0_VALID, field::INPUT0), (field::INPUT1_VALID, field::INPUT1)] {
            if bench.get(valid) == 0 && next < count {
                bench.set(at, start + next as u32 * 2048);
                bench.set(valid, 1);
                next += 1;
            }
        }
        bench.kick();
        all.extend(bench.take());
    }
    assert_eq!(all.len(), expected.len());
    assert!(all == expected);
}

#[test]
fn a_frame_whose_rest_is_not_there_waits_for_it() {
    let bytes = tone_stream(12);
    let (expected, _) = plain::decode(&bytes, false, RateCode::KHZ_48);
    let mut bench = Bench::new(&bytes, 31, false);
    bench.set(field::INPUT0_PACKETS, 1);
    let first = bench.drain();
    let offset = bench.get(field::INPUT_READ_OFFSET);
    assert_eq!(bench.get(field::INPUT0_VALID), 1, "it is not lost");
    bench.kick();
    assert_eq!(bench.get(field::INPUT_READ_OFFSET), offset);
    bench.set(field::INPUT1, physical(bench.input).unwrap() + 2048);
    bench.set(field::INPUT1_PACKETS, bytes.len() as u32 / 2048 - 1);
    bench.set(field::INPUT1_VALID, 1);
    let rest = bench.drain();
    assert!([first, rest].concat() == expected);
}

#[test]
fn a_cut_length_field_keeps_its_buffer_for_one_kick_only() {
    // Two frames; the second begins with the packet's last byte.
    let mut packet = [0; 2048];
    packet[..4].copy_from_slice(&(2_u32 << 26 | 1 << 8).to_be_bytes());
    packet[4..6].copy_from_slice(&(16_344_u16 << 1).to_be_bytes());
    let fields = [field::INPUT0_VALID, field::CURRENT_BUFFER, field::INPUT_READ_OFFSET];
    let kept = [1, 0, 16_376];
    let released = [0, 1, 32];
    // The first frame fills the smaller ring, so only the second kick finds the cut one.
    for (blocks, kicks) in [(16, &[kept, released][..]), (4, &[kept, kept, released])] {
        let mut bench = Bench::new(&packet, blocks, false);
        for expected in kicks {
            bench.kick();
            bench.take();
            assert_eq!(fields.map(|field| bench.get(field)), *expected, "{blocks} blocks");
            let state = bench.decoder.state();
            bench.decoder.restore(state).expect("it can be");
        }
    }
}

#[test]
fn loops_are_exact_to_the_subframe() {
    let bytes = tone_stream(12);
    let (plain, _) = plain::decode(&bytes, false, RateCode::KHZ_48);
    let places = places(&bytes);
    assert_eq!(places[2] / (PACKET_SIZE * 8), places[3] / (PACKET_SIZE * 8));
    // Some titles give bits of the previous frames.
    for (end, skip, early) in [(3, 0, 0), (0, 0, 0), (2, 1, 1), (1, 4, 40)] {
        let mut bench = Bench::new(&bytes, 16, false);
        bench.set(field::LOOP_START, places[3] - early);
        bench.set(field::LOOP_END, places[8] - early);
        bench.set(field::LOOP_COUNT, 2);
        bench.set(field::LOOP_SUBFRAME_END, end);
        bench.set(field::LOOP_SUBFRAME_SKIP, skip);
        let samples = bench.drain();
        let start = 3 * 512 + skip as usize * 128;
        let until = 8 * 512 + (end as usize + 1) * 128;
        let whole = [&plain[..until], &plain[start..until], &plain[start..]];
        assert_eq!(samples.len(), whole.iter().map(|part| part.len()).sum::<usize>(), "{end} {skip}");
        assert_eq!(bench.get(field::LOOP_COUNT), 0);
        // Except at the seams, where tiles have other neighbours than in the plain stream.
        let differ = samples.iter().zip(whole.concat()).filter(|(a, b)| **a != *b).count();
        assert!(differ <= 2 * 3 * 128, "{end} {skip}: {differ}");
    }
}

#[test]
fn a_loop_over_whole_periods_has_no_seam_and_no_end() {
    let bytes = tone_stream(12);
    let places = places(&bytes);
    let mut bench = Bench::new(&bytes, 16, false);
    bench.set(field::LOOP_START, places[3]);
    bench.set(field::LOOP_END, places[11]);
    bench.set(field::LOOP_COUNT, 255);
    bench.set(field::LOOP_SUBFRAME_END, 3);
    let mut samples = Vec::new();
    while samples.len() < 512 * 100 {
        bench.kick();
        samples.extend(bench.take());
    }
    assert_eq!((bench.get(field::LOOP_COUNT), bench.get(field::INPUT0_VALID)), (255, 1));
    let ratio = signal_to_noise(&tone(100), &samples, 1, 0, LAG);
    assert!(ratio > 60.0, "{ratio} dB");
    // An endless loop from 0 to 0 is not a loop.
    let mut bench = Bench::new(&bytes, 16, false);
    bench.set(field::LOOP_COUNT, 255);
    assert_eq!(bench.drain().len(), 512 * 12);
}

#[test]
fn a_pass_ends_with_any_loop_count() {
    let bytes = tone_stream(12);
    let mut bench = Bench::new(&bytes, 31, false);
    let place = places(&bytes)[3];
    bench.set(field::INPUT_READ_OFFSET, place);
    bench.set(field::LOOP_START, place);
    bench.set(field::LOOP_END, place);
    bench.set(field::LOOP_COUNT, 255);
    bench.set(field::LOOP_SUBFRAME_END, 0);
    bench.set(field::LOOP_SUBFRAME_SKIP, 4);
    bench.kick();
    assert_eq!(bench.decoder.figures().frames, 64);
    // At one moment the limit applies; decoding continues at the next moment.
    for _ in 0..1000 {
        bench.decoder.store_register(register::KICK + 1, 2, 77);
    }
    let figures = bench.decoder.figures();
    assert_eq!((figures.frames, figures.refused), (64 + 40 * 64, 960));
    bench.kick();
    assert_eq!(bench.decoder.figures().frames, 64 + 41 * 64);
}

#[test]
fn kicks_that_decode_nothing_end() {
    // The last frame continues in a packet that is missing.
    let mut bench = Bench::new(&tone_stream(40)[..PACKET_SIZE as usize], 16, false);
    bench.drain();
    let before = bench.decoder.figures();
    for _ in 0..20_000 {
        bench.decoder.store_register(register::KICK, 1, 99);
    }
    let after = bench.decoder.figures();
    assert_eq!(after.frames, before.frames, "nothing is decoded");
    assert!(after.refused - before.refused > 9_000, "{after:?}");
}

#[test]
fn streams_of_others_between_the_packets_are_left_out() {
    let frames: Vec<_> = (0..12).map(|n| encoder::frame(&[tone(12)], n * 512, Style::default())).collect();
    let ours = packets(&frames, 1);
    let noise = [0xA5_u8; 2048];
    let mixed: Vec<u8> = ours.iter().flat_map(|packet| [*packet, noise]).flatten().collect();
    let (expected, _) = plain::decode(&stream(&[tone(12)], |_| Style::default()), false, RateCode::KHZ_48);
    let samples = Bench::new(&mixed, 20, false).drain();
    assert!(samples.len() >= expected.len() && samples[..expected.len()] == expected);
}

#[test]
fn packets_in_which_no_frame_begins_change_no_sample_and_no_buffer() {
    // Each frame in separate packets.
    let frames: Vec<Vec<[u8; 2048]>> =
        (0..12).map(|n| packets(&[encoder::frame(&[tone(12)], n * 512, Style::default())], 0)).collect();
    let (expected, _) = plain::decode(frames.concat().as_flattened(), false, RateCode::KHZ_48);
    assert_eq!(expected.len(), 12 * 512);
    let mut padding = [0xFF; 2048];
    padding[..4].copy_from_slice(&0x03FF_F9FF_u32.to_be_bytes());
    let mut dice = Dice(9);
    for _ in 0..40 {
        let with_padding = |frame: &Vec<[u8; 2048]>, count| [frame.clone(), vec![padding; count]].concat();
        let all: Vec<_> = frames.iter().flat_map(|frame| with_padding(frame, dice.below(3))).collect();
        let first = 1 + dice.below(all.len() - 1);
        let mut bench = Bench::new(all.as_flattened(), 16, false);
        bench.set(field::INPUT0_PACKETS, first as u32);
        bench.set(field::INPUT1, physical(bench.input).unwrap() + 2048 * first as u32);
        bench.set(field::INPUT1_PACKETS, (all.len() - first) as u32);
        bench.set(field::INPUT1_VALID, 1);
        assert!(bench.drain() == expected);
        assert_eq!((bench.get(field::INPUT1_VALID), bench.get(field::INPUT_READ_OFFSET)), (0, 32));
    }
}

/// The rest of a frame that begins in the second buffer comes in the first one.
#[test]
fn a_frame_whose_rest_is_missing_releases_the_buffer_before_it() {
    const PAYLOAD: usize = 16_352;
    let frames: Vec<_> = (0..40).map(|n| encoder::frame(&[tone(40)], n * 512, Style::default())).collect();
    let mut starts = frames.iter().scan(0, |at, frame| Some(std::mem::replace(at, *at + frame.bits.len())));
    let last = starts.by_ref().take_while(|at| *at < PAYLOAD).last().unwrap();
    let mut all = packets(&frames, 0);
    assert!(all.len() > 1);
    // The bits before the last frame that begins in the packet are the end of an older one.
    all[0][..4].copy_from_slice(&(1 << 26 | (last as u32) << 11 | 1 << 8).to_be_bytes());
    let (expected, _) = plain::decode(all[..2].as_flattened(), false, RateCode::KHZ_48);
    let mut padding = [0xFF; 2048];
    padding[..4].copy_from_slice(&0x03FF_F9FF_u32.to_be_bytes());
    let mut bench = Bench::new([padding, all[0], all[1]].as_flattened(), 16, false);
    let input = physical(bench.input).unwrap();
    bench.set(field::INPUT0_PACKETS, 1);
    bench.set(field::INPUT1, input + 2048);
    bench.set(field::INPUT1_PACKETS, 1);
    bench.set(field::INPUT1_VALID, 1);
    assert!(bench.drain().is_empty());
    let valid = [field::INPUT0_VALID, field::INPUT1_VALID, field::CURRENT_BUFFER];
    assert_eq!(valid.map(|field| bench.get(field)), [0, 1, 1]);
    bench.set(field::INPUT0, input + 2 * 2048);
    bench.set(field::INPUT0_VALID, 1);
    let samples = bench.drain();
    assert!(!samples.is_empty() && samples == expected);
}

#[test]
fn a_cleared_context_has_no_buffers_and_restarts() {
    let mut bench = Bench::new(&tone_stream(9), 10, false);
    bench.kick();
    assert_ne!(bench.get(field::OUTPUT_WRITE_OFFSET), 0);
    bench.decoder.store_register(register::CLEAR + 1, 2, 7);
    for valid in [field::INPUT0_VALID, field::INPUT1_VALID, field::OUTPUT_VALID] {
        assert_eq!(bench.get(valid), 0);
    }
    let offsets = [field::OUTPUT_READ_OFFSET, field::OUTPUT_WRITE_OFFSET, field::INPUT_READ_OFFSET];
    assert_eq!(offsets.map(|offset| bench.get(offset)), [0, 0, 32]);
    assert_eq!((bench.get(field::OUTPUT_BLOCKS), bench.get(field::SAMPLE_RATE)), (10, 3), "the title's");
    bench.set(field::INPUT0_VALID, 1);
    bench.set(field::OUTPUT_VALID, 1);
    let (expected, _) = plain::decode(&tone_stream(9), false, RateCode::KHZ_48);
    assert!(bench.drain() == expected);
}

#[test]
fn missing_memory_is_only_counted() {
    let mut bench = Bench::new(&tone_stream(3), 16, false);
    bench.set(field::INPUT0, 0x1F00_0000);
    bench.kick();
    let mut ring = Bench::new(&tone_stream(3), 16, false);
    ring.set(field::OUTPUT, 0x1F00_0000);
    ring.kick();
    assert_eq!((bench.decoder.figures().faults, ring.decoder.figures().faults), (1, 1));
    let mut nobody = Decoder::new(GuestMemory::new().unwrap());
    nobody.store_register(register::KICK, u32::MAX, 1);
    assert_eq!(nobody.figures().passes, 0);
}

#[test]
fn registers_are_little_endian_and_no_context_is_ever_in_work() {
    let bench = Bench::new(&tone_stream(3), 16, false);
    let registers = bench.memory.device_registers(xenia_memory::MmioDevice::Xma);
    let array = physical(bench.context).unwrap() - 33 * 64;
    assert_eq!(registers.load(register::CONTEXT_ARRAY).swap_bytes(), array);
    let current = registers.load(register::CURRENT_CONTEXT).swap_bytes();
    assert!(current >= 320 && current & 0x200 == 0);
}

#[test]
fn contexts_of_noise_end() {
    let bytes = tone_stream(12);
    let mut dice = Dice(3);
    for _ in 0..300 {
        let mut bench = Bench::new(&bytes, 16, dice.one_in(2));
        for _ in 0..dice.below(40) {
            let at = dice.below(bytes.len()) as u32;
            bench.memory.write(bench.input.offset(at), dice.next() as u8).unwrap();
        }
        for word in 0..10 {
            if !(5..=8).contains(&word) && dice.one_in(3) {
                let at = bench.context.offset(4 * word);
                let value: u32 = bench.memory.read(at).unwrap();
                bench.memory.write(at, value ^ 1 << dice.below(32)).unwrap();
            }
        }
        for _ in 0..20 {
            bench.kick();
            bench.set(field::OUTPUT_READ_OFFSET, bench.get(field::OUTPUT_WRITE_OFFSET));
            bench.set(field::OUTPUT_VALID, 1);
        }
        assert!(bench.decoder.figures().frames <= 20 * 64);
    }
}
