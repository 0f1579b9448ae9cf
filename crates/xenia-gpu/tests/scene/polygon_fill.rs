//! Tests of polygon fill modes and line widths.

use super::super::scene::*;

use PolygonFill::{Lines, Points, Triangles};

type Mode = With<PaSuScModeCntl>;

/// Fill modes of front and back faces; counterclockwise faces are front.
fn fills(front: PolygonFill, back: PolygonFill) -> Mode {
    PaSuScModeCntl::with().poly_mode(1).polymode_front_ptype(front).polymode_back_ptype(back)
}

/// Fill modes of front and back faces; clockwise faces are front.
fn clockwise(front: PolygonFill, back: PolygonFill) -> Mode {
    fills(front, back).face(true)
}

/// Draws a clockwise square from (8, 8) to (40, 24), through pixel centres, as a primitive.
fn draw(mode: Mode, primitive: u32, order: &[usize], change: impl Fn(&mut Scene)) -> xenia_gpu::Frame {
    let mut scene = Scene::new(80, 40, 0);
    scene.write(mode);
    scene.write(PaSuPointSize::with().width(16).height(32)); // two pixels wide, four high
    change(&mut scene);
    let corners = [(8.5, 8.5), (40.5, 8.5), (40.5, 24.5), (8.5, 24.5)];
    let list: Vec<_> = order.iter().map(|&i| vertex(corners[i].0, corners[i].1, RED)).collect();
    scene.vertices(&list);
    scene.draw(primitive, list.len() as u32);
    scene.show()
}

/// Pixels on the upper side, the left, the right, the lower, the diagonal, and inside.
const PLACES: [(u32, u32); 6] = [(20, 8), (8, 16), (40, 16), (20, 24), (24, 16), (30, 11)];

fn seen(frame: &xenia_gpu::Frame) -> [bool; 6] {
    PLACES.map(|(x, y)| pixel(frame, x, y)[0] == 255)
}

#[test]
pub(super) fn lines_are_drawn_where_a_polygon_has_its_border() {
    let border = [true, true, true, true, false, false];
    let diagonal = [true, true, true, true, true, false];
    for (name, primitive, order, expected) in [
        ("list", 4, vec![0, 1, 2, 0, 2, 3], diagonal),
        // The strip has the other diagonal, which has the same centre.
        ("strip", 6, vec![0, 1, 3, 2], diagonal),
        ("fan", 5, vec![0, 1, 2, 3], diagonal),
        ("quadrilaterals", 13, vec![0, 1, 2, 3], border),
        ("strip of quadrilaterals", 14, vec![0, 3, 1, 2], border),
        ("polygon", 15, vec![0, 1, 2, 3], border),
    ] {
        let frame = draw(clockwise(Lines, Lines), primitive, &order, |_| {});
        assert_eq!(seen(&frame), expected, "{name}");
        // One pixel wide.
        assert_eq!([7, 9].map(|y| pixel(&frame, 20, y)[0]), [0; 2], "{name}");
    }
}

#[test]
pub(super) fn each_face_is_filled_in_its_way() {
    // The right and lower sides lie on pixel centres, which they don't cover.
    let filled = [true, true, false, false, true, true];
    let none = [false; 6];
    let border = [true, true, true, true, false, false];
    let quad = [0, 1, 2, 3];
    for (name, mode, order, expected) in [
        ("front lines", clockwise(Lines, Triangles), quad, border),
        ("back lines", clockwise(Triangles, Lines), [3, 2, 1, 0], border),
        ("the other is filled", clockwise(Lines, Triangles), [3, 2, 1, 0], filled),
        ("turned", fills(Triangles, Lines), quad, border),
        ("front culled", clockwise(Lines, Lines).cull_front(true), quad, none),
        ("back culled", clockwise(Lines, Points).cull_back(true), quad, border),
        ("both filled", clockwise(Triangles, Triangles), quad, filled),
        ("a mode that is none", PaSuScModeCntl::with().face(true).poly_mode(2), quad, filled),
    ] {
        let frame = draw(mode, 13, &order, |_| {});
        assert_eq!(seen(&frame), expected, "{name}");
    }
}

#[test]
pub(super) fn points_lie_at_the_corners() {
    let frame = draw(clockwise(Points, Points), 13, &[0, 1, 2, 3], |_| {});
    for y in 0..40 {
        for x in 0..80 {
            // Pixel centres within one pixel to the left and right and two above and below,
            // inclusive at the start.
            let is_near = |corner: (f32, f32)| {
                let dx = x as f32 + 0.5 - corner.0;
                let dy = y as f32 + 0.5 - corner.1;
                (-1.0..1.0).contains(&dx) && (-2.0..2.0).contains(&dy)
            };
            let expected = [(8.5, 8.5), (40.5, 8.5), (40.5, 24.5), (8.5, 24.5)].into_iter().any(is_near);
            assert_eq!(pixel(&frame, x, y)[0] == 255, expected, "{x} {y}");
        }
    }
}

#[test]
pub(super) fn lines_have_the_width_of_the_register() {
    for (width, rows) in [(0, 1), (8, 1), (24, 3), (40, 5)] {
        for (primitive, order, mode) in
            [(2, vec![0, 1], PaSuScModeCntl::with()), (15, vec![0, 1, 2, 3], clockwise(Lines, Lines))]
        {
            let frame = draw(mode, primitive, &order, |scene| scene.write(PaSuLineCntl::with().width(width)));
            let first = 8 - rows / 2;
            for y in 0..16 {
                let expected = (first..first + rows).contains(&y);
                assert_eq!(pixel(&frame, 24, y)[0] == 255, expected, "{primitive} {width} {y}");
            }
        }
    }
}
