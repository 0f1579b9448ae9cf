//! The command processor accepts any ring.
//!
//! Input: the ring's contents as big-endian words from physical address 0 on, so that indirect
//! buffers and shaders can lie in it as well. Draws are described but not executed: the packets are
//! the subject.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use xenia_gpu::memory::PhysicalMemory;
use xenia_gpu::registers::cp::CP_RB_WPTR;
use xenia_gpu::{CommandProcessor, Config, NullBackend, Ram, packets};

/// log2 of the ring's size in words; the processor is given that of quadwords, one less.
const RING_LOG2: u32 = 11;

fuzz_target!(|bytes: &[u8]| {
    let words: Vec<u32> =
        bytes.as_chunks().0.iter().take((1 << RING_LOG2) - 1).map(|word| u32::from_be_bytes(*word)).collect();
    packets::disassemble(&words);
    let ram = Arc::new(Ram::new(1 << 16));
    ram.write(0, &bytes[..words.len() * 4]);
    let memory: Arc<dyn PhysicalMemory> = ram;
    let mut processor = CommandProcessor::new(memory, Box::new(NullBackend), Config::default());
    processor.initialize_ring(0, RING_LOG2 - 1);
    processor.enable_rptr_writeback(0xFF00, 4);
    processor.store_register(CP_RB_WPTR, words.len() as u32, 0);
    let mut now = 0;
    for _ in 0..8 {
        processor.pump(now);
        processor.refresh_registers(now, |_, _| {});
        // A few frames of guest time, so that waits for vertical blanks end.
        now = processor.next_event_time().map_or(now + 1_000_000, |time| time.max(now + 1));
    }
    processor.digest(&mut |_| {});
});
