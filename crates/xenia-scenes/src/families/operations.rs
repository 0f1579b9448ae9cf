//! Fetch instructions other than plain fetches: computed levels, border fractions, filter weights,
//! gradients, and levels that a program sets for each pixel.
//!
//! Settings and coordinates are those of the sampling family. [`QueriedFetch`] has the bounds.

use xenia_gpu::PhysicalMemory;

use super::fetching::{BASE, FetchQuery, MIPS, QueriedFetch};
use super::sampling::{FetchErrors, HEIGHT, WIDTH, compare_halves, contents, errors, mixes_mirrors, set_up};
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let seed = choices.below(1000);
    let msaa = choices.pick(&[Msaa::X1, Msaa::X1, Msaa::X1, Msaa::X4]);
    let queried = QueriedFetch::any(choices);
    let fetch = &queried.fetch;
    let is_inexact = queried.query == FetchQuery::Texels && mixes_mirrors(fetch);
    if !queried.is_defined() || is_inexact {
        return Ok(SceneOutcome::Skipped);
    }
    let text = queried.program();
    let bytes = contents(seed, fetch);
    let mut pair = backends.pair(WIDTH, HEIGHT, msaa, None)?;
    let note = format!("{queried:?}, level {}\n{text}\n{:?}", queried.level(0), queried.constants());
    let is_assembled = pair.each(choices, |scene, _| {
        scene.memory.write(BASE, &bytes);
        scene.memory.write(MIPS, &bytes);
        set_up(scene);
        scene.texture(1, fetch.words());
        for (number, value) in (256..).zip(queried.constants()) {
            scene.constant(number, value);
        }
        let assembled = scene.shader(1, &text);
        scene.vertices(&rectangle(0.0, 0.0, WIDTH as f32, HEIGHT as f32, [0.0; 4]));
        scene.draw(8, 3);
        assembled
    })?;
    is_assembled.map_err(|error| SceneDifference(format!("{error}\n{text}")))?;
    let samples = msaa.samples() as usize;
    let errors = match queried.query {
        FetchQuery::Texels => errors(fetch, |column| queried.level(column), samples),
        _ => FetchErrors { stored: queried.error([WIDTH, HEIGHT]), ..FetchErrors::default() },
    };
    let [expected, found] = pair.words()?;
    compare_halves([expected, found], (WIDTH * HEIGHT) as usize * samples, errors)
        .map_err(|SceneDifference(what)| SceneDifference(format!("{what}\n{note}")))
}
