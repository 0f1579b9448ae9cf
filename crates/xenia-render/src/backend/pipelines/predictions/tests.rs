//! Tests of predictions: their limits, and draws that need them at any moment.

use std::time::{Duration, Instant};

use xenia_gpu::microcode::{Shader, ShaderKind, assemble};

use super::super::{Missing, Options, Pipelines};
use super::*;
use crate::backend::device::tests::with_device;

/// Word of a recipe that contains `HAS_DEPTH`.
const FLAGS: usize = 5;
const HAS_DEPTH: u32 = 2;

/// Parts number `n`, with a vertex shader of their own.
fn parts(n: u32) -> Parts {
    let mut code = assemble("alloc position\nmax oPos, r0, r0").unwrap();
    // An instruction that no clause has.
    code.extend([n, 0, 0]);
    let vertex = Arc::new(Shader::new(ShaderKind::Vertex, &code));
    let mut words = [0; size_of::<Recipe>() / 4];
    words[FLAGS] = HAS_DEPTH;
    let mut recipe: Recipe = bytemuck::cast(words);
    recipe.vertex = vertex.hash;
    Parts { recipe, vertex, pixel: None }
}

fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the thread has compiled all that waits.
fn wait_until_idle(pipelines: &Pipelines) {
    wait_until(|| {
        let state = pipelines.predictions.shared.lock();
        state.waiting.is_empty() && state.compiling.is_none()
    });
}

#[test]
fn a_predicted_pipeline_is_found_and_counted_when_a_draw_uses_it() {
    with_device(|device| {
        for async_pipelines in [false, true] {
            let mut pipelines = Pipelines::new(device, &Options { async_pipelines, ..Options::default() });
            let tally = pipelines.tally().clone();
            pipelines.predict(&parts(0));
            pipelines.predict(&parts(0));
            wait_until_idle(&pipelines);
            assert_eq!(tally.predictions(), PredictionCounters { predicted: 1, used: 0 });
            assert_eq!((tally.counters().in_play, pipelines.made.len()), (0, 0));
            for _ in 0..2 {
                assert!(pipelines.get(&parts(0)).is_ok(), "no draw waits for it or is left out");
                assert_eq!(tally.predictions(), PredictionCounters { predicted: 1, used: 1 });
                assert_eq!((tally.counters().in_play, tally.counters().left_out), (1, 0));
            }
            // Its shader is not new any more: another state would be a guess without a reason.
            let mut other = parts(0);
            other.recipe = other.recipe.drawing(1);
            pipelines.predict(&other);
            wait_until_idle(&pipelines);
            assert_eq!(tally.predictions().predicted, 1);
        }
    });
}

#[test]
fn no_pipeline_is_compiled_twice_whenever_a_draw_needs_it() {
    with_device(|device| {
        for async_pipelines in [false, true] {
            let mut pipelines = Pipelines::new(device, &Options { async_pipelines, ..Options::default() });
            let tally = pipelines.tally().clone();
            for n in 0..30 {
                pipelines.predict(&parts(n));
                std::thread::sleep(Duration::from_micros(u64::from(n) * 100));
                let start = Instant::now();
                while let Err(missing) = pipelines.get(&parts(n)) {
                    assert!(matches!(missing, Missing::Compiling) && async_pipelines, "{n}");
                    assert!(start.elapsed() < Duration::from_mins(1));
                    std::thread::sleep(Duration::from_millis(1));
                }
                assert_eq!(tally.counters().in_play, u64::from(n) + 1);
                let PredictionCounters { predicted, used } = tally.predictions();
                assert_eq!(predicted, used, "{n}: one that was begun was waited for");
            }
        }
    });
}

