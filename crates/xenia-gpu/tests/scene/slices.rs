//! Tests of the filter between slices of volumes and layers of stacks, which is independent of the
//! one within a plane.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::texture::layout::{MACRO_TILE, tiled_3d};

/// Fields of filters in a fetch constant, linear within a plane.
const LINEAR_PLANES: u32 = 1 << 19 | 1 << 21;

/// Sets fetch constant 1 to two texels behind each other, black and white.
fn bind(scene: &mut Scene, is_volume: bool, planes: u32, slices: u32) {
    let (info, size, dimension) = if is_volume { (0, 1 << 22, 2) } else { (1 << 10, 1 << 26, 1) };
    let second = if is_volume { tiled_3d(0, 0, 1, MACRO_TILE, MACRO_TILE, 2) } else { 4096 };
    scene.memory.write_u32(TEXTURE, 0xff00_0000);
    scene.memory.write_u32(TEXTURE + second, u32::MAX);
    let clamp = 2 << 10 | 2 << 13 | 2 << 16;
    let words = [
        2 | 1 << 31 | 1 << 22 | clamp,
        6 | 2 << 6 | info | TEXTURE,
        size,
        0x688 << 1 | planes | 2 << 23,
        slices,
        dimension << 9,
    ];
    for (i, word) in words.into_iter().enumerate() {
        scene.set(0x4806 + i as u32, word);
    }
}

/// Levels at eight depths, from one sixteenth of the texture on.
fn levels(is_volume: bool, planes: u32, slices: u32, before: &str, own: &str) -> Vec<u8> {
    let mut scene = Scene::new(80, 16, 0);
    bind(&mut scene, is_volume, planes, slices);
    let program = format!("{before}tfetch3D r0, r0.xyz, tf1{own}\nalloc colors\nmax oC0, r0, r0");
    scene.shader(1, &program);
    scene.constant(256, [0.0, 0.0, 4.0, 0.0]);
    for i in 0..8 {
        let x = i as f32 * 8.0;
        let depth = (i as f32 + 0.5) / 8.0;
        scene.vertices(&rectangle(x, 0.0, x + 8.0, 16.0, [0.5, 0.5, depth, 0.0]));
        scene.draw(8, 3);
    }
    let frame = scene.show();
    (0..8).map(|i| pixel(&frame, i * 8 + 4, 8)[0]).collect()
}

#[test]
fn slices_and_layers_have_a_separate_filter() {
    let hard = [0, 0, 0, 0, 255, 255, 255, 255];
    let soft = [0, 0, 32, 96, 159, 223, 255, 255];
    for is_volume in [false, true] {
        for (planes, slices, own, expected) in [
            (0, 0, "", hard),
            (LINEAR_PLANES, 0, "", hard),
            (0, 3, "", soft),
            (LINEAR_PLANES, 3, "", soft),
            // Magnified: the constant's first bit, or the instruction's filter.
            (LINEAR_PLANES, 1, "", soft),
            (LINEAR_PLANES, 2, "", hard),
            (0, 0, ", volmag=linear", soft),
            (0, 3, ", volmag=point", hard),
            (0, 0, ", mag=linear, min=linear, volmag=linear, volmin=linear", soft),
        ] {
            let found = levels(is_volume, planes, slices, "", own);
            let name = format!("volume {is_volume}, {planes:#x}, {slices}{own}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.abs_diff(expected) <= 2, "{name}: {found} for {expected}");
            }
        }
    }
}

#[test]
fn layers_are_minified_where_the_third_coordinate_changes_by_more_than_one() {
    let before = "max r5, c[0], c[0]\nsetGradientH r5.____, r5.xyz, tf1\n\
                  setGradientV r5.____, r5.xyz, tf1\n";
    for (slices, is_soft) in [(1, false), (2, true)] {
        let found = levels(false, 0, slices, before, ", reggrad");
        assert_eq!(found[2].abs_diff(32) <= 2, is_soft, "{slices}: {found:?}");
        assert_eq!(found[2] == 0, !is_soft, "{slices}: {found:?}");
    }
}
