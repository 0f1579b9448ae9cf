//! Copies out of the EDRAM: what becomes of components, and what clears leave.

use crate::scene::*;

#[test]
fn gamma_targets_are_copied_as_linear_values() {
    let mut scene = Scene::new(80, 16, 0);
    scene.write(RbColorInfo::with().color_format(ColorTargetFormat::Rgba8Gamma));
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [1.0, 128.0 / 1023.0, 580.0 / 1023.0, 0.5]));
    scene.draw(8, 3);
    // Stored as 255, 96 and 200.
    assert_eq!(pixel(&scene.show(), 40, 8), [255, 32, 145, 128]);
}
