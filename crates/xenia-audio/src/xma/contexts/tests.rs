//! Tests of contexts that are used again, of loops of two channels, and of words that a title
//! changes during a pass.

use super::{Words, write_back};
use crate::xma::contexts_tests::{Bench, places, tone};
use crate::xma::encoder::{Style, stream};
use crate::xma::stream::{RateCode, decode};
use xenia_guest::xma::{PACKET_SIZE, field};
use xenia_memory::{GuestMemory, Heap, Protect};

#[test]
fn a_context_that_changes_its_channels_begins_a_new_stream() {
    let mono = stream(&[tone(9)], |_| Style::default());
    let stereo = stream(&[tone(9), tone(9)], |_| Style::default());
    let mut bench = Bench::new(&mono, 16, false);
    assert_eq!(bench.drain().len(), 9 * 512);
    bench.memory.write_bytes(bench.input, &stereo).unwrap();
    for (field, value) in [
        (field::INPUT0_PACKETS, stereo.len() as u32 / PACKET_SIZE),
        (field::CURRENT_BUFFER, 0),
        (field::INPUT_READ_OFFSET, 32),
        (field::IS_STEREO, 1),
        (field::INPUT0_VALID, 1),
    ] {
        bench.set(field, value);
    }
    let (expected, _) = decode(&stereo, true, RateCode::KHZ_48);
    assert!(bench.drain() == expected);
}

#[test]
fn a_loop_of_two_channels_is_cut_in_both() {
    let bytes = stream(&[tone(12), tone(12)], |_| Style::default());
    let (plain, _) = decode(&bytes, true, RateCode::KHZ_48);
    let places = places(&bytes);
    let mut bench = Bench::new(&bytes, 16, true);
    for (field, value) in [
        (field::LOOP_START, places[3]),
        (field::LOOP_END, places[8]),
        (field::LOOP_COUNT, 1),
        (field::LOOP_SUBFRAME_END, 1),
        (field::LOOP_SUBFRAME_SKIP, 1),
    ] {
        bench.set(field, value);
    }
    let samples = bench.drain();
    let start = 2 * (3 * 512 + 128);
    let until = 2 * (8 * 512 + 2 * 128);
    assert_eq!(samples.len(), until + plain.len() - start);
    assert!(samples[..until] == plain[..until]);
}

#[test]
fn bits_that_a_title_sets_during_a_pass_stay() {
    let memory = GuestMemory::new().unwrap();
    let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    let mut words = Words::read(&memory, at).unwrap();
    let before = words.0;
    // The title fills its other buffer while the decoder writes to the ring.
    memory.write(at, field::INPUT1_VALID.put(0, 1)).unwrap();
    words.set(field::OUTPUT_WRITE_OFFSET, 5);
    write_back(&memory, at, before, &words).unwrap();
    let word: u32 = memory.read(at).unwrap();
    assert_eq!((field::INPUT1_VALID.of(word), field::OUTPUT_WRITE_OFFSET.of(word)), (1, 5));
}
