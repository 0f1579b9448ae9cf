//! Tests of resolves: conversion of components, and clears.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::texture::layout::tiled_2d;

#[test]
fn gamma_targets_are_copied_as_linear_values() {
    let mut scene = Scene::new(80, 16, 0);
    scene.write(RbColorInfo::with().color_format(ColorTargetFormat::Rgba8Gamma));
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [1.0, 128.0 / 1023.0, 580.0 / 1023.0, 0.5]));
    scene.draw(8, 3);
    // Stored as 255, 96 and 200.
    assert_eq!(pixel(&scene.show(), 40, 8), [255, 32, 145, 128]);
}

#[test]
fn a_texture_of_one_byte_gets_red_or_alpha() {
    for (swap, expected) in [(false, 32), (true, 128)] {
        let mut scene = Scene::new(80, 16, 0);
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [32.0 / 255.0, 0.25, 0.75, 128.0 / 255.0]));
        scene.draw(8, 3);
        scene.resolve([96, 32], RbCopyDestInfo::with().copy_dest_format(2).copy_dest_swap(swap));
        scene.run();
        let mut byte = [0];
        scene.memory.read(FRONT + tiled_2d(70, 9, 96, 0), &mut byte);
        assert_eq!(byte, [expected]);
    }
}

#[test]
fn a_target_of_singles_keeps_nan_and_others_have_zero() {
    use ColorTargetFormat::{R32Float, Rg16, Rg16Float};
    for format in [R32Float, Rg16Float, Rg16] {
        let mut scene = Scene::new(80, 16, 0);
        scene.write(RbColorInfo::with().color_format(format));
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [-1.0; 4]));
        scene.draw(8, 3);
        scene.shader(1, "sqrt r0.x, r0.x\nmax r0, r0.xxxx, r0.xxxx\nalloc colors\nmax oC0, r0, r0");
        scene.draw(8, 3);
        let words = scene.gpu.backend().edram().unwrap();
        if format == R32Float {
            assert!(f32::from_bits(words[0]).is_nan(), "{:#x}", words[0]);
        } else {
            assert_eq!(words[0], 0, "{format:?}");
        }
    }
}

#[test]
fn a_resolve_without_pixels_does_nothing() {
    let mut scene = Scene::new(80, 16, 0);
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
    scene.draw(8, 3);
    scene.memory.write(FRONT, &[0x5a; 4096]);
    scene.scissor([16, 0, 16, 16]);
    scene.resolve([96, 32], RbCopyDestInfo::with().copy_dest_format(6));
    let mut bytes = [0; 4096];
    scene.memory.read(FRONT, &mut bytes);
    assert_eq!(bytes, [0x5a; 4096]);
    // A clear with the same rectangle leaves the target as it is.
    scene.write(all_samples().color_clear_enable(true));
    scene.set(RB_COLOR_CLEAR, u32::MAX);
    scene.draw(8, 3);
    scene.scissor([0, 0, 80, 16]);
    assert_eq!(pixel(&scene.show(), 20, 8), [255, 0, 0, 255]);
}

#[test]
fn components_become_bits_by_a_comparison() {
    // The reference is below blue and alpha. Two pixels of each block are zero; half words may be
    // swapped. The lower block is in the second row of macro tiles, for which the pitch counts.
    for (endian, expected) in [
        (0, [0xc0, 0xcc, 0xc0, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc]),
        (1, [0xcc, 0xc0, 0xcc, 0xc0, 0xcc, 0xcc, 0xcc, 0xcc]),
    ] {
        let mut scene = Scene::new(80, 160, 0);
        let color = [127.0, 128.0, 129.0, 255.0].map(|level: f32| level / 255.0);
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 160.0, color));
        scene.draw(8, 3);
        for y in [4.0, 132.0] {
            scene.vertices(&rectangle(8.0, y, 9.0, y + 2.0, [0.0; 4]));
            scene.draw(8, 3);
        }
        scene.copy_rectangle();
        scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
        scene.write(RbCopyControl::with().copy_command(CopyCommand::Compare));
        scene.set(RB_COPY_FUNC, 0x1111);
        scene.set(RB_COPY_REF, 0x8080_8080);
        scene.set(RB_COPY_MASK, u32::MAX);
        scene.set(RB_COPY_DEST_BASE, FRONT);
        scene.write(RbCopyDestPitch::with().copy_dest_pitch(64).copy_dest_height(64));
        scene.write(RbCopyDestInfo::with().copy_dest_format(61).copy_dest_endian(endian));
        scene.draw(8, 3);
        for row in [1, 33] {
            let mut block = [0; 8];
            scene.memory.read(FRONT + tiled_2d(2, row, 64, 3), &mut block);
            assert_eq!(block, expected, "row {row}");
        }
    }
}

#[test]
fn clears_of_64_bits_have_red_and_green_in_the_low_register() {
    let mut scene = Scene::new(80, 16, 0);
    scene.write(RbColorInfo::with().color_format(ColorTargetFormat::Rgba16Float));
    scene.copy_rectangle();
    scene.set(RB_COLOR_CLEAR, 0x3c00_0000); // alpha
    scene.set(RB_COLOR_CLEAR_LO, 0x3c00); // red
    scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
    scene.write(RbCopyControl::with().copy_command(CopyCommand::Null).color_clear_enable(true));
    scene.draw(8, 3);
    assert_eq!(pixel(&scene.show(), 40, 8), [255, 0, 0, 255]);
}

#[test]
fn a_clear_reaches_the_last_tiles_of_the_edram() {
    // Rows of nine tiles: after 227 of them, five tiles are left.
    let mut scene = Scene::new(720, 228 * 16, 0);
    scene.vertices(&rectangle(0.0, 0.0, 720.0, 16.0, RED));
    scene.draw(8, 3);
    scene.copy_rectangle();
    scene.set(RB_COLOR_CLEAR, 0xff00_8000);
    scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
    scene.write(RbCopyControl::with().copy_command(CopyCommand::Null).color_clear_enable(true));
    scene.draw(8, 3);
    let words = scene.gpu.backend().edram().unwrap();
    assert!(words.iter().all(|&word| word == 0xff00_8000));
}
