//! Tests of multisampling: sample positions, and partial coverage.

use super::super::scene::*;

#[test]
pub(super) fn alpha_to_mask_draws_samples_in_proportion_to_alpha() {
    // Samples per pixel, offsets, alpha, and the fraction of samples drawn in pixels with x and y
    // even, y odd, x odd, and both odd.
    for (msaa, offsets, alpha, expected) in [
        (0, [0; 4], 1.0, [255, 255, 255, 255]),
        (0, [0; 4], 0.99, [0, 0, 0, 0]),
        (0, [0, 1, 2, 3], 0.6, [0, 0, 255, 255]),
        (1, [0; 4], 0.5, [128, 128, 128, 128]),
        (1, [0, 3, 0, 2], 0.75, [128, 255, 128, 255]),
        (2, [0; 4], 0.0, [0, 0, 0, 0]),
        (2, [0; 4], 0.6, [128, 128, 128, 128]),
        (2, [2, 0, 0, 0], 0.7, [191, 128, 128, 128]),
    ] {
        let mut scene = Scene::new(80, 16, msaa);
        let [a, b, c, d] = offsets;
        let control = RbColorcontrol::with().alpha_func(Compare::Always).alpha_to_mask_enable(true);
        let control = control.alpha_to_mask_offset0(a).alpha_to_mask_offset1(b);
        scene.write(control.alpha_to_mask_offset2(c).alpha_to_mask_offset3(d));
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [1.0, 0.0, 0.0, alpha]));
        scene.draw(8, 3);
        let frame = scene.show();
        let found = [(20, 6), (20, 7), (21, 6), (21, 7)].map(|(x, y)| pixel(&frame, x, y)[0]);
        assert_eq!(found, expected, "{msaa} {offsets:?} {alpha}");
    }
}

#[test]
pub(super) fn a_fast_clear_through_four_samples_fills_single_samples() {
    // Titles clear a 1x surface as a 4x one of half the size, whose samples are the same words.
    let mut scene = Scene::new(160, 64, 0);
    scene.write(surface(80, Msaa::X4));
    scene.scissor([0, 0, 80, 32]);
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 32.0, GREEN));
    scene.draw(8, 3);
    scene.write(surface(160, Msaa::X1));
    scene.scissor([0, 0, 160, 64]);
    let frame = scene.show();
    assert!(frame.rgba.chunks_exact(4).all(|pixel| pixel == [0, 255, 0, 255]));
}

#[test]
fn four_samples_lie_where_the_pixels_of_a_larger_surface_do() {
    let mut scene = Scene::new(80, 16, 2);
    // The right samples of pixel 8 and all of pixels 9 to 15.
    scene.vertices(&rectangle(8.5, 0.0, 16.0, 16.0, RED));
    scene.draw(8, 3);
    scene.write(surface(160, Msaa::X1));
    scene.width = 160;
    scene.scissor([0, 0, 160, 16]);
    let frame = scene.show();
    for x in 0..160 {
        // In blocks of four: the left samples of two pixels, then their right ones.
        let column = x / 4 * 2 + x % 2;
        let is_right = x / 2 % 2 == 1;
        let is_red = (9..16).contains(&column) || column == 8 && is_right;
        let expected = if is_red { 255 } else { 0 };
        assert_eq!(pixel(&frame, x, 3)[0], expected, "{x}");
    }
}

#[test]
fn without_multisampling_all_samples_are_those_of_the_centre() {
    // Samples lie 2, 6, 10 and 14 sixteenths into pixel 8, the centre 8.
    for (is_on, begin, expected) in
        [(true, 8.75, 64), (false, 8.75, 0), (true, 8.25, 191), (false, 8.25, 255)]
    {
        let mut scene = Scene::new(80, 16, 2);
        scene.write(PaSuScModeCntl::with().msaa_enable(is_on));
        scene.vertices(&rectangle(begin, 0.0, 16.0, 16.0, RED));
        scene.draw(8, 3);
        let red = pixel(&scene.show(), 8, 3)[0];
        assert!(red.abs_diff(expected) <= 1, "{is_on}, {begin}: {red}");
    }
}
