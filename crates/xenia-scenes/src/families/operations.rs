//! Fetch instructions other than plain fetches: computed levels, border fractions, filter weights,
//! gradients, and levels that a program sets for each pixel.
//!
//! Settings and coordinates are those of the sampling family. [`QueriedFetch`] has the bounds.

use super::fetching::{FetchQuery, QueriedFetch};
use super::sampling::{FetchErrors, FetchScene, HEIGHT, WIDTH, errors, mixes_mirrors};
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
    let note = format!("{queried:?}, level {}\n{text}\n{:?}", queried.level(0), queried.constants());
    let errors = match queried.query {
        FetchQuery::Texels => errors(fetch, |column| queried.level(column), msaa.samples() as usize),
        _ => FetchErrors { stored: queried.error([WIDTH, HEIGHT]), ..FetchErrors::default() },
    };
    let scene = FetchScene { seed, msaa, fetch, text: &text, constants: &queried.constants() };
    scene.compare(backends, choices, errors, &note)
}
