//! The program's icon: the demo's torus knot on a dark tile, drawn at any size.
//!
//! This file depends on nothing else, since `cargo xtask package` draws the icons of packages with
//! it.

/// Side of the window's icon in pixels.
pub(crate) const WINDOW_ICON: u32 = 48;

/// Points of the knot's centre line.
const POINTS: u16 = 160;
/// Samples of a pixel in each direction.
const SAMPLES: u32 = 2;
/// Half the tube's width, in units of half the icon's side.
const TUBE: f32 = 0.135;
/// Half the width of the gap that parts a tube from those below it.
const GAP: f32 = 0.185;
/// Colours of the tile's top and bottom, and of the tube's two ends of the scale.
const TILE: [[f32; 3]; 2] = [[34.0, 44.0, 66.0], [14.0, 18.0, 30.0]];
const KNOT: [[f32; 3]; 2] = [[255.0, 176.0, 72.0], [72.0, 208.0, 196.0]];

fn mix([from, to]: [[f32; 3]; 2], share: f32) -> [f32; 3] {
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

/// The knot's centre line: points in the plane within -1 to 1, and their height.
fn line() -> Vec<[f32; 3]> {
    let point = |number| {
        let turn = f32::from(number) / f32::from(POINTS) * std::f32::consts::TAU;
        // As in the demo: twice around the torus, three times around its tube.
        let ring = 0.52 + 0.24 * (3.0 * turn).cos();
        [ring * (2.0 * turn).cos(), ring * (2.0 * turn).sin(), (3.0 * turn).sin()]
    };
    (0..POINTS).map(point).collect()
}

/// Place of the centre line that is near a pixel.
#[derive(Clone, Copy)]
struct Near {
    distance: f32,
    right: f32,
    height: f32,
}

/// Colour at a place within -1 to 1; `None` outside of the tile.
fn color(line: &[[f32; 3]], [x, y]: [f32; 2]) -> Option<[f32; 3]> {
    // The tile's corners are round.
    let [across, down] = [x, y].map(|place| (place.abs() - 0.6).max(0.0));
    if across.hypot(down) > 0.38 {
        return None;
    }
    let tile = mix(TILE, f32::midpoint(y, 1.0));
    let near = |at: usize| {
        let from = line[at % line.len()];
        let to = line[(at + 1) % line.len()];
        let along = [to[0] - from[0], to[1] - from[1]];
        let ahead = (x - from[0]) * along[0] + (y - from[1]) * along[1];
        let share = (ahead / (along[0] * along[0] + along[1] * along[1])).clamp(0.0, 1.0);
        let [right, below] = [0, 1].map(|axis| from[axis] + share * along[axis]);
        Near { distance: (x - right).hypot(y - below), right, height: from[2] + share * (to[2] - from[2]) }
    };
    // Where the distance along the line is least, the tube passes; the highest one is seen.
    let mut before = near(line.len() - 1);
    let mut here = near(0);
    let mut seen: Option<Near> = None;
    for at in 1..=line.len() {
        let next = near(at);
        let passes = here.distance < GAP && here.distance <= before.distance && here.distance < next.distance;
        if passes && seen.is_none_or(|seen| here.height > seen.height) {
            seen = Some(here);
        }
        before = here;
        here = next;
    }
    Some(seen.filter(|seen| seen.distance < TUBE).map_or(tile, |seen| {
        let bulge = (1.0 - (seen.distance / TUBE).powi(2)).sqrt();
        mix(KNOT, f32::midpoint(seen.right, 1.0)).map(|channel| channel * (0.45 + 0.55 * bulge))
    }))
}

/// The icon as rows of RGBA pixels, `side` by `side`, from the top.
pub(crate) fn icon(side: u32) -> Vec<u8> {
    let line = line();
    let steps = (side * SAMPLES) as f32;
    let mut pixels = Vec::with_capacity((side * side * 4) as usize);
    for place in 0..side * side {
        let left = place % side * SAMPLES;
        let top = place / side * SAMPLES;
        let samples = (0..SAMPLES * SAMPLES).filter_map(|sample| {
            let at = [left + sample % SAMPLES, top + sample / SAMPLES];
            color(&line, at.map(|step| (2.0 * step as f32 + 1.0) / steps - 1.0))
        });
        let mut sum = [0.0; 3];
        let mut count = 0.0_f32;
        for sample in samples {
            sum = [0, 1, 2].map(|channel| sum[channel] + sample[channel]);
            count += 1.0;
        }
        pixels.extend(sum.map(|channel| (channel / count.max(1.0)) as u8));
        pixels.push((255.0 * count / (SAMPLES * SAMPLES) as f32) as u8);
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_has_round_corners_and_a_knot() {
        let pixels = icon(WINDOW_ICON);
        let at = |x: u32, y: u32| &pixels[((y * WINDOW_ICON + x) * 4) as usize..][..4];
        assert_eq!(pixels.len(), (WINDOW_ICON * WINDOW_ICON * 4) as usize);
        assert_eq!(at(0, 0)[3], 0, "a corner");
        assert_eq!(at(WINDOW_ICON / 2, 2)[3], 255, "an edge");
        let bright = pixels.chunks(4).filter(|pixel| pixel[..3].iter().any(|&channel| channel > 120)).count();
        assert!((400..1400).contains(&bright), "{bright} pixels of the knot");
    }
}
