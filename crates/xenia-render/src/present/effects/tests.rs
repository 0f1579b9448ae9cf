//! Pixels of small frames, drawn with effects to a target of the frame's size.

use super::super::picture::{Painter, shader};
use super::*;
use crate::backend::device;

const SIDE: u32 = 16;

/// The pixels of a frame, drawn with an appearance.
fn drawn(device: &Device, frame: &[u8], appearance: &Appearance) -> Vec<[u8; 4]> {
    let wgpu = device.wgpu();
    let queue = device.queue();
    let shader = shader(wgpu);
    let painter = Painter::new(wgpu, &shader, PICTURE_FORMAT);
    let mut effects = Effects::new(wgpu, &shader, PICTURE_FORMAT, painter.samplers());
    let picture = painter.picture(wgpu, PixelSize::new(SIDE, SIDE));
    picture.write(queue, frame);
    let usage = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC;
    let target = texture(wgpu, "target", PixelSize::new(SIDE, SIDE), usage);
    let row = 256;
    let buffer = wgpu.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(row * SIDE),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = wgpu.create_command_encoder(&Default::default());
    effects.prepare(device, &mut encoder, &picture, appearance);
    let view = target.create_view(&Default::default());
    let mut pass = pass(&mut encoder, "test", &view);
    let at = Rectangle { x: 0, y: 0, width: SIDE, height: SIDE };
    effects.paint(wgpu, &mut pass, &picture, at, Filter::Linear);
    drop(pass);
    encoder.copy_texture_to_buffer(
        target.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None },
        },
        target.size(),
    );
    queue.submit([encoder.finish()]);
    buffer.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    wgpu.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let bytes = buffer.get_mapped_range(..).unwrap();
    let rows = bytes.chunks_exact(row as usize).map(|row| &row[..SIDE as usize * 4]);
    rows.flat_map(|row| row.chunks_exact(4).map(|pixel| pixel.try_into().unwrap())).collect()
}

/// A frame of grey levels by column and row.
fn frame(level: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let at = |i: u32| [level(i % SIDE, i / SIDE); 3];
    (0..SIDE * SIDE).map(at).flat_map(|[r, g, b]| [r, g, b, 255]).collect()
}

fn red(pixels: &[[u8; 4]], x: u32, y: u32) -> u8 {
    pixels[(y * SIDE + x) as usize][0]
}

#[test]
fn brightness_and_gamma_change_levels_and_leave_white() {
    device::tests::with_device(|device| {
        let steps = frame(|x, _| (x * 17) as u8);
        let plain = Appearance::default();
        let same = drawn(device, &steps, &plain);
        let double = drawn(device, &steps, &Appearance { brightness: 200, ..plain });
        let light = drawn(device, &steps, &Appearance { gamma: 200, ..plain });
        for x in 0..SIDE {
            let level = (x * 17) as u8;
            assert_eq!(red(&same, x, 3), level);
            assert_eq!(red(&double, x, 3), level.saturating_mul(2));
            let root = (f32::from(level) / 255.0).sqrt() * 255.0;
            assert!((f32::from(red(&light, x, 3)) - root).abs() <= 1.0, "{level}: {}", red(&light, x, 3));
        }
    });
}

#[test]
fn overscan_cuts_each_edge() {
    device::tests::with_device(|device| {
        // A white border of two pixels around grey.
        let inner = 2..SIDE - 2;
        let bordered = frame(|x, y| if inner.contains(&x) && inner.contains(&y) { 100 } else { 255 });
        let cut = drawn(device, &bordered, &Appearance { overscan: 20, ..Appearance::default() });
        assert!(cut.iter().all(|pixel| *pixel == [100, 100, 100, 255]), "{cut:?}");
    });
}

#[test]
fn sharpening_steepens_edges_and_leaves_flat_parts() {
    device::tests::with_device(|device| {
        let soft = frame(|x, _| [60, 60, 60, 60, 60, 60, 90, 120, 150, 180][x.min(9) as usize]);
        let sharp = drawn(device, &soft, &Appearance { sharpness: 100, ..Appearance::default() });
        // Darker before the slope, lighter behind it.
        assert!(red(&sharp, 5, 8) < 60 && red(&sharp, 9, 8) > 180, "{:?}", &sharp[128..144]);
        assert_eq!((red(&sharp, 2, 8), red(&sharp, 14, 8)), (60, 180));
        let all: u32 = (0..SIDE).map(|x| u32::from(red(&sharp, x, 8))).sum();
        let before: u32 = soft[..SIDE as usize * 4].chunks(4).map(|pixel| u32::from(pixel[0])).sum();
        assert!(all.abs_diff(before) < 12, "the mean stays: {all}, {before}");
    });
}

#[test]
fn stairs_are_smoothed_and_straight_edges_stay() {
    device::tests::with_device(|device| {
        let smooth = Appearance { smooths_edges: true, ..Appearance::default() };
        // An edge that falls by a pixel every four columns.
        let stairs = drawn(device, &frame(|x, y| if y < 6 + x / 4 { 255 } else { 0 }), &smooth);
        let mixed = stairs.iter().filter(|pixel| (20..236).contains(&pixel[0])).count();
        assert!((8..64).contains(&mixed), "{mixed} pixels of the edge are mixed");
        let upright = drawn(device, &frame(|x, _| if x < 8 { 0 } else { 255 }), &smooth);
        for x in (0..SIDE).filter(|x| !(7..=8).contains(x)) {
            assert_eq!(red(&upright, x, 8), if x < 8 { 0 } else { 255 }, "column {x}");
        }
    });
}
