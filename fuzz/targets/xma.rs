//! The XMA decoder accepts any context and any packets: its passes end, and its state after them
//! can be restored.
//!
//! Input: a context, then the memory behind it, for example packets. The context's addresses are
//! taken as offsets into both.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use xenia_audio::xma::Decoder;
use xenia_audio::xma::stream::{FRAME_SAMPLES, RateCode, decode};
use xenia_guest::GuestAddr;
use xenia_guest::xma::{CONTEXT_SIZE, ContextField, field, register};
use xenia_memory::{GuestMemory, Heap, Protect, physical};

/// Size of the memory in bytes.
const SIZE: u32 = 0x1_0000;
/// Number of kicks; before each, the buffers are valid and the ring is empty.
const KICKS: u64 = 4;

struct XmaHarness {
    memory: Arc<GuestMemory>,
    /// Address of the context.
    at: GuestAddr,
}

impl XmaHarness {
    fn new() -> Self {
        let memory = GuestMemory::new().expect("guest memory");
        let at = memory
            .alloc_physical(Heap::Physical4K, SIZE, 0x1000, 0, u32::MAX, Protect::READ_WRITE)
            .expect("an empty place");
        Self { memory, at }
    }

    fn get(&self, field: ContextField) -> u32 {
        field.of(self.memory.read(self.at.offset(4 * field.word)).expect("memory stays mapped"))
    }

    fn set(&self, field: ContextField, value: u32) {
        let at = self.at.offset(4 * field.word);
        let word = self.memory.read(at).expect("memory stays mapped");
        self.memory.write(at, field.put(word, value)).expect("memory stays mapped");
    }

    fn kick(&self, start: u32) {
        let mut decoder = Decoder::new(self.memory.clone());
        decoder.store_register(register::CONTEXT_ARRAY, start, 0);
        for now in 1..=KICKS {
            self.set(field::INPUT0_VALID, 1);
            self.set(field::INPUT1_VALID, 1);
            self.set(field::OUTPUT_READ_OFFSET, self.get(field::OUTPUT_WRITE_OFFSET));
            self.set(field::OUTPUT_VALID, 1);
            decoder.store_register(register::KICK, 1, now);
            decoder.restore(decoder.state()).expect("a decoder's own state");
        }
        let figures = decoder.figures();
        assert!(figures.passes == KICKS && figures.frames_failed <= figures.frames, "{figures:?}");
    }
}

thread_local! {
    /// Creating guest memory is expensive, so it is reused.
    static HARNESS: XmaHarness = XmaHarness::new();
}

fuzz_target!(|bytes: &[u8]| {
    let bytes = &bytes[..bytes.len().min(SIZE as usize)];
    let Some((_, packets)) = bytes.split_at_checked(CONTEXT_SIZE as usize) else { return };
    HARNESS.with(|harness| {
        let start = physical(harness.at).expect("physical memory");
        harness.memory.fill(harness.at, SIZE, 0).expect("memory stays mapped");
        harness.memory.write_bytes(harness.at, bytes).expect("memory stays mapped");
        for place in [field::INPUT0, field::INPUT1, field::OUTPUT] {
            harness.set(place, start + harness.get(place) % SIZE);
        }
        let is_stereo = harness.get(field::IS_STEREO) != 0;
        let (samples, failed) = decode(packets, is_stereo, RateCode(harness.get(field::SAMPLE_RATE)));
        let frame = FRAME_SAMPLES << u32::from(is_stereo);
        assert!(samples.len().is_multiple_of(frame) && failed <= samples.len() / frame);
        harness.kick(start);
    });
});
