//! Several textures and draws: two fetches of the sampling family in one program, each with a
//! target of its own, and a second draw after a change of memory, of the constants or of a texture.

use xenia_gpu::PhysicalMemory;
use xenia_gpu::microcode::AssembleError;

use super::fetching::{BASE, Fetch, FetchUnit, MIPS};
use super::sampling::{HEIGHT, WIDTH, compare_halves, contents, errors, mixes_mirrors, set_up};
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Tiles between the targets.
const APART: u32 = 128;
/// Bytes between textures.
const PLACE: u32 = 0x10_0000;

/// A texture, its fetch and its place in memory.
#[derive(Clone, Debug)]
struct PlacedTexture {
    fetch: Fetch,
    seed: u32,
    place: u32,
    /// Memory doesn't have the texels.
    is_new: bool,
}

impl PlacedTexture {
    fn any(choices: &mut Choices, place: u32) -> Self {
        let seed = choices.below(1000);
        let mut fetch = Fetch::any(choices);
        if !fetch.is_defined(fetch.level_of_detail()) || mixes_mirrors(&fetch) {
            fetch = Fetch::any(&mut Choices::of_words(Vec::new()));
        }
        Self { fetch, seed, place, is_new: true }
    }

    /// Words of the fetch constant.
    fn words(&self) -> [u32; 6] {
        let mut words = self.fetch.words();
        words[1] += self.place * PLACE;
        // Without levels there is no second address.
        words[5] += if words[5] >> 12 == 0 { 0 } else { self.place * PLACE };
        words
    }

    /// Writes the texels, unless memory has them.
    fn write(&self, scene: &SceneBuilder) {
        if self.is_new {
            let bytes = contents(self.seed, &self.fetch);
            for address in [BASE, MIPS] {
                scene.memory.write(address + self.place * PLACE, &bytes);
            }
        }
    }
}

/// Constants of the fetch of a target.
fn unit(target: usize) -> FetchUnit {
    FetchUnit { texture: 1 + target as u32, first: 8 * target as u32 }
}

/// Changes the textures of the draw before.
fn change([first, second]: [PlacedTexture; 2], choices: &mut Choices) -> [PlacedTexture; 2] {
    let [first, second] = [first, second].map(|texture| PlacedTexture { is_new: false, ..texture });
    match choices.below(3) {
        0 => [PlacedTexture { seed: first.seed + 1, is_new: true, ..first }, second],
        1 => [second, first],
        _ => {
            let place = second.place;
            [first, PlacedTexture::any(choices, place)]
        }
    }
}

/// Draws the texels of both to the targets.
fn draw(scene: &mut SceneBuilder, textures: &[PlacedTexture; 2], text: &str) -> Result<(), AssembleError> {
    for (target, texture) in textures.iter().enumerate() {
        texture.write(scene);
        let FetchUnit { texture: number, first } = unit(target);
        scene.texture(number, texture.words());
        for (number, value) in (256 + first..).zip(texture.fetch.constants()) {
            scene.constant(number, value);
        }
    }
    scene.shader(1, text)?;
    scene.vertices(&rectangle(0.0, 0.0, WIDTH as f32, HEIGHT as f32, [0.0; 4]));
    scene.draw(8, 3);
    Ok(())
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let msaa = choices.pick(&[Msaa::X1, Msaa::X1, Msaa::X4]);
    let samples = msaa.samples() as usize;
    let mut textures = [0, 1].map(|place: u32| PlacedTexture::any(choices, place));
    let mut pair = backends.pair(WIDTH, HEIGHT, msaa, None)?;
    pair.each(choices, |scene, _| {
        set_up(scene);
        let second = RbColorInfo::with().color_base(APART).color_format(ColorTargetFormat::Rgba16Float);
        scene.set(RB_COLOR1_INFO, second.done().raw());
        scene.set(RB_BLENDCONTROL1, blend(BlendFactor::One, BlendFactor::Zero).done().raw());
        scene.set(RbColorMask::INDEX, 0xff);
    })?;
    let mut outcome = SceneOutcome::NoEffect;
    for number in 0..choices.between(1, 2) {
        if number > 0 {
            textures = change(textures, choices);
        }
        let [first, second] = [0, 1].map(|target: usize| textures[target].fetch.lines(unit(target)));
        let text = format!("{first}max r9, r3, r3\n{second}alloc colors\nmax oC0, r9, r9\nmax oC1, r3, r3");
        pair.each(choices, |scene, _| draw(scene, &textures, &text))?
            .map_err(|error| SceneDifference(format!("{error}\n{text}")))?;
        let [expected, found] = pair.words()?;
        for (target, PlacedTexture { fetch, .. }) in textures.iter().enumerate() {
            let start = target * (APART * 1280) as usize;
            let errors = errors(fetch, |_| fetch.level_of_detail(), samples);
            let pixels = (WIDTH * HEIGHT) as usize * samples;
            let compared = compare_halves([&expected[start..], &found[start..]], pixels, errors).map_err(
                |SceneDifference(what)| {
                    SceneDifference(format!("draw {number}, target {target}: {what}\n{textures:?}\n{text}"))
                },
            )?;
            if compared == SceneOutcome::Same {
                outcome = compared;
            }
        }
    }
    Ok(outcome)
}
