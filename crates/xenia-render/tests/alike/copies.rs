//! Resolves of random EDRAM contents: samples, formats, byte orders, exponents, slices, clears.

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::edram::EDRAM_WORDS;

use crate::alike::pair::Pair;
use crate::alike::scene::*;
use crate::alike::{family, targets};

/// Destination formats of colours.
const DESTINATIONS: &[u32] =
    &[2, 3, 4, 5, 6, 7, 8, 10, 14, 15, 16, 17, 24, 25, 26, 30, 31, 32, 36, 37, 38, 50, 54, 55, 56];

fn copy(scene: &mut Scene, rng: &mut ChaCha8Rng) -> String {
    let (width, height) = (scene.width, scene.height);
    let format = *ColorTargetFormat::VALUES.choose(rng).unwrap();
    let is_depth = rng.random_ratio(1, 6);
    let msaa = *Msaa::VALUES.choose(rng).unwrap();
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
    let command = *[CopyCommand::Raw, CopyCommand::Convert, CopyCommand::Null].choose(rng).unwrap();
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
    let mut destination = *DESTINATIONS.choose(rng).unwrap();
    // The last of the 24 mantissa bits of a mean depends on the host: products may be added before
    // they are rounded.
    if select >= 4 && msaa != Msaa::X1 && (36..39).contains(&destination) {
        destination -= 6;
    }
    let (number, bias) = (rng.random_range(0..4), *[0, 0, 0, -1, 2, -5].choose(rng).unwrap());
    let info = RbCopyDestInfo::with()
        .copy_dest_endian(rng.random_range(0..6))
        .copy_dest_array(rng.random_ratio(1, 4))
        .copy_dest_slice(rng.random_range(0..4))
        .copy_dest_format(destination)
        .copy_dest_number(number)
        .copy_dest_exp_bias(bias)
        .copy_dest_swap(rng.random());
    scene.write(info);
    scene.draw(8, 3);
    format!(
        "{} of {msaa:?} at {base} by {command:?}, sample {select}, to format {destination}, number {number}, exponent {bias}, \
         {:?}",
        if is_depth { "depth".to_owned() } else { format!("{format:?}") },
        [left, top, right, bottom],
    )
}

fn case(rng: &mut ChaCha8Rng) -> bool {
    let (width, height) = (rng.random_range(1..6) * 32, rng.random_range(1..3) * 32);
    let mut pair = Pair::new(width, height, 0);
    let mut words = vec![0; EDRAM_WORDS];
    words[..100 * 1280].fill_with(|| rng.random());
    pair.set_edram(&words);
    for _ in 0..6 {
        let what = std::cell::RefCell::default();
        pair.each(rng, |scene, rng| {
            what.replace(copy(scene, rng));
        });
        pair.compare(&[], &what.into_inner());
    }
    pair.has_written()
}

#[test]
fn copies_leave_the_same() {
    family(8, case);
}
