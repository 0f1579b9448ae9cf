//! Tests of clipping in front of the eye and at user clip planes.

use super::super::scene::*;

#[test]
pub(super) fn clip_planes_of_the_title_cut_or_take_away() {
    let draw = |control: With<PaClClipCntl>| {
        let mut scene = Scene::new(80, 16, 0);
        // Plane 1: x of at least 20; plane 5: x of at most 50. Plane 0, which is off, would clip
        // all.
        for (plane, values) in
            [(0, [0.0, 0.0, 0.0, -1.0]), (1, [1.0, 0.0, 0.0, -20.0]), (5, [-1.0, 0.0, 0.0, 50.0])]
        {
            scene.floats(PA_CL_UCP_0_X + plane * 4, &values);
        }
        scene.write(control.dx_clip_space_def(true));
        let mut vertices = rectangle(0.0, 0.0, 40.0, 16.0, RED).to_vec();
        vertices.extend(rectangle(30.0, 0.0, 80.0, 16.0, RED));
        scene.vertices(&vertices);
        scene.draw(4, 6);
        let frame = scene.show();
        // Coverage of two triangles, each the upper left half of a rectangle.
        [2, 19, 20, 49, 50, 70].map(|x| pixel(&frame, x, 1)[0] != 0)
    };
    let two = PaClClipCntl::with().ucp_ena_1(true).ucp_ena_5(true);
    let none = PaClClipCntl::with().ucp_ena_0(true);
    assert_eq!(draw(two), [false, false, true, true, false, false]);
    assert_eq!(draw(two.ucp_cull_only_ena(true)), [true; 6]);
    assert_eq!(draw(none.ucp_cull_only_ena(true)), [false; 6]);
    assert_eq!(draw(none.clip_disable(true)), [true; 6], "clipping is off");
}

/// Sets up Direct3D positions, clipping, and a viewport of 160 x 80 pixels.
fn clipped_to_a_viewport(scene: &mut Scene) {
    scene.write(PaClClipCntl::with().dx_clip_space_def(true));
    let scales = PaClVteCntl::with().vport_x_scale_ena(true).vport_y_scale_ena(true).vport_z_scale_ena(true);
    let all = scales.vport_x_offset_ena(true).vport_y_offset_ena(true).vport_z_offset_ena(true);
    scene.write(all.vtx_w0_fmt(true));
    scene.floats(PA_CL_VPORT_XSCALE, &[80.0, 80.0, -40.0, 40.0, 1.0, 0.0]);
}

#[test]
pub(super) fn perspective_and_clipping_in_front_of_the_eye() {
    let mut scene = Scene::new(160, 80, 0);
    clipped_to_a_viewport(&mut scene);
    scene.shader(
        0,
        "vfetch r1.xyzw, r0.x, vf0, format=38, stride=7, offset=0
         vfetch r2.xyz1, r0.x, vf0, format=57, stride=7, offset=4
         alloc position
         max oPos, r1, r1
         alloc interpolators 1
         max o0, r2, r2",
    );
    // A floor from w = 1 to w = 3, with one corner far behind the eye.
    let floor = |x: f32, w: f32, t: f32| [x, -w.min(1.0), 0.5 * w, w, t, 0.0, 0.0];
    scene.vertices(&[
        floor(-1.0, 1.0, 0.0),
        floor(1.0, 1.0, 0.0),
        floor(-3.0, 3.0, 1.0),
        floor(3.0, 3.0, 1.0),
    ]);
    scene.draw(6, 4);
    let frame = scene.show();
    // On the screen the floor spans y = 80 (w = 1) to 53.3 (w = 3); halfway, 1/w is 2/3 and so t is
    // ((0 * 1 + 1 * 1/3) / 2) / (2/3) = 1/4.
    let t = pixel(&frame, 80, 66)[0] as f32 / 255.0;
    assert!((t - 0.25).abs() < 0.02, "{t}");
    assert_eq!(pixel(&frame, 80, 50), [0; 4]);
    let mut behind = Scene::new(160, 80, 0);
    clipped_to_a_viewport(&mut behind);
    behind.shader(0, "vfetch r1.xyzw, r0.x, vf0, format=38, stride=7, offset=0\nalloc position\nmax oPos, r1, r1\nalloc interpolators 1\nmax o0.1111, r1, r1");
    let v = |x: f32, y: f32, w: f32| [x, y, 0.5 * w, w, 0.0, 0.0, 0.0];
    behind.vertices(&[v(-1.0, 0.0, 1.0), v(1.0, 0.0, 1.0), v(0.0, 4.0, -1.0)]);
    behind.draw(4, 3);
    let frame = behind.show();
    assert_eq!(pixel(&frame, 80, 20), [255; 4], "the visible part reaches up to the horizon");
    assert_eq!(pixel(&frame, 80, 60), [0; 4]);
}

#[test]
fn positions_too_far_apart_to_clip_draw_nothing_outside() {
    let mut scene = Scene::new(80, 32, 0);
    // Where the second edge meets the guard band, a float's error exceeds the band's width.
    let corners = [(1.0, 0.0), (2.0, 8.601_719e27), (3.0, -1.899_245e35)];
    scene.vertices(&corners.map(|(x, y)| vertex(x, y, RED)));
    scene.draw(4, 3);
    let frame = scene.show();
    let untouched = Scene::new(80, 32, 0).show();
    // Within the frame both long edges are vertical, at 1 and at 2.
    for (x, y) in (0..80).flat_map(|x| (0..32).map(move |y| (x, y))).filter(|(x, _)| *x != 1) {
        assert_eq!(pixel(&frame, x, y), pixel(&untouched, x, y), "{x}, {y}");
    }
}

#[test]
fn planes_of_the_title_clip_unless_clipping_is_off() {
    for off in [false, true] {
        let mut scene = Scene::new(80, 16, 0);
        scene.write(PaClClipCntl::with().dx_clip_space_def(true).ucp_ena_1(true).clip_disable(off));
        scene.floats(PA_CL_UCP_1_X, &[-1.0, 0.0, 0.0, 40.0]); // x is at most 40
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
        scene.draw(8, 3);
        let frame = scene.show();
        assert_eq!([39, 40].map(|x| pixel(&frame, x, 8)[0]), [255, if off { 255 } else { 0 }]);
    }
}