#[test]
fn few_predictions_wait_while_a_draw_does() {
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options::default());
        let tally = pipelines.tally().clone();
        pipelines.predictions.pause();
        for n in 0..100 {
            pipelines.predict(&parts(n));
            let state = pipelines.predictions.shared.lock();
            assert!(state.waiting.len() <= MAX_WAITING && state.has(&parts(n).recipe), "{n}");
        }
        assert_eq!(tally.predictions(), PredictionCounters::default());
        // A draw takes its pipeline back.
        assert!(pipelines.get(&parts(99)).is_ok());
        wait_until_idle(&pipelines);
        let predicted = MAX_WAITING as u64 - 1;
        assert_eq!(tally.predictions(), PredictionCounters { predicted, used: 0 });
    });
}

#[test]
fn shaders_that_are_never_drawn_with_end_predictions() {
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options::default());
        let tally = pipelines.tally().clone();
        for n in 0..1000 {
            pipelines.predict(&parts(n));
            wait_until_idle(&pipelines);
            assert!(pipelines.predictions.shared.lock().unused.len() <= MAX_UNUSED);
        }
        assert_eq!(tally.predictions(), PredictionCounters { predicted: MAX_WRONG, used: 0 });
        assert!(pipelines.made.is_empty() && pipelines.shaders.is_empty());
        // One that is right allows others.
        assert!(pipelines.get(&parts(7)).is_ok());
        pipelines.predict(&parts(1000));
        wait_until_idle(&pipelines);
        assert_eq!(tally.predictions(), PredictionCounters { predicted: MAX_WRONG + 1, used: 1 });
    });
}

#[test]
fn the_predictions_of_a_lost_device_end_none_of_the_next() {
    with_device(|device| {
        let mut lost = Pipelines::new(device, &Options::default());
        let tally = lost.tally().clone();
        tally.predicted.store(MAX_WRONG, Relaxed);
        lost.predict(&parts(0));
        wait_until_idle(&lost);
        assert_eq!(tally.predictions(), PredictionCounters { predicted: MAX_WRONG, used: 0 });
        drop(lost);
        let mut next = Pipelines::new(device, &Options::default());
        next.continue_counting(tally.clone());
        next.predict(&parts(0));
        wait_until_idle(&next);
        assert_eq!(tally.predictions(), PredictionCounters { predicted: MAX_WRONG + 1, used: 0 });
    });
}

#[test]
fn a_further_unused_pipeline_replaces_the_oldest() {
    with_device(|device| {
        let ready = Maker::new(device.clone()).make(&parts(0)).unwrap();
        let mut state = State::default();
        for n in 0..=MAX_UNUSED as u32 {
            state.keep(parts(n).recipe, ready.clone());
        }
        assert_eq!(state.unused.len(), MAX_UNUSED);
        assert!(!state.has(&parts(0).recipe) && state.has(&parts(1).recipe));
        assert!(state.has(&parts(MAX_UNUSED as u32).recipe));
    });
}

#[test]
fn a_shader_above_the_limit_is_not_predicted() {
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options::default());
        for (bytes, predicted) in [(MAX_SHADER_BYTES, 0), (MAX_SHADER_BYTES / 2, 1)] {
            let mut parts = parts(0);
            let mut words = parts.vertex.words.to_vec();
            // No clause has these, but they are kept. The decoded instructions count, too.
            words.resize(bytes / 4, 0);
            parts.vertex = Arc::new(Shader::new(ShaderKind::Vertex, &words));
            parts.recipe.vertex = parts.vertex.hash;
            pipelines.predict(&parts);
            wait_until_idle(&pipelines);
            assert_eq!(pipelines.tally().predictions(), PredictionCounters { predicted, used: 0 });
        }
    });
}

#[test]
fn a_refused_prediction_is_the_draws_to_report() {
    with_device(|device| {
        let mut pipelines = Pipelines::new(device, &Options::default());
        // Hosts make no pipeline without a target.
        let mut refused = parts(0);
        refused.recipe = Recipe::default();
        pipelines.predict(&refused);
        wait_until_idle(&pipelines);
        assert!(pipelines.predictions.shared.lock().unused.is_empty());
        assert!(matches!(pipelines.get(&refused), Err(Missing::Refused(_))));
        assert_eq!(pipelines.tally().predictions(), PredictionCounters { predicted: 1, used: 0 });
    });
}
