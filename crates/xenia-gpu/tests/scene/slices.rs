//! Tests of the filter between slices of volumes and layers of stacks, which is independent of the
//! one within a plane.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::texture::layout::{MACRO_TILE, tiled_3d};

/// Fields of filters in a fetch constant, linear within a plane.
const LINEAR_PLANES: u32 = 1 << 19 | 1 << 21;

/// Textures with a third coordinate.
#[derive(Clone, Copy, Debug)]
enum Depths {
    Stack,
    Volume,
}

/// Sets fetch constant 1 to two texels behind each other, black and white.
fn bind(scene: &mut Scene, depths: Depths, planes: u32, slices: u32) {
    let (info, size, dimension) = match depths {
        Depths::Stack => (1 << 10, 1 << 26, 1),
        Depths::Volume => (0, 1 << 22, 2),
    };
    let second = match depths {
        Depths::Stack => 4096,
        Depths::Volume => tiled_3d(0, 0, 1, MACRO_TILE, MACRO_TILE, 2),
    };
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
    scene.texture(1, words);
}

/// Levels at eight depths, from one sixteenth of the texture on. The pixel shader begins with
/// `before`; `own` has the filters of its fetch.
fn levels(depths: Depths, planes: u32, slices: u32, before: &str, own: &str) -> Vec<u8> {
    let mut scene = Scene::new(80, 16, 0);
    bind(&mut scene, depths, planes, slices);
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
    for depths in [Depths::Stack, Depths::Volume] {
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
            let found = levels(depths, planes, slices, "", own);
            let is_near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 2);
            assert!(is_near, "{depths:?}, {planes:#x}, {slices}{own}: {found:?}, not {expected:?}");
        }
    }
}

#[test]
fn layers_are_minified_where_the_third_coordinate_changes_by_more_than_one() {
    let before = "max r5, c[0], c[0]\nsetGradientH r5.____, r5.xyz, tf1\n\
                  setGradientV r5.____, r5.xyz, tf1\n";
    for (slices, is_soft) in [(1, false), (2, true)] {
        let found = levels(Depths::Stack, 0, slices, before, ", reggrad");
        assert_eq!(found[2].abs_diff(32) <= 2, is_soft, "{slices}: {found:?}");
        assert_eq!(found[2] == 0, !is_soft, "{slices}: {found:?}");
    }
}
