//! Resolves of random EDRAM contents: samples, formats, byte orders, exponents, slices,
//! comparisons, clears.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::edram::EDRAM_WORDS;

use super::targets;
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Destination formats of colours.
const DESTINATIONS: &[u32] =
    &[2, 3, 4, 5, 6, 7, 8, 10, 14, 15, 16, 17, 24, 25, 26, 30, 31, 32, 36, 37, 38, 50, 54, 55, 56];

/// Makes a resolve store bits by random comparisons, which are known for one pair of formats.
fn compare(scene: &mut SceneBuilder, rng: &mut Choices, control: With<RbCopyControl>) -> String {
    let format = rng.pick(&[ColorTargetFormat::Rgba8, ColorTargetFormat::Rgba8Gamma]);
    scene.write(RbColorInfo::with().color_base(rng.random_range(0..40)).color_format(format));
    scene.write(control.copy_src_select(0).copy_command(CopyCommand::Compare));
    let values = [RB_COPY_FUNC, RB_COPY_REF, RB_COPY_MASK].map(|register| {
        let value = rng.random();
        scene.set(register, value);
        value
    });
    let endian = rng.random_range(0..6);
    scene.write(RbCopyDestInfo::with().copy_dest_endian(endian).copy_dest_format(61));
    format!("{format:?} to bits by {values:x?}, endian {endian}")
}

/// Layout of the destination, without its format.
fn destination_info(rng: &mut Choices) -> With<RbCopyDestInfo> {
    RbCopyDestInfo::with()
        .copy_dest_endian(rng.random_range(0..6))
        .copy_dest_array(rng.random_ratio(1, 4))
        .copy_dest_slice(rng.random_range(0..4))
        .copy_dest_swap(rng.random())
}

fn copy(scene: &mut SceneBuilder, rng: &mut Choices) -> String {
    let width = scene.width;
    let height = scene.height;
    let format = rng.pick(ColorTargetFormat::VALUES);
    let is_depth = rng.random_ratio(1, 6);
    let msaa = rng.pick(Msaa::VALUES);
    scene.write(surface(width, msaa));
    let base = rng.random_range(0..40);
    scene.write(RbColorInfo::with().color_base(base).color_format(format));
    scene.write(
        RbDepthInfo::with().depth_base(base).depth_format(DepthFormat::from_bits(rng.random_range(0..2))),
    );
    scene.copy_rectangle();
    // A part of the surface.
    let [left, right] = targets::range(rng, width);
    let [top, bottom] = targets::range(rng, height);
    scene.scissor([left, top, right, bottom]);
    scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
    let command = rng.pick(&[CopyCommand::Raw, CopyCommand::Convert, CopyCommand::Null]);
    let select = rng.random_range(0..7);
    let control = RbCopyControl::with()
        .copy_src_select(if is_depth { 4 } else { 0 })
        .copy_sample_select(select)
        .copy_command(command)
        .color_clear_enable(rng.random_ratio(1, 4))
        .depth_clear_enable(rng.random_ratio(1, 8));
    scene.write(control);
    for register in [RB_COLOR_CLEAR, RB_COLOR_CLEAR_LO, RB_DEPTH_CLEAR] {
        scene.set(register, rng.random());
    }
    scene.set(RB_COPY_DEST_BASE, FRONT);
    scene.write(RbCopyDestPitch::with().copy_dest_pitch(width).copy_dest_height(height));
    let mut destination = rng.pick(DESTINATIONS);
    // The last of the 24 mantissa bits of a mean depends on the host: products may be added before
    // they are rounded.
    if select >= 4 && msaa != Msaa::X1 && (36..39).contains(&destination) {
        destination -= 6;
    }
    let number = rng.random_range(0..4);
    let bias = rng.pick(&[0, 0, 0, -1, 2, -5]);
    let info = destination_info(rng).copy_dest_format(destination).copy_dest_number(number);
    scene.write(info.copy_dest_exp_bias(bias));
    let comparison = rng.chance(1, 6).then(|| compare(scene, rng, control));
    scene.draw(8, 3);
    if let Some(comparison) = comparison {
        return format!("{comparison}, {:?}", [left, top, right, bottom]);
    }
    format!(
        "{} of {msaa:?} at {base} by {command:?}, sample {select}, to format {destination}, number {number}, exponent {bias}, \
         {:?}",
        if is_depth { "depth".to_owned() } else { format!("{format:?}") },
        [left, top, right, bottom],
    )
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let width = choices.random_range(1..6) * 32;
    let height = choices.random_range(1..3) * 32;
    let mut words = vec![0; EDRAM_WORDS];
    // The contents follow from one word, so that cases can be made small.
    let mut contents = ChaCha8Rng::seed_from_u64(choices.random());
    words[..100 * 1280].fill_with(|| contents.random());
    let mut pair = backends.pair(width, height, Msaa::X1, Some(&words))?;
    for _ in 0..choices.between(1, 6) {
        let note = pair.each(choices, copy)?;
        pair.compare(&[], &note)?;
    }
    Ok(if pair.has_written(FRONT, 4096) { SceneOutcome::Same } else { SceneOutcome::NoEffect })
}
