//! Tests of saved states of the decoder.

use super::contexts_tests::{Bench, tone, tone_stream};
use super::encoder::{Style, stream};
use super::{Decoder, XmaState};
use xenia_guest::xma::{field, register};
use xenia_state::{StateSection, StoredSection};

/// The state that is read from the bytes of `state`.
fn through(state: &XmaState) -> XmaState {
    StoredSection::encode(state).expect("it can be encoded").decode().expect("its own bytes")
}

#[test]
fn a_decoder_made_again_between_any_two_passes_gives_the_same_samples() {
    for is_stereo in [false, true] {
        let channels = vec![tone(9); 1 + usize::from(is_stereo)];
        let bytes = stream(&channels, |_| Style::default());
        let whole = Bench::new(&bytes, 9, is_stereo).drain();
        assert!(whole.len() > 9 * 256);
        let mut bench = Bench::new(&bytes, 9, is_stereo);
        let mut samples = Vec::new();
        loop {
            let state = bench.decoder.state();
            let mut decoder = Decoder::new(bench.memory.clone());
            decoder.restore(through(&state)).expect("it can be");
            assert_eq!(decoder.state(), state);
            bench.decoder = decoder;
            bench.kick();
            let part = bench.take();
            if part.is_empty() {
                break;
            }
            samples.extend(part);
        }
        assert!(samples == whole, "stereo {is_stereo}");
    }
}

#[test]
fn the_limit_per_guest_time_survives_a_load() {
    let mut bench = Bench::new(&tone_stream(3), 9, false);
    bench.set(field::INPUT0_VALID, 0);
    let kick = |decoder: &mut Decoder| decoder.store_register(register::KICK + 1, 2, 7);
    while bench.decoder.figures().refused == 0 {
        kick(&mut bench.decoder);
    }
    let mut decoder = Decoder::new(bench.memory.clone());
    decoder.restore(bench.decoder.state()).expect("it can be");
    kick(&mut decoder);
    assert_eq!(decoder.figures().refused, 2);
}

#[test]
fn impossible_decoder_states_are_refused() {
    let mut bench = Bench::new(&tone_stream(9), 9, false);
    bench.kick();
    let stored = StoredSection::encode(&bench.decoder.state()).expect("it can be encoded");
    let mut refused = 0;
    for at in 0..stored.bytes.len() {
        for byte in [0, 1, 0x7F, 0xFF] {
            let mut changed = stored.clone();
            changed.bytes[at] = byte;
            let Ok(state) = changed.decode::<XmaState>() else {
                refused += 1;
                continue;
            };
            let mut decoder = Decoder::new(bench.memory.clone());
            if decoder.restore(state).is_err() {
                refused += 1;
                continue;
            }
            // A state that is accepted can be decoded from, whatever it holds.
            if at % 16 == 0 {
                decoder.store_register(register::KICK + 1, 2, 99);
            }
        }
    }
    assert!(refused > 100, "{refused}");
    assert_eq!((XmaState::NAME, stored.version), ("xma", XmaState::VERSION));
}
