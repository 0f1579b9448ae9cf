//! Programs of exact operations in whole pipelines: control flow, predicates, killed pixels,
//! several targets, alpha tests and samples.
//!
//! Only operations that every host rounds alike are used, so each value is compared by itself, with
//! one and a half steps of the target's halves.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::microcode::{Program, ShaderKind, disassemble};
use xenia_gpu::packets::type0;

use super::sampling::halves;
use crate::pair::{Pair, place};
use crate::programs::{LOOPS, pixel_words};
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

pub(super) const WIDTH: u32 = 80;
pub(super) const HEIGHT: u32 = 16;
/// Targets that programs write.
const TARGETS: usize = 3;
/// Tiles between targets.
const APART: u32 = 128;

/// Sets the constants from a seed: small dyadic floats, booleans, and short loops.
pub(super) fn constants(scene: &mut SceneBuilder, seed: u32) {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed));
    scene.words.push(type0(FLOAT_CONSTANTS + 256 * 4, 1024));
    scene.words.extend((0..1024).map(|_| (rng.random_range(-64..=64) as f32 / 16.0).to_bits()));
    for index in 0..8 {
        scene.set(BOOL_CONSTANTS + index, rng.random());
    }
    for number in LOOPS {
        let count = rng.random_range(0..4);
        let start = rng.random_range(0..3);
        let step = rng.random_range(0..3);
        scene.set(LOOP_CONSTANTS + number, count | start << 8 | step << 16);
    }
}

/// Sets the targets.
pub(super) fn targets(scene: &mut SceneBuilder) {
    let registers = [RbColorInfo::INDEX, RB_COLOR1_INFO, RB_COLOR2_INFO];
    for (base, register) in (0..).step_by(APART as usize).zip(registers) {
        let info = RbColorInfo::with().color_base(base).color_format(ColorTargetFormat::Rgba16Float);
        scene.set(register, info.done().raw());
    }
    scene.set(RbColorMask::INDEX, 0xffff);
    for register in [RB_BLENDCONTROL1, RB_BLENDCONTROL2] {
        scene.set(register, blend(BlendFactor::One, BlendFactor::Zero).done().raw());
    }
}

/// Compares each component of the targets of `samples` samples, and the number of samples that
/// passed.
pub(super) fn compare(
    pair: &mut Pair<'_>,
    samples: usize,
    note: &str,
) -> Result<SceneOutcome, SceneDifference> {
    let [expected, found] = pair.words()?;
    let mut is_drawn = false;
    for target in 0..TARGETS {
        let start = target * (APART * 1280) as usize;
        let [expected, found] = [expected, found].map(|words| halves(&words[start..], samples));
        is_drawn |= expected.iter().any(|value| *value != 0.0);
        for (i, (e, f)) in expected.iter().zip(&found).enumerate() {
            // The smallest half float is 2^-24.
            if (e - f).abs() > e.abs() * 1.5 / 1024.0 + 6e-8 {
                return Err(SceneDifference(format!(
                    "target {target}, {}: {e} on the reference, {f} on the device\n{note}",
                    place(i / 2),
                )));
            }
        }
    }
    pair.compare_samples(note)?;
    Ok(if is_drawn { SceneOutcome::Same } else { SceneOutcome::NoEffect })
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let seed = choices.below(1000);
    let msaa = choices.pick(Msaa::VALUES);
    let alpha_test = choices.maybe(1, 3, -1, 0, 7);
    let code = pixel_words(choices);
    let mut pair = backends.pair(WIDTH, HEIGHT, msaa, None)?;
    pair.each(choices, |scene, _| {
        targets(scene);
        scene.write(SqProgramCntl::with().vs_resource(true).ps_resource(true).param_gen(true));
        constants(scene, seed);
        if alpha_test >= 0 {
            let function = Compare::from_bits(alpha_test as u32);
            scene.write(RbColorcontrol::with().alpha_test_enable(true).alpha_func(function));
            scene.floats(RB_ALPHA_REF, &[0.5]);
        }
        scene.shader_words(1, &code);
        scene.vertices(&rectangle(0.0, 0.0, WIDTH as f32, HEIGHT as f32, [0.0; 4]));
        scene.draw(8, 3);
    })?;
    let text = disassemble(ShaderKind::Pixel, &Program::decode(&code));
    let note = format!("{msaa:?}, alpha test {alpha_test}\n{text}");
    compare(&mut pair, (WIDTH * HEIGHT * msaa.samples()) as usize, &note)
}
