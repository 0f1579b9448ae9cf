//! Traces with any contents: reading and playing them ends, with an error message or at the end of
//! the trace.
//!
//! Input: the events as they are inside a trace's compression.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_gpu::NullBackend;
use xenia_gpu::replay::Player;
use xenia_gpu::trace::Reader;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut player) = Player::new(Reader::unpacked(bytes), Box::new(NullBackend)) {
        while matches!(player.step(&mut |_, _| {}), Ok(true)) {}
        let summary = player.summary();
        assert!(summary.frames <= summary.statistics.swaps);
    }
});
